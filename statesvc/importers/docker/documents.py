"""What Docker Engine keeps of a container in config.v2.json (moby container/container.go), in its field names.

Fields that nothing here asks for are not named: the decoder passes over them, as over those of newer engines.
"""

from statesvc.domain.documents import Config as _Config
from statesvc.domain.documents import Document, EndpointSettings, PortBinding
from statesvc.domain.documents.go_types import Int, Strings, Structs
from statesvc.domain.times import ZERO


class StoredProbe(Document):
    """What one health probe said."""

    Start: str = ZERO
    End: str = ZERO
    ExitCode: Int = 0
    Output: str = ""


class StoredHealth(Document):
    """The health of a container, and its last probes."""

    Status: str = ""
    FailingStreak: Int = 0
    Log: list[StoredProbe] | None = None


class StoredState(Document):
    """Where a container is in its life."""

    Running: bool = False
    Paused: bool = False
    Restarting: bool = False
    OOMKilled: bool = False
    RemovalInProgress: bool = False
    Dead: bool = False
    Pid: Int = 0
    ExitCode: Int = 0
    Error: str = ""
    StartedAt: str = ZERO
    FinishedAt: str = ZERO
    Health: StoredHealth | None = None


class StoredAddress(Document):
    """A secondary address."""

    Addr: str = ""
    PrefixLen: Int = 0


class StoredEndpoint(EndpointSettings):
    """A connection to one network, and what of it the engine keeps to itself."""

    IPAMOperational: bool = False
    DesiredMacAddress: str = ""


class StoredNetworkSettings(Document):
    """How a container is connected."""

    Bridge: str = ""
    SandboxID: str = ""
    SandboxKey: str = ""
    Ports: dict[str, Structs[PortBinding] | None] | None = None
    HairpinMode: bool = False
    LinkLocalIPv6Address: str = ""
    LinkLocalIPv6PrefixLen: Int = 0
    SecondaryIPAddresses: Structs[StoredAddress] | None = None
    SecondaryIPv6Addresses: Structs[StoredAddress] | None = None
    Networks: dict[str, StoredEndpoint | None] | None = None


class StoredMount(Document):
    """Something that is mounted. `Relabel` is what the API calls Mode."""

    Type: str = ""
    Name: str = ""
    Source: str = ""
    Destination: str = ""
    Driver: str = ""
    Relabel: str = ""
    RW: bool = False
    Propagation: str = ""


class StoredContainer(Document):
    """A container, but for its host configuration, which has a file of its own."""

    ID: str = ""
    Name: str = ""
    Created: str = ZERO
    Managed: bool = False
    Path: str = ""
    Args: Strings | None = None
    Config: _Config | None = None
    Image: str = ""
    Driver: str = ""
    OS: str = ""
    RestartCount: Int = 0
    HasBeenStartedBefore: bool = False
    HasBeenManuallyStopped: bool = False
    State: StoredState = StoredState()
    NetworkSettings: StoredNetworkSettings = StoredNetworkSettings()
    MountPoints: dict[str, StoredMount | None] | None = None
    ResolvConfPath: str = ""
    HostnamePath: str = ""
    HostsPath: str = ""
    ShmPath: str = ""
    LogPath: str = ""
    MountLabel: str = ""
    ProcessLabel: str = ""
    AppArmorProfile: str = ""
    SeccompProfile: str = ""
    NoNewPrivileges: bool = False
