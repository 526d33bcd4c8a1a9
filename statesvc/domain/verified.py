"""Documents that may be stored. Only `validation` makes them, and, marked as such, an import."""

from dataclasses import dataclass, field
from typing import Literal

from statesvc.domain.documents import Config, EndpointSettings, HostConfig
from statesvc.domain.link import Link
from statesvc.domain.mount_point import MountPoint

Origin = Literal["created", "docker", "podman"]

# Who has this may make a Verified: validation and the importers. A test holds that nobody else imports it.
SEAL = object()


@dataclass(frozen=True, slots=True)
class Security:
    """What the security options say: labels, profiles, and whether privileges can be gained."""

    process_label: str = ""
    mount_label: str = ""
    apparmor_profile: str = ""
    seccomp_profile: str = ""
    no_new_privileges: bool = False


@dataclass(frozen=True, slots=True)
class Verified:
    """A container's documents as they will be stored, and what follows from them.

    `origin` says who vouches for them: today's rules ("created"), or the engine that they were imported from, which may
    have had others. Making one without the seal raises TypeError.
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
