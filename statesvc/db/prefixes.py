"""Searching IDs by their beginning, as a range that an index serves: `id >= :prefix AND id < :after`."""

BEHIND_DIGITS = "g"
"""What follows the hexadecimal digits, which end at f."""


def after(prefix: str) -> str:
    """Return the first text behind every hexadecimal ID that begins with the prefix."""
    return prefix + BEHIND_DIGITS
