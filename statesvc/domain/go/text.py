"""Text and JSON as Go reads and writes them (encoding/json).

Go has no invalid text: each byte that is not UTF-8 and each half of a surrogate pair becomes U+FFFD.
"""

import json
import re
import sys
from typing import Any, NoReturn

from statesvc.errors import InvalidParameter

_SURROGATE = re.compile("[\ud800-\udfff]")
# A pair of escaped surrogates, one that stands alone (group 1), or any other escape.
_ESCAPE = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(u[dD][89a-fA-F][0-9a-fA-F]{2})|.)", re.DOTALL
)


def replace_surrogates(text: str, most: int = sys.maxsize) -> str:
    """Return the text with U+FFFD for each half of a surrogate pair. Raises InvalidParameter for more than `most`."""
    replaced, count = _SURROGATE.subn("\ufffd", text, most + 1 if most < sys.maxsize else 0)
    if count > most:
        raise InvalidParameter(f"invalid JSON: more than {most:,} bytes of it are not UTF-8")
    return replaced


def decode_utf8(raw: bytes, most: int = sys.maxsize) -> str:
    """Return the text in these bytes. Raises InvalidParameter if more than `most` are not UTF-8."""
    try:
        return raw.decode()
    except UnicodeDecodeError:
        # One replacement for each wrong byte, as in Go; Python's own "replace" takes several bytes together.
        return replace_surrogates(raw.decode("utf-8", "surrogateescape"), most)


def replace_escapes(text: str, most: int = sys.maxsize) -> str:
    r"""Return a text of JSON with \ufffd for each escaped half of a surrogate pair.

    Raises InvalidParameter if it has more than `most` halves.
    """
    if "\\u" not in text:
        return text
    halves = 0

    def replaced(escape: re.Match[str]) -> str:
        nonlocal halves
        if not escape[1]:
            return escape[0]
        halves += 1
        if halves > most:
            raise InvalidParameter(f"invalid JSON: more than {most:,} halves of surrogate pairs stand alone in it")
        return "\\ufffd"

    return _ESCAPE.sub(replaced, text)


def loads(text: str) -> Any:
    """Return the value in a text of JSON. Raises ValueError for anything else, RecursionError if it is too deep."""
    return json.loads(replace_escapes(text), parse_constant=refuse_constant)


def refuse_constant(name: str) -> NoReturn:
    """Raise ValueError for NaN and Infinity, which Python's decoder would take (its `parse_constant`)."""
    raise ValueError(f"{name} is no JSON value")


def dumps(value: object) -> bytes:
    """Return JSON without spaces, in UTF-8, the characters that matter to HTML escaped."""
    text = replace_surrogates(json.dumps(value, ensure_ascii=False, separators=(",", ":")))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text.encode()
