"""Every limit of the wire, and how long it waits. docs/wire.md says what answers a client that meets one."""

from dataclasses import dataclass

KIB = 1024
MIB = 1024 * KIB


@dataclass(frozen=True, slots=True)
class Limits:
    """What one server takes from all its clients. Sizes are bytes, times seconds."""

    head_bytes: int = 1 * MIB + 4 * KIB
    """A head larger than this is refused by 431; Go's server draws the line at the same place."""
    header_lines: int = 10_000
    """A head of more lines is refused by 431."""
    first_head_seconds: float = 60
    """A connection that has sent no complete head by then is closed."""
    head_seconds: float = 60
    """A head that was begun must be complete by then: 408."""
    body_seconds: float = 120
    """The longest pause between two parts of a body: 408."""
    json_bytes: int = 64 * MIB
    """A JSON body larger than this is refused by 413."""
    held_bytes: int = 256 * MIB
    """What the JSON bodies of all connections may hold in memory together; what does not fit is refused by 503."""
    unread_bytes: int = 256 * KIB
    """What is read of a body that its handler left unread, so that the connection can go on; as Go's server does."""
    ahead_bytes: int = 256 * KIB
    """What is read ahead of the request that is being answered."""
    linger_seconds: float = 0.5
    """A client whose request was refused is listened to until it is silent for so long, so that it reads why."""
    longest_linger_seconds: float = 5
    """A client that sends on and on after that is cut off."""
    quiet_seconds: float = 1
    """A stream whose client has ended its side is ended, too, once it has had nothing to say for so long."""
    stop_seconds: float = 30
    """What a server that stops grants the requests under way."""


LIMITS = Limits()
