"""Versions of the Docker Engine API: those that are spoken, as numbers and as text."""

Version = tuple[int, ...]

OLDEST: Version = (1, 24)
NEWEST: Version = (1, 51)


def parse(text: str) -> Version:
    """Return a version as numbers that compare as Docker's do: `1.045` and `1.45.0` are 1.45, an odd part is 0."""
    parts = [int(part) if part.isdecimal() and len(part) < 10 else 0 for part in text.split(".")]
    while parts[1:] and not parts[-1]:
        del parts[-1]
    return tuple(parts)


def render(version: Version) -> str:
    """Return a version as text: `1.45`."""
    return ".".join(map(str, version))
