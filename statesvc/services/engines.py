"""The port to a container engine. No engine is connected to the service, so operations that need one are refused."""

from statesvc.errors import NotOffered


def needs_engine(what: str) -> NotOffered:
    """Return the 501 for an operation that needs a container engine."""
    return NotOffered(
        f"{what} is not offered: statesvc keeps the state of containers, and no engine is connected to it"
    )
