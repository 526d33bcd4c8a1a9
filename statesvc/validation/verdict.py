"""What the rules say of a request."""

from dataclasses import dataclass

from statesvc.domain.verified import Verified
from statesvc.errors import InvalidParameter, Problem


@dataclass(frozen=True, slots=True)
class Verdict:
    """Every problem of a request, in Docker's order, and the documents to store if there is none.

    Docker finds `early` problems before it looks at image and name, `late` ones after it has reserved the name.
    """

    early: tuple[Problem, ...]
    late: tuple[Problem, ...]
    verified: Verified

    def refusal(self, *more: Problem) -> InvalidParameter | None:
        """Return the error that tells every problem, the first one first; None if there is none."""
        problems = (*self.early, *more, *self.late)
        if not problems:
            return None
        return InvalidParameter("; ".join(problem.message for problem in problems), problems)
