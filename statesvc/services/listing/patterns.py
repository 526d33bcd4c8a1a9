"""Regular expressions from clients' filters, matched as Docker matches them (moby api/types/filters Match)."""

import re2

from statesvc.domain.filters import Filters
from statesvc.domain.limits import LIMITS
from statesvc.errors import InvalidParameter

# What a client's pattern may take once it is compiled: a larger one takes a tenth of a second to compile.
_MOST_BYTES = 256 * 1024
_USUAL_BYTES = 8 * 1024 * 1024


def options(most_bytes: int = _MOST_BYTES) -> re2.Options:
    """Return the options to compile a client's pattern with: it is refused if it would take more bytes."""
    made = re2.Options()
    made.log_errors = False
    made.max_mem = most_bytes
    return made


def refuse_many(key: str, patterns: int) -> None:
    """Raise InvalidParameter for more patterns than a request may have in one filter."""
    if patterns > LIMITS.filter_patterns:
        raise InvalidParameter(
            f"invalid filter '{key}': more than {LIMITS.filter_patterns} patterns cannot be asked for at once"
        )


class Patterns:
    """Several patterns, at least one of which has to match. A text that Go cannot compile matches nothing.

    One of `words`, any number of texts without characters that mean something in a pattern, is as good as a pattern.
    """

    def __init__(self, texts: tuple[str, ...], words: tuple[str, ...] = ()) -> None:
        self._compiled = [pattern for text in texts if (pattern := _compiled(text, _OPTIONS))]
        if words and (pattern := _compiled("|".join(words), _OF_WORDS)):
            self._compiled.append(pattern)

    @classmethod
    def asked(cls, filters: Filters, key: str) -> "Patterns | None":
        """Return the patterns of a filter, None if it has none. Raises InvalidParameter for too many."""
        texts = filters.get(key, ())
        refuse_many(key, len(texts))
        return cls(texts) if texts else None

    def find(self, *texts: str) -> bool:
        """Return whether any pattern matches somewhere in any of the texts."""
        for pattern in self._compiled:
            for text in texts:
                if pattern.search(text):
                    return True
        return False


_OPTIONS, _OF_WORDS = options(), options(_USUAL_BYTES)


def _compiled(text: str, chosen: re2.Options) -> "re2._Regexp | None":
    # RE2, as in Go: a client's pattern must not take exponential time and block all other requests.
    try:
        return re2.compile(text, chosen)
    except (re2.error, UnicodeError):
        return None
