"""Which version of the Docker Engine API a request is answered in."""

from functools import lru_cache

from statesvc.domain.api_version import NEWEST, OLDEST, Version, parse, render
from statesvc.errors import InvalidParameter, TooOld

NEWEST_TEXT, OLDEST_TEXT = render(NEWEST), render(OLDEST)


@lru_cache(maxsize=64)
def negotiated(text: str | None) -> Version:
    """Return the version that a path asks for, the newest if it names none.

    Raises TooOld or InvalidParameter outside the range.
    """
    if text is None or text == NEWEST_TEXT:
        return NEWEST
    version = parse(text)
    if version < OLDEST:
        raise TooOld(
            f"client version {text} is too old. Minimum supported API version is {OLDEST_TEXT}, "
            "please upgrade your client to a newer version"
        )
    if version > NEWEST:
        raise InvalidParameter(f"client version {text} is too new. Maximum supported API version is {NEWEST_TEXT}")
    return version
