"""The versions of the Docker Engine API that are spoken."""

from functools import lru_cache

from statesvc.errors import InvalidParameter

NEWEST = "1.45"
OLDEST = "1.24"

Version = tuple[int, ...]


def parse(text: str) -> Version:
    """Return a version as numbers that compare as Docker's do: `1.045` is 1.45, an empty or odd part is 0."""
    return tuple(int(part) if part.isdecimal() and len(part) < 10 else 0 for part in text.split("."))


CURRENT = parse(NEWEST)
_OLDEST = parse(OLDEST)


@lru_cache(maxsize=64)
def negotiated(text: str | None) -> Version:
    """Return the version that a path asks for, the newest if it names none.

    Raises InvalidParameter outside the range.
    """
    if text is None or text == NEWEST:
        return CURRENT
    version = parse(text)
    if version < _OLDEST:
        raise InvalidParameter(
            f"client version {text} is too old. Minimum supported API version is {OLDEST}, "
            "please upgrade your client to a newer version"
        )
    if version > CURRENT:
        raise InvalidParameter(f"client version {text} is too new. Maximum supported API version is {NEWEST}")
    return version
