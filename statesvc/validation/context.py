"""The facts that a request is checked against."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from statesvc.domain.api_version import NEWEST, Version
from statesvc.domain.daemon_config import DaemonConfig
from statesvc.domain.host_facts import HostFacts
from statesvc.domain.mount_point import MountPoint
from statesvc.errors import StateError


@dataclass(frozen=True, slots=True)
class ReferencedContainer:
    """A container that a request refers to: its ID, or why there is none."""

    id: str = ""
    missing: str = ""
    host_network: bool = False
    mounts: tuple[MountPoint, ...] = ()


@dataclass(frozen=True, slots=True)
class Context:
    """The host, one version of the daemon configuration, and what was found of what the request refers to.

    `containers` maps each reference of the request to its container; `paths` are the sources of its mounts that exist;
    `mounted_images` maps each image that the request wants mounted to its ID, and `unknown_images` each that is not
    here to the error of its look-up;
    `version` is the API version of the request, `runtime_obstacle` says why the binary behind its runtime's wrapper
    script cannot be executed, "" if it can.
    """

    facts: HostFacts
    daemon: DaemonConfig
    data_root: str
    version: Version = NEWEST
    containers: Mapping[str, ReferencedContainer] = field(default_factory=dict)
    paths: frozenset[str] = frozenset()
    runtime_obstacle: str = ""
    unknown_images: Mapping[str, StateError] = field(default_factory=dict)
    mounted_images: Mapping[str, str] = field(default_factory=dict)

    @property
    def volumes_root(self) -> str:
        """The folder of the engine's volumes."""
        return f"{self.data_root}/volumes"
