"""Documents that may be stored. Only `validation` and, marked as such, an import make them."""

from dataclasses import dataclass

from statesvc.domain.documents import Config, EndpointSettings, HostConfig
from statesvc.domain.mount_point import Link, MountPoint


@dataclass(frozen=True, slots=True)
class Verified:
    """A container's documents as they will be stored, and what follows from them."""

    config: Config
    host_config: HostConfig
    networks: dict[str, EndpointSettings]
    mounts: tuple[MountPoint, ...] = ()
    links: tuple[Link, ...] = ()
    warnings: tuple[str, ...] = ()
