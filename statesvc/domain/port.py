"""Ports of a container that are reachable now, and how a port is written with its protocol."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Port:
    """A port inside the container, and where the host offers it: `public_port` is None where it does not."""

    private_port: int
    protocol: str
    public_port: int | None
    host_ip: str


def split_protocol(text: str) -> tuple[str, str]:
    """Return protocol and port of `53/udp`; tcp where none is written, nothing of a text without a port.

    What follows a second slash is ignored (nat SplitProtoPort).
    """
    port, _, rest = text.partition("/")
    return (rest.partition("/")[0] or "tcp", port) if port else ("", "")
