"""The document that Docker Engine stores in a container's config.v2.json (moby container/container.go).

Only the fields that the import needs are declared: the decoder ignores others, such as those of newer engines.
"""

from statesvc.domain.documents import Config as _Config
from statesvc.domain.documents import Document, EndpointSettings, PortBinding
from statesvc.domain.documents.go_types import Int, Strings, Structs
from statesvc.domain.times import ZERO

CONFIG = "config.v2.json"


class StoredProbe(Document):
    """The result of one health probe."""

    Start: str = ZERO
    End: str = ZERO
    ExitCode: Int = 0
    Output: str = ""


class StoredHealth(Document):
    """The health of a container, and its last probes."""

    Status: str = ""
    FailingStreak: Int = 0
    Log: list[StoredProbe | None] | None = None


class StoredState(Document):
    """The state of a container, as flags."""

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
    """A connection to one network, with fields that the API does not show."""

    IPAMOperational: bool = False
    DesiredMacAddress: str = ""


class StoredNetworkSettings(Document):
    """The network settings of a container."""

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
    """A mount. `Relabel` is called Mode in the API."""

    Type: str = ""
    Name: str = ""
    Source: str = ""
    Destination: str = ""
    Driver: str = ""
    Relabel: str = ""
    RW: bool = False
    Propagation: str = ""


class StoredContainer(Document):
    """A container without its host configuration, which is in a file of its own."""

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
