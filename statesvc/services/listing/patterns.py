"""Regular expressions from clients' filters, matched as Docker matches them (moby api/types/filters Match)."""

import re2

_QUIET = re2.Options()
_QUIET.log_errors = False


class Patterns:
    """Several patterns, at least one of which has to match. A text that Go cannot compile matches nothing."""

    def __init__(self, texts: tuple[str, ...]) -> None:
        self._compiled = [pattern for text in texts if (pattern := _compiled(text))]

    def find(self, *texts: str) -> bool:
        """Return whether any pattern matches somewhere in any of the texts."""
        for pattern in self._compiled:
            for text in texts:
                if pattern.search(text):
                    return True
        return False


def _compiled(text: str) -> "re2._Regexp | None":
    # RE2, as in Go: a client's pattern must not take exponential time and block all other requests.
    try:
        return re2.compile(text, _QUIET)
    except (re2.error, UnicodeError):
        return None
