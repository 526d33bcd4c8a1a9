"""Documents that may be stored: made by `validation`, or by an importer, which marks them."""

from dataclasses import dataclass, field
from typing import Literal

from statesvc.domain.documents import Config, EndpointSettings, HostConfig
from statesvc.domain.link import Link
from statesvc.domain.mount_point import MountPoint

Origin = Literal["created", "docker", "podman"]

# The key to making a Verified. A test holds that only validation and the importers import it.
SEAL = object()


@dataclass(frozen=True, slots=True)
class Security:
    """The parsed security options: labels, profiles, and whether processes can gain privileges."""

    process_label: str = ""
    mount_label: str = ""
    apparmor_profile: str = ""
    seccomp_profile: str = ""
    no_new_privileges: bool = False


@dataclass(frozen=True, slots=True)
class Verified:
    """A container's documents as they will be stored, with the mounts, links and networks that follow from them.

    `origin` says by whose rules they are valid: today's ("created"), or those of the engine that they were imported
    from. Making one without the seal raises TypeError.
    """

    seal: object = field(repr=False, compare=False)
    origin: Origin
    config: Config
    host_config: HostConfig
    networks: dict[str, EndpointSettings] = field(default_factory=dict)
    security: Security = field(default_factory=Security)
    mounts: tuple[MountPoint, ...] = ()
    links: tuple[Link, ...] = ()
    warnings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.seal is not SEAL:
            raise TypeError("a Verified is made by validation.verify, or by an importer")
