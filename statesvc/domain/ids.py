"""Container IDs: 64 hexadecimal digits, shortened to 12."""

import re
from collections.abc import Callable

Entropy = Callable[[int], bytes]

_FULL = re.compile(r"[0-9a-f]{64}")


def new_id(entropy: Entropy) -> str:
    """Return a new ID.

    Its short form is never all digits: as a host name it would be read as a number (moby's stringid).
    """
    while True:
        candidate = entropy(32).hex()
        if not candidate[:12].isdigit():
            return candidate


def short(container_id: str) -> str:
    """Return the first 12 digits."""
    return container_id[:12]


def is_full(text: str) -> bool:
    """Return whether the text is a full ID."""
    return _FULL.fullmatch(text) is not None
