"""A point in time as Docker's filters take it: a duration before now, a date, a time, or seconds since 1970.

Source: moby api/types/time GetTimestamp. What names no time zone is in UTC here, the zone of Docker's server there.
"""

import re
from calendar import monthrange, timegm

from statesvc.domain.go.values import parse_duration, quote
from statesvc.domain.times import SECOND
from statesvc.errors import InvalidParameter

_SECONDS = re.compile(r"([+-]?\d{1,11})(?:\.(\d{1,18}))?", re.ASCII)
_DATE = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)(?:T(\d\d)(?::(\d\d)(?::(\d\d)(?:\.(\d{1,9})\d*)?)?)?)?(?:Z|([+-])(\d\d):(\d\d))?", re.ASCII
)


def parse(text: str, now: int) -> int:
    """Return the nanoseconds since 1970 that a text means. Raises InvalidParameter for a text that means no time."""
    try:
        # As Docker does: a duration counts back from now, and what is left of a second is cut off.
        return _held((now - parse_duration(text)) // SECOND * SECOND) if text != "0" else 0
    except ValueError:
        pass
    # A minus means a date to Docker.
    if "-" not in text and (seconds := _SECONDS.fullmatch(text)):
        return _held(int(seconds[1]) * SECOND + int((seconds[2] or "").ljust(9, "0")[:9]))
    date = _DATE.fullmatch(text)
    time = _time(date) if date else None
    if time is None:
        raise InvalidParameter(f"failed to parse value as time or duration: {quote(text)}")
    return time


def _time(date: re.Match[str]) -> int | None:
    year, month, day, hour, minute, second = (int(part or 0) for part in date.groups()[:6])
    if not (
        1 <= month <= 12
        and 1 <= day <= monthrange(year or 4, month)[1]
        and hour <= 23
        and minute <= 59
        and second <= 59
    ):
        return None
    if not 1678 <= year <= 2261:  # 64 bits of nanoseconds hold no more
        return None
    offset = (int(date[9]) * 3600 + int(date[10]) * 60) * (-1 if date[8] == "+" else 1) if date[8] else 0
    return (timegm((year, month, day, hour, minute, second)) + offset) * SECOND + int((date[7] or "").ljust(9, "0"))


def _held(time: int) -> int:
    """Return the time, or the nearest that 64 bits of nanoseconds can hold."""
    return max(-(2**63), min(time, 2**63 - 1))
