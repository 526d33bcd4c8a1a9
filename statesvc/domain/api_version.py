"""Versions of the Docker Engine API: those that are spoken, as numbers and as text."""

Version = tuple[int, ...]

OLDEST: Version = (1, 24)
NEWEST: Version = (1, 45)


def parse(text: str) -> Version:
    """Return a version as numbers that compare as Docker's do: `1.045` is 1.45, an empty or odd part is 0."""
    return tuple(int(part) if part.isdecimal() and len(part) < 10 else 0 for part in text.split("."))


def render(version: Version) -> str:
    """Return a version as text: `1.45`."""
    return ".".join(map(str, version))
