"""The HEALTHCHECK instruction: its command and its flags become the Healthcheck of a configuration.

The rules and sentences are those of BuildKit's frontend/dockerfile/instructions and of Go's time.ParseDuration.
"""

import re
from collections.abc import Mapping
from typing import Any

from statesvc.domain.dockerfile.lines import Instruction
from statesvc.errors import InvalidParameter

_DURATION_FLAGS = {
    "interval": "Interval",
    "timeout": "Timeout",
    "start-period": "StartPeriod",
    "start-interval": "StartInterval",
}
_UNITS = {
    "ns": 1,
    "us": 1_000,
    "\u00b5s": 1_000,
    "\u03bcs": 1_000,
    "ms": 1_000_000,
    "s": 1_000_000_000,
    "m": 60_000_000_000,
    "h": 3_600_000_000_000,
}
_MINIMUM = 1_000_000
_PART = re.compile(r"([0-9]*)(\.[0-9]*)?([^0-9.]*)")


def healthcheck(instruction: Instruction) -> dict[str, Any]:
    """The Healthcheck in Docker's field names, without what is zero. Raises InvalidParameter."""
    if not instruction.args:
        raise InvalidParameter("HEALTHCHECK requires at least one argument")
    kind, command = instruction.args[0].upper(), list(instruction.args[1:])
    if kind == "NONE":
        if command:
            raise InvalidParameter("HEALTHCHECK NONE takes no arguments")
        return {"Test": ["NONE"]}
    flags = read_flags(instruction, (*_DURATION_FLAGS, "retries"))
    if kind != "CMD":
        raise InvalidParameter(f'Unknown type "{kind}" in HEALTHCHECK (try CMD)')
    if not command:
        raise InvalidParameter("Missing command after HEALTHCHECK CMD")
    times = {field: _interval(name, flags.get(name, "")) for name, field in _DURATION_FLAGS.items()}
    check = {"Test": ["CMD" if instruction.is_json else "CMD-SHELL", *command], **times, "Retries": _retries(flags)}
    return {field: value for field, value in check.items() if value}


def read_flags(instruction: Instruction, known: tuple[str, ...] = ()) -> dict[str, str]:
    """The values of an instruction's flags. Raises InvalidParameter for unknown, repeated and empty-handed ones."""
    flags: dict[str, str] = {}
    for flag in instruction.flags:
        name, equals, value = flag.removeprefix("--").partition("=")
        if name not in known:
            raise InvalidParameter(f"unknown flag: {name}")
        if name in flags:
            raise InvalidParameter(f"duplicate flag specified: {name}")
        if not equals:
            raise InvalidParameter(f"missing a value on flag: {name}")
        flags[name] = value
    return flags


def _retries(flags: Mapping[str, str]) -> int:
    text = flags.get("retries", "")
    if not text:
        return 0
    if not re.fullmatch(r"[+-]?[0-9]+", text):
        raise InvalidParameter(f'strconv.ParseInt: parsing "{text}": invalid syntax')
    retries = int(text) if len(text.lstrip("+-0")) <= 10 else 2**31
    if not -(2**31) <= retries < 2**31:
        raise InvalidParameter(f'strconv.ParseInt: parsing "{text}": value out of range')
    if retries < 0:
        raise InvalidParameter(f"--retries cannot be negative ({retries})")
    return retries


def _interval(name: str, text: str) -> int:
    duration = _duration(text) if text else 0
    if duration and duration < _MINIMUM:
        raise InvalidParameter(f'Interval "{name}" cannot be less than 1ms')
    return duration


def _duration(text: str) -> int:
    """Nanoseconds of a duration like `1h30m` or `1.5s`; fractions of a nanosecond are dropped."""
    unsigned = text[1:] if text[0] in "+-" else text
    if unsigned == "0":
        return 0
    if not unsigned or len(unsigned) > 100:
        raise InvalidParameter(f'time: invalid duration "{text}"')
    total, position = 0, 0
    while position < len(unsigned):
        match = _PART.match(unsigned, position)
        assert match is not None, "every part of the pattern may be empty"
        total += _part(match, text)
        position = match.end()
    if total >= 2**63:
        raise InvalidParameter(f'time: invalid duration "{text}"')
    return -total if text.startswith("-") else total


def _part(match: re.Match[str], text: str) -> int:
    whole, fraction, unit = match[1], (match[2] or "")[1:], match[3]
    if not whole and not fraction:
        raise InvalidParameter(f'time: invalid duration "{text}"')
    if not unit:
        raise InvalidParameter(f'time: missing unit in duration "{text}"')
    if unit not in _UNITS:
        raise InvalidParameter(f'time: unknown unit "{unit}" in duration "{text}"')
    scale = _UNITS[unit]
    beyond: int = int(fraction or "0") * scale // 10 ** len(fraction)
    return int(whole or "0") * scale + beyond
