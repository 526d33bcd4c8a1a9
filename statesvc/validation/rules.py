"""The catalogue of rules: each has a stable code, the field it is about, a sentence, and its source in Docker.

`docs/validation.md` is made from it. A module declares its rules at its top and answers with `RULE.broken(…)` where
Docker refuses a request, or with `RULE.warning(…)` where it only warns.
"""

from dataclasses import dataclass
from typing import Self

from statesvc.errors import Problem, pointer


class RuleWarning(str):
    """A warning: the text that clients get, in Docker's words, and the code of the rule that gives it."""

    __slots__ = ("code",)
    code: str

    def __new__(cls, text: str, code: str) -> Self:
        """Make the warning of the rule with this code."""
        warning = super().__new__(cls, text)
        warning.code = code
        return warning


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `field` is a JSON pointer in which N stands for an index and K for a key."""

    code: str
    field: str
    meaning: str
    source: str
    warns: bool = False
    missing: bool = False

    def broken(self, message: str, value: object = None, *, at: object = None) -> Problem:
        """Return the problem of a request that breaks the rule.

        `at` is the index or key in the field, a tuple of them where the field has several.
        """
        steps = iter(at if isinstance(at, tuple) else () if at is None else (at,))
        parts = [next(steps, part) if part in {"N", "K"} else part for part in self.field.split("/")[1:]]
        return Problem(self.code, pointer(*parts), message, value)

    def warning(self, text: str) -> RuleWarning:
        """Return the warning of a rule that refuses nothing."""
        return RuleWarning(text, self.code)


CATALOGUE: dict[str, Rule] = {}


def rule(code: str, field: str, meaning: str, source: str, *, warns: bool = False, missing: bool = False) -> Rule:
    """Declare a rule under a new code. With `missing`, a request that breaks it is answered with 404, as by Docker."""
    if code in CATALOGUE:
        raise ValueError(f"the code {code!r} has a rule already")
    CATALOGUE[code] = declared = Rule(code, field, meaning, source, warns, missing)
    return declared


DAEMON: dict[str, Rule] = {}
"""The rules of daemon.json; their codes are independent of those of requests."""


def daemon_rule(code: str, field: str, meaning: str, source: str, *, warns: bool = False) -> Rule:
    """Declare a rule of daemon.json under a new code."""
    if code in DAEMON:
        raise ValueError(f"the code {code!r} has a rule of daemon.json already")
    DAEMON[code] = declared = Rule(code, field, meaning, source, warns)
    return declared
