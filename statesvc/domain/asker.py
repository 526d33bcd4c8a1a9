"""Who asked for a change: the process behind the socket, and what it calls itself."""

from contextvars import ContextVar
from dataclasses import dataclass

AGENT_LIMIT = 200


@dataclass(frozen=True, slots=True)
class Asker:
    """The peer of a request as the kernel told it, and its User-Agent; None for what is not known."""

    pid: int | None = None
    uid: int | None = None
    gid: int | None = None
    agent: str | None = None


# Whoever takes a request sets it; the journal reads it in the unit, which runs in the context of its caller.
current: ContextVar[Asker | None] = ContextVar("asker", default=None)
