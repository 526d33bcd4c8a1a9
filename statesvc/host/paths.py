"""Which paths exist on this machine."""

from collections.abc import Iterable
from pathlib import Path


def existing(asked: Iterable[str]) -> frozenset[str]:
    """Return those of the paths that exist; one that cannot be looked at counts as missing. May block on slow disks."""
    return frozenset(path for path in asked if _exists(path))


def _exists(path: str) -> bool:
    try:
        Path(path).stat()
    except (OSError, ValueError):
        return False
    return True
