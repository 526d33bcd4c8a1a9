"""Reads verdicts in tests of validation."""

from collections.abc import Callable

from statesvc.validation import Verdict

Judge = Callable[..., Verdict]


def codes_and_fields(verdict: Verdict) -> list[tuple[str, str]]:
    """Return code and field of every problem, in Docker's order."""
    return [(one.code, one.field) for one in (*verdict.early, *verdict.middle, *verdict.late)]
