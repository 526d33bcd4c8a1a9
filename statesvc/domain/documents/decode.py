"""The one decoder of JSON bodies: bytes in, a document out, as Go's encoding/json reads them."""

import json
import math
import re
from collections.abc import Sequence
from itertools import accumulate
from typing import Any, NoReturn, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from statesvc.domain.documents.document import Document
from statesvc.domain.documents.fail_fast import failing_fast
from statesvc.domain.documents.fold import fold, object_of
from statesvc.domain.go.text import decode_utf8, replace_escapes
from statesvc.domain.limits import LIMITS, MIB
from statesvc.errors import InvalidParameter, Problem, TooLarge, pointer

D = TypeVar("D", bound=Document)

_SPACE = re.compile(r"[ \t\n\r]*")
_CONSTANT = re.compile(r'"(?:[^"\\]|\\.)*"|(-?Infinity|NaN)', re.DOTALL)
# What may stand at the end of a text that is cut off within a word or a number.
_CUT = re.compile(r"[ \t\n\r]*(?:-|\.|[eE][-+]?|t|tr|tru|f|fa|fal|fals|n|nu|nul)?\Z")
_LONGEST_INTEGER = 600  # digits; Python converts up to 4,300 by default, and its limit can be set as low as 640
_SHOWN_PROBLEMS = 5
# A string, or all that follows a quote that nothing closes. Possessive: what has matched is not tried again.
_STRING = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_BRACKETS = {"[": 1, "{": 1, "]": -1, "}": -1}
_NO_BRACKET = re.compile(r"[^\[\]{}]+")


def decode(model: type[D], body: bytes) -> D:
    """Return the document in a body.

    Raises InvalidParameter, with a problem for every value of the wrong type and every required field that is missing,
    and TooLarge for a document that would be long work. Of a large document each list and map has one problem only.
    """
    if len(body.strip()) > LIMITS.document_bytes:
        raise TooLarge(f"the JSON in the request body is larger than {LIMITS.document_bytes // MIB} MiB")
    text = replace_escapes(decode_utf8(body, LIMITS.document_repairs), LIMITS.document_repairs)
    is_large = _check_size(text)
    start = _end_of_space(text, 0)
    if start == len(text):
        raise InvalidParameter("invalid JSON: got EOF while reading request body")
    try:
        value, end = _scan(text, start)
    except RecursionError:
        raise _too_deep() from None
    document = decode_value(model, value, is_large=is_large)
    end = _end_of_space(text, end)
    # As in Docker: Go's Decoder.More() is false at a closing bracket.
    if end < len(text) and text[end] not in "]}":
        raise InvalidParameter("unexpected content after JSON")
    return document


def decode_value(model: type[D], value: object, *, is_large: bool = False) -> D:
    """Return the document in parsed JSON; null is the zero document. Raises InvalidParameter as `decode` does."""
    fields = fold(model, value) if isinstance(value, dict) else {} if value is None else value
    validator = failing_fast(model) if is_large else model.__pydantic_validator__
    try:
        return validator.validate_python(fields)  # type: ignore[no-any-return]
    except ValidationError as error:
        mistakes = error.errors(include_url=False)[: LIMITS.shown_problems]
        problems = tuple(_problem(model, details) for details in mistakes)
        raise InvalidParameter(_summary(problems, error.error_count()), problems) from None


def _check_size(text: str) -> bool:
    """Refuse a text of so many values, or so deep, that the work would be long; return whether it is a large one."""
    if _count(text) < LIMITS.document_depth:
        return False
    most = LIMITS.document_values
    bare, strings = _STRING.subn("", text, 2 * most + 2)  # a key and a value each
    count = strings // 2 if strings > 2 * most + 1 else _count(bare)
    # Of a text with too many values only the beginning is looked at, which is as long as that number.
    brackets = _NO_BRACKET.sub("", bare if count <= most else bare[:most])
    if max(accumulate(map(_BRACKETS.__getitem__, brackets)), default=0) > LIMITS.document_depth:
        raise _too_deep()
    if count > most:
        raise TooLarge(f"the request body has more than {most:,} values")
    return count > LIMITS.sampled_values


def _count(text: str) -> int:
    """Return about how many values a text of JSON has: each but the first stands behind one of these."""
    return text.count(",") + text.count("[") + text.count("{")


def _too_deep() -> InvalidParameter:
    return InvalidParameter(f"invalid JSON: nested too deeply: more than {LIMITS.document_depth} levels")


def _end_of_space(text: str, start: int) -> int:
    space = _SPACE.match(text, start)
    assert space is not None
    return space.end()


def _scan(text: str, start: int, *, long_integers: bool = False) -> tuple[Any, int]:
    decoder = _LONG_DECODER if long_integers else _DECODER
    try:
        return decoder.raw_decode(text, start)
    except json.JSONDecodeError as error:
        raise _syntax_error(text, error.msg, error.pos) from None
    except _NoConstantError:
        position = next(match.start(1) for match in _CONSTANT.finditer(text, start) if match[1])
        raise _syntax_error(text, "Expecting value", position) from None
    except ValueError:
        # An integer is too long for Python. Reading every integer by a function is slower, hence only on a second try.
        return _scan(text, start, long_integers=True)


class _NoConstantError(Exception):
    """The text has NaN or Infinity, which Python's decoder would accept."""


def _refuse_constant(_constant: str) -> NoReturn:
    raise _NoConstantError


def _long_integer(digits: str) -> int | float:
    # Infinity is refused as an integer, as the number itself would be.
    return int(digits) if len(digits) < _LONGEST_INTEGER else math.inf


_DECODER = json.JSONDecoder(object_pairs_hook=object_of, parse_constant=_refuse_constant)
_LONG_DECODER = json.JSONDecoder(object_pairs_hook=object_of, parse_constant=_refuse_constant, parse_int=_long_integer)


_REASONS = {
    "Expecting value": "no value",
    "Expecting property name enclosed in double quotes": "no key in double quotes",
    "Illegal trailing comma before end of object": "no key after the comma",
    "Illegal trailing comma before end of array": "no value after the comma",
    "Expecting ':' delimiter": "no colon",
    "Expecting ',' delimiter": "no comma",
    "Invalid control character at": "control character in a string",
    "Invalid \\escape": "invalid escape in a string",
    "Invalid \\uXXXX escape": "invalid escape in a string",
}


def _syntax_error(text: str, reason: str, position: int) -> InvalidParameter:
    line = text.count("\n", 0, position) + 1
    place = f"line {line}, column {position - text.rfind(chr(10), 0, position)}"
    if reason.startswith("Unterminated string") or _CUT.match(text, position):
        return InvalidParameter(f"invalid JSON: unexpected end of the text after {place}")
    return InvalidParameter(f"invalid JSON: {_REASONS.get(reason, 'syntax error')} at {place}")


def _problem(model: type[Document], details: ErrorDetails) -> Problem:
    path = details["loc"][1:] if details["loc"] and details["loc"][0] in model.EMBEDDED else details["loc"]
    field = pointer(*path)
    if details["type"] in {"missing", "rule"}:  # the document's own, not that of a type
        rule = details.get("ctx", _REQUIRED)
        message = f"{'.'.join(map(str, path))}: {rule['sentence']}"
        return Problem(rule["code"], field, message, rule["value"])
    expected, found = _expected(details), details["input"]
    number = isinstance(found, int | float) and "integer" in expected
    shown = _shown(found) if number and not isinstance(found, bool) else _KINDS.get(type(found), "an object")
    message = f"{field or 'the body'}: expected {expected}, found {shown}"
    # Any other value may be a secret in the wrong place.
    return Problem("type", field, message, found if number and -(2**63) <= found < 2**63 else None)


_KINDS = {
    str: "a string",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    list: "an array",
    type(None): "null",
}
_REQUIRED: dict[str, Any] = {"code": "required", "sentence": "it is required", "value": None}
_EXPECTED = {
    "string_type": "a string",
    "string_unicode": "a string of Unicode characters",
    "int_type": "an integer",
    "int_from_float": "an integer",
    "bool_type": "a boolean",
    "list_type": "an array",
    "dict_type": "an object",
    "model_type": "an object",
}


def _expected(details: ErrorDetails) -> str:
    limits = details.get("ctx", {})
    if "ge" in limits:
        return f"an integer of at least {limits['ge']}"
    if "le" in limits:
        return f"an integer of at most {limits['le']}"
    return _EXPECTED.get(details["type"], "another type")


def _shown(number: float) -> str:
    if isinstance(number, int):
        return f"the number {number}" if number.bit_length() <= 128 else "a number beyond 128 bits"
    return f"the number {number!r}" if math.isfinite(number) else "a number that is too large"


def _summary(problems: Sequence[Problem], count: int) -> str:
    shown = problems[:_SHOWN_PROBLEMS]
    text = "; ".join(problem.message for problem in shown)
    start = "invalid JSON: " if any(problem.code == "type" for problem in shown) else ""
    return f"{start}{text}" + (f"; and {count - len(shown)} more" if count > len(shown) else "")
