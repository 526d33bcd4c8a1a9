"""Optimistic concurrency: a change may name the revisions of a container that it is meant for."""

from typing import Protocol

from statesvc.errors import PreconditionFailed

# The revisions one of which a container must have for a change to be made; None for whichever it has.
Expected = frozenset[int] | None


class Revised(Protocol):
    """A container at a revision."""

    @property
    def id(self) -> str:
        """The full ID."""

    @property
    def revision(self) -> int:
        """How often it changed."""


def expect(found: Revised, expected: Expected) -> None:
    """Raise PreconditionFailed if the container changed since the caller looked."""
    if expected is not None and found.revision not in expected:
        wanted = " or ".join(map(str, sorted(expected))) or "any that the request names"
        raise PreconditionFailed(f"container {found.id} is at revision {found.revision}, not at {wanted}")
