"""Lists of CPUs and memory nodes: `0-3,7` (moby pkg/parsers.ParseUintListMaximum)."""

MAXIMUM = 8192


class BadListError(ValueError):
    """The text is no list of numbers; the error says what is wrong in Docker's words."""


def parse(text: str, maximum: int | None = MAXIMUM) -> frozenset[int]:
    """Return the numbers of a list, none for an empty text. Raises BadListError."""
    if not text:
        return frozenset()
    numbers: set[int] = set()
    for part in text.split(","):
        first, dash, last = part.partition("-")
        low = _number(first, text)
        high = _number(last, text) if dash else low
        if maximum is not None and (low > maximum or high > maximum):
            raise BadListError(f"value of out range, maximum is {maximum}")
        if high < low:
            raise BadListError(f"invalid format: {text}")
        numbers.update(range(low, high + 1))
    return frozenset(numbers)


def _number(text: str, whole: str) -> int:
    digits = text.removeprefix("+")
    if not digits.isascii() or not digits.isdigit() or len(digits) > 18:
        raise BadListError(f"invalid format: {whole}")
    return int(digits)
