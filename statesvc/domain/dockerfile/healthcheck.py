"""The HEALTHCHECK instruction: its command and its flags become the Healthcheck of a configuration.

The rules and sentences are those of BuildKit's frontend/dockerfile/instructions and of Go's time.ParseDuration.
"""

from collections.abc import Mapping
from typing import Any

from statesvc.domain.dockerfile.lines import Instruction
from statesvc.domain.go.values import parse_duration, parse_int
from statesvc.errors import InvalidParameter

_DURATION_FLAGS = {
    "interval": "Interval",
    "timeout": "Timeout",
    "start-period": "StartPeriod",
    "start-interval": "StartInterval",
}
_MINIMUM = 1_000_000


def healthcheck(instruction: Instruction) -> dict[str, Any]:
    """Return the Healthcheck in Docker's field names, without zero values. Raises InvalidParameter."""
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
    """Return the values of an instruction's flags. Raises InvalidParameter for an unknown, repeated or empty flag."""
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
    try:
        retries = parse_int(text, 32) if text else 0
    except ValueError as error:
        raise InvalidParameter(str(error)) from None
    if retries < 0:
        raise InvalidParameter(f"--retries cannot be negative ({retries})")
    return retries


def _interval(name: str, text: str) -> int:
    try:
        duration = parse_duration(text) if text else 0
    except ValueError as error:
        raise InvalidParameter(str(error)) from None
    if duration and duration < _MINIMUM:
        raise InvalidParameter(f'Interval "{name}" cannot be less than 1ms')
    return duration
