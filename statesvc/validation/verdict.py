"""The result of checking a request."""

from dataclasses import dataclass

from statesvc.domain.limits import LIMITS
from statesvc.domain.verified import Verified
from statesvc.errors import InvalidParameter, NotFound, Problem, StateError
from statesvc.validation.rules import CATALOGUE


@dataclass(frozen=True, slots=True)
class Verdict:
    """Every problem of a request, in Docker's order, and the documents to store if there is none.

    Docker finds `early` problems before it looks at the image, `middle` ones between image and name, `late` ones after
    it has reserved the name.
    """

    early: tuple[Problem, ...]
    middle: tuple[Problem, ...]
    late: tuple[Problem, ...]
    verified: Verified

    def refusal(self, *of_name: Problem) -> StateError | None:
        """Return the error with every problem, in order, None if there is none."""
        problems = (*self.early, *self.middle, *of_name, *self.late)
        if not problems:
            return None
        if (more := len(problems) - LIMITS.shown_problems) > 0:
            problems = problems[: LIMITS.shown_problems]
        message = "; ".join(dict.fromkeys(problem.message for problem in problems))
        if more > 0:
            message += f"; and {more} more"
        first = CATALOGUE.get(problems[0].code)
        return (NotFound if first and first.missing else InvalidParameter)(message, problems)
