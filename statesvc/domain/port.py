"""A port of a container that is reachable now."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Port:
    """A port inside the container, and where the host offers it: `public_port` is None where it does not."""

    private_port: int
    protocol: str
    public_port: int | None
    host_ip: str
