"""Why the service is not healthy. Each part that can find something gives its own reasons."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that is wrong: a code for programs, which stays the same, and a sentence for people."""

    code: str
    message: str


# Called for each answer about the health: it must return at once.
Reasons = Callable[[], Iterable[Reason]]
