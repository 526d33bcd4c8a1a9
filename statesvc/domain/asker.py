"""The client that asked for a change: the process behind the socket, and its User-Agent."""

from contextvars import ContextVar
from dataclasses import dataclass

AGENT_LIMIT = 200


@dataclass(frozen=True, slots=True)
class Asker:
    """The peer of a request, as the kernel identifies it, and its User-Agent; None for what is not known."""

    pid: int | None = None
    uid: int | None = None
    gid: int | None = None
    agent: str | None = None


# Set when a request comes in, read by the journal in the unit of work, which runs in the context of the request.
current: ContextVar[Asker | None] = ContextVar("asker", default=None)
