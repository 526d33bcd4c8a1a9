"""Rules of Config: what runs in the container (moby daemon/container.go, verifyContainerSettings)."""

from collections.abc import Iterator

from statesvc.domain.documents import Config, HostConfig
from statesvc.errors import Problem


def problems(config: Config, host: HostConfig) -> Iterator[Problem]:
    """Yield what is wrong with the configuration, in Docker's order."""
    if host.UTSMode == "host" and config.Hostname:
        message = "conflicting options: hostname and the UTS mode"
        yield Problem("hostname-uts", "/Hostname", message, config.Hostname)
    for at, entry in enumerate(config.Env or ()):
        if not entry or entry.startswith("="):
            # A value could be a secret: only what stands before it is repeated, and here that is nothing.
            message = f"invalid environment variable: {'=' if entry else ''}"
            yield Problem("env", f"/Env/{at}", f"{message} (entry {at} has no name)")
