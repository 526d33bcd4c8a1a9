"""Values in texts, read as Go's strconv and time and docker/go-units read them, with their error messages."""

import re

_INT_MAX = 2**63 - 1
_BOOLS = {
    **dict.fromkeys(("1", "t", "T", "TRUE", "true", "True"), True),
    **dict.fromkeys(("0", "f", "F", "FALSE", "false", "False"), False),
}
_FLOAT = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_HEX_FLOAT = re.compile(r"[+-]?0[xX](?:[0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)[pP][+-]?[0-9]+")
_SIZE_UNITS = {"k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40, "p": 2**50}
_TIME_UNITS = {
    "ns": 1, "us": 10**3, "\u00b5s": 10**3, "\u03bcs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9,
    "h": 3600 * 10**9,
}  # fmt: skip
_TIME_PART = re.compile(r"([0-9]*)(\.[0-9]*)?([^0-9.]*)")
_ESCAPES = {
    '"': '\\"', "\\": "\\\\", "\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v",
}  # fmt: skip


def quote(text: str) -> str:
    """Return the text as Go's %q shows it."""
    return f'"{"".join(map(_escaped, text))}"'


def _escaped(character: str) -> str:
    if character.isprintable() and character not in '"\\':
        return character
    code = ord(character)
    if code < 0x80:
        return _ESCAPES.get(character, f"\\x{code:02x}")
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def atoi(text: str) -> int:
    """Return a decimal number of 64 bits, with or without a sign. Raises ValueError in Go's words."""
    return _integer("Atoi", text, r"[+-]?[0-9]+", -_INT_MAX - 1, _INT_MAX)


def parse_int(text: str, bits: int) -> int:
    """Return a decimal number, with or without a sign, of so many bits. Raises ValueError in Go's words."""
    return _integer("ParseInt", text, r"[+-]?[0-9]+", -(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


def parse_uint(text: str, bits: int) -> int:
    """Return a decimal number without a sign. Raises ValueError in Go's words."""
    return _integer("ParseUint", text, r"[0-9]+", 0, 2**bits - 1)


def _integer(function: str, text: str, form: str, low: int, high: int) -> int:
    if not re.fullmatch(form, text):
        raise ValueError(f"strconv.{function}: parsing {quote(text)}: invalid syntax")
    # A number with more digits than any limit has is not converted: Python would refuse it, or take long.
    if len(text.lstrip("+-0")) > 20 or not low <= int(text) <= high:
        raise ValueError(f"strconv.{function}: parsing {quote(text)}: value out of range")
    return int(text)


def is_bool(text: str) -> bool:
    """Return whether `parse_bool` reads the text."""
    return text in _BOOLS


def parse_bool(text: str) -> bool:
    """Return the boolean that a text means. Raises ValueError in Go's words."""
    if text not in _BOOLS:
        raise ValueError(f"strconv.ParseBool: parsing {quote(text)}: invalid syntax")
    return _BOOLS[text]


def parse_duration(text: str) -> int:
    """Return the nanoseconds of a duration such as `1h30m` or `1.5s`. Raises ValueError in Go's words."""
    unsigned = text[1:] if text[:1] in {"+", "-"} else text
    if unsigned == "0":
        return 0
    if not unsigned or len(unsigned) > 100:
        raise ValueError(f"time: invalid duration {quote(text)}")
    total, position = 0, 0
    while position < len(unsigned):
        part = _TIME_PART.match(unsigned, position)
        assert part is not None, "every part of the pattern may be empty"
        total += _time_part(part, text)
        position = part.end()
    if total > _INT_MAX:
        raise ValueError(f"time: invalid duration {quote(text)}")
    return -total if text.startswith("-") else total


def _time_part(part: re.Match[str], text: str) -> int:
    whole, fraction, unit = part[1], (part[2] or "")[1:], part[3]
    if not whole and not fraction:
        raise ValueError(f"time: invalid duration {quote(text)}")
    if not unit:
        raise ValueError(f"time: missing unit in duration {quote(text)}")
    if unit not in _TIME_UNITS:
        raise ValueError(f"time: unknown unit {quote(unit)} in duration {quote(text)}")
    scale = _TIME_UNITS[unit]
    beyond: int = int(fraction or "0") * scale // 10 ** len(fraction)
    return int(whole or "0") * scale + beyond


def ram_in_bytes(text: str) -> int:
    """Return the bytes of a size such as `1m` or `0.5 GiB` (go-units RAMInBytes). Raises ValueError in its words."""
    split = max(text.rfind(character) for character in "0123456789. ")
    if split == -1:
        raise ValueError(f"invalid size: '{text}'")
    number, suffix = text[: split + 1], text[split + 1 :]
    size = _float(number.removesuffix(" "))
    if size < 0:
        raise ValueError(f"invalid size: '{text}'")
    size *= _size_unit(suffix)
    # Go converts a float that is too large for an int64 to the smallest int64.
    return int(size) if size <= _INT_MAX else -_INT_MAX - 1


def _float(text: str) -> float:
    if _FLOAT.fullmatch(text):
        value = float(text)
    elif _HEX_FLOAT.fullmatch(text):
        value = _hex_float(text)
    else:
        raise ValueError(f"strconv.ParseFloat: parsing {quote(text)}: invalid syntax")
    if value in {float("inf"), float("-inf")}:
        raise ValueError(f"strconv.ParseFloat: parsing {quote(text)}: value out of range")
    return value


def _hex_float(text: str) -> float:
    try:
        return float.fromhex(text)
    except OverflowError:
        return float("inf")


def _size_unit(suffix: str) -> int:
    unit = suffix.lower() if len(suffix) <= 3 else "?"
    if unit in {"", "b"}:
        return 1
    if unit[0] not in _SIZE_UNITS or unit[1:] not in {"", "b", "ib"}:
        raise ValueError(f"invalid suffix: '{suffix if len(suffix) > 3 else suffix.lower()}'")
    return _SIZE_UNITS[unit[0]]
