"""Patterns of clients, searched as Docker's filters search them (moby api/types/filters Match)."""

import re2

_QUIET = re2.Options()
_QUIET.log_errors = False


class Patterns:
    """Some patterns, of which one has to be found. Nothing is found in what is no pattern to Go."""

    def __init__(self, texts: tuple[str, ...]) -> None:
        self._compiled = [pattern for text in texts if (pattern := _compiled(text))]

    def find(self, *texts: str) -> bool:
        """Say whether one of the patterns is found in one of the texts."""
        for pattern in self._compiled:
            for text in texts:
                if pattern.search(text):
                    return True
        return False


def _compiled(text: str) -> "re2._Regexp | None":
    # RE2, as in Go: a pattern of a client must not take exponential time, and hold up everybody.
    try:
        return re2.compile(text, _QUIET)
    except (re2.error, UnicodeError):
        return None
