"""Times as text. A time is an integer, nanoseconds since 1970 in UTC; None is Go's zero time."""

import re
from calendar import monthrange, timegm
from collections.abc import Callable
from functools import lru_cache
from time import gmtime, strftime

from statesvc.errors import InvalidParameter

Clock = Callable[[], int]

SECOND = 1_000_000_000
ZERO = "0001-01-01T00:00:00Z"
_400_YEARS = 146_097 * 24 * 3600

EPOCH = -62_135_596_800 * SECOND
"""Go's zero time."""
# As Go's time.Parse reads it: an hour may have one digit, a comma may stand for the point.
_RFC3339 = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)T(\d\d?):(\d\d):(\d\d)(?:[.,](\d{1,9})\d*)?(?:Z|([+-])(\d\d):(\d\d))", re.ASCII
)


def render(time: int | None) -> str:
    """Return the time as Go's RFC3339Nano: UTC, trailing zeros of the fraction cut."""
    if time is None:
        return ZERO
    seconds, fraction = divmod(time, SECOND)
    text = _second(seconds)
    return f"{text}.{fraction:09d}".rstrip("0") + "Z" if fraction else text + "Z"


@lru_cache(maxsize=1024)  # the same containers are inspected again and again
def _second(seconds: int) -> str:
    time = gmtime(seconds)
    return f"{time.tm_year:04}" + strftime("-%m-%dT%H:%M:%S", time)  # %Y has no leading zeros


def parse(text: str) -> int | None:
    """Return the time that an RFC 3339 text stands for, None for Go's zero time.

    Raises InvalidParameter for other texts, and for times that 64 bits of nanoseconds cannot hold.
    """
    time, year = parse_any(text), int(text[:4])
    if year == 1:
        return None
    if not EARLIEST <= time <= LATEST:
        raise InvalidParameter(f"{text!r} is not a time that 64 bits of nanoseconds can hold")
    return time


def parse_any(text: str) -> int:
    """Return the time that an RFC 3339 text stands for, however far away. Raises InvalidParameter for other texts."""
    match = _match(text)
    year, *parts = (int(part) for part in match.groups()[:6])
    # Python's calendar begins with the year 1; 400 years are always as long.
    seconds = timegm((year or 400, *parts)) - (0 if year else _400_YEARS) - 60 * _offset_minutes(match)
    return seconds * SECOND + int((match[7] or "0").ljust(9, "0"))


def in_own_zone(text: str) -> str:
    """Return an RFC 3339 text as Go writes it again: in its own time zone, trailing zeros of the fraction cut.

    Raises as `parse_any` does.
    """
    match = _match(text)
    year, month, day, hour, minute, second = match.groups()[:6]
    fraction = (match[7] or "").rstrip("0")
    offset = _offset_minutes(match)
    zone = f"{'-' if offset < 0 else '+'}{abs(offset) // 60:02}:{abs(offset) % 60:02}" if offset else "Z"
    return f"{year}-{month}-{day}T{hour:0>2}:{minute}:{second}{'.' if fraction else ''}{fraction}{zone}"


def _match(text: str) -> re.Match[str]:
    """Return the parts of an RFC 3339 text. Raises InvalidParameter for other texts, and for days that never were."""
    match = _RFC3339.fullmatch(text)
    if match is None:
        raise InvalidParameter(f"{text[:80]!r} is not a time: write it as 2006-01-02T15:04:05.999999999Z")
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    is_in_range = 1 <= month <= 12 and 1 <= day <= monthrange(year or 400, month)[1] and hour <= 23
    # Go lets an offset have 24 hours and 60 minutes, as some people write it so.
    is_zone = match[8] is None or (int(match[9]) <= 24 and int(match[10]) <= 60)
    if not (is_in_range and minute <= 59 and second <= 59 and is_zone):
        raise InvalidParameter(f"{text!r} is not a time: a part of it is out of its range")
    return match


def _offset_minutes(match: re.Match[str]) -> int:
    minutes = int(match[9]) * 60 + int(match[10]) if match[8] else 0
    return -minutes if match[8] == "-" else minutes


EARLIEST, LATEST = parse_any("1678-01-01T00:00:00Z"), parse_any("2261-12-31T23:59:59.999999999Z")
"""The times that can be recorded: of the whole years that 64 bits of nanoseconds hold."""


def human(duration: int) -> str:
    """Return a length of time in the words of `docker ps` (go-units' HumanDuration)."""
    seconds = int(duration / SECOND) if duration > 0 else 0
    minutes = seconds // 60
    if seconds < 60:
        return "Less than a second" if seconds < 1 else "1 second" if seconds == 1 else f"{seconds} seconds"
    if minutes < 60:
        return "About a minute" if minutes == 1 else f"{minutes} minutes"
    hours = int(duration / (3600 * SECOND) + 0.5)
    if hours < 48:
        return "About an hour" if hours == 1 else f"{hours} hours"
    if hours < 24 * 14:
        return f"{hours // 24} days"
    if hours < 24 * 60:
        return f"{hours // 24 // 7} weeks"
    if hours < 24 * 365 * 2:
        return f"{hours // 24 // 30} months"
    return f"{int(duration / (3600 * SECOND)) // 24 // 365} years"
