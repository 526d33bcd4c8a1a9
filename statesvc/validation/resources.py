"""Rules of the limits on memory, CPU and I/O (moby daemon/daemon_unix.go, verifyPlatformContainerResources)."""

from collections.abc import Iterator

from statesvc.domain.documents import HostConfig
from statesvc.errors import Problem

MINIMUM_MEMORY = 6 * 1024 * 1024


def problems(host: HostConfig) -> Iterator[Problem]:
    """Yield what is wrong with the limits, in Docker's order."""
    if host.Memory != 0 and host.Memory < MINIMUM_MEMORY:
        yield Problem("memory-minimum", "/HostConfig/Memory", "Minimum memory limit allowed is 6MB", host.Memory)
    if host.ShmSize < 0:
        yield Problem("shm-size", "/HostConfig/ShmSize", "SHM size can not be less than 0", host.ShmSize)
