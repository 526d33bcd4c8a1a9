"""Optimistic concurrency: a request may name the revisions at which a container may be changed."""

from typing import Protocol

from statesvc.errors import PreconditionFailed

# The revisions at which a container may be changed; None for any.
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
    """Raise PreconditionFailed unless the container is at one of the expected revisions."""
    if expected is not None and found.revision not in expected:
        wanted = " or ".join(map(str, sorted(expected))) or "any that the request names"
        raise PreconditionFailed(f"container {found.id} is at revision {found.revision}, not at {wanted}")
