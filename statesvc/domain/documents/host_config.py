"""HostConfig: the part of a container's configuration that depends on the host."""

from typing import ClassVar

from pydantic import Field

from statesvc.domain.documents.document import Document
from statesvc.domain.documents.go_types import (
    Int,
    Pair,
    StringLists,
    StringMap,
    Strings,
    StrSlice,
    Structs,
    Uint16,
    Uint32,
    Uint64,
)


class LogConfig(Document):
    """The log driver and its options."""

    Type: str = ""
    Config: StringMap | None = None


class RestartPolicy(Document):
    """When the engine starts the container again."""

    Name: str = ""
    MaximumRetryCount: Int = 0


class PortBinding(Document):
    """An address and a port of the host."""

    HostIp: str = ""
    HostPort: str = ""


class BindOptions(Document):
    """How a directory of the host is mounted."""

    OMIT_EMPTY: ClassVar = frozenset(
        {"Propagation", "NonRecursive", "CreateMountpoint", "ReadOnlyNonRecursive", "ReadOnlyForceRecursive"}
    )

    Propagation: str = ""
    NonRecursive: bool = False
    CreateMountpoint: bool = False
    ReadOnlyNonRecursive: bool = False
    ReadOnlyForceRecursive: bool = False


class VolumeDriverConfig(Document):
    """The driver that makes a volume, and its options (Go: mount.Driver)."""

    OMIT_EMPTY: ClassVar = frozenset({"Name", "Options"})

    Name: str = ""
    Options: StringMap | None = None


class VolumeOptions(Document):
    """How a volume is made and mounted."""

    OMIT_EMPTY: ClassVar = frozenset({"NoCopy", "Labels", "Subpath", "DriverConfig"})

    NoCopy: bool = False
    Labels: StringMap | None = None
    Subpath: str = ""
    DriverConfig: VolumeDriverConfig | None = None


class ImageOptions(Document):
    """The part of an image that is mounted."""

    OMIT_EMPTY: ClassVar = frozenset({"Subpath"})

    Subpath: str = ""


class TmpfsOptions(Document):
    """The size, the mode and the mount options of a tmpfs."""

    OMIT_EMPTY: ClassVar = frozenset({"SizeBytes", "Mode", "Options"})

    SizeBytes: Int = 0
    Mode: Uint32 = 0
    Options: StringLists | None = None


class ClusterOptions(Document):
    """Options of cluster volumes; Docker has none yet."""


# In a class body, a field hides the class of the same name.
_LogConfig = LogConfig
_RestartPolicy = RestartPolicy
_BindOptions = BindOptions
_VolumeOptions = VolumeOptions
_ImageOptions = ImageOptions
_TmpfsOptions = TmpfsOptions
_ClusterOptions = ClusterOptions


class Mount(Document):
    """Something that is mounted into the container."""

    OMIT_EMPTY: ClassVar = frozenset(
        {
            "Type", "Source", "Target", "ReadOnly", "Consistency", "BindOptions", "VolumeOptions", "ImageOptions",
            "TmpfsOptions", "ClusterOptions",
        }
    )  # fmt: skip

    Type: str = ""
    Source: str = ""
    Target: str = ""
    ReadOnly: bool = False
    Consistency: str = ""
    BindOptions: _BindOptions | None = None
    VolumeOptions: _VolumeOptions | None = None
    ImageOptions: _ImageOptions | None = None
    TmpfsOptions: _TmpfsOptions | None = None
    ClusterOptions: _ClusterOptions | None = None


class WeightDevice(Document):
    """The block IO weight of one device."""

    Path: str = ""
    Weight: Uint16 = 0


class ThrottleDevice(Document):
    """The rate that one device is throttled to."""

    Path: str = ""
    Rate: Uint64 = 0


class DeviceMapping(Document):
    """A device of the host, inside the container."""

    PathOnHost: str = ""
    PathInContainer: str = ""
    CgroupPermissions: str = ""


class DeviceRequest(Document):
    """Devices requested from a driver, such as GPUs."""

    Driver: str = ""
    Count: Int = 0
    DeviceIDs: Strings | None = None
    Capabilities: StringLists | None = None
    Options: StringMap | None = None


class Ulimit(Document):
    """A resource limit of the container's processes."""

    Name: str = ""
    Hard: Int = 0
    Soft: Int = 0


class HostConfig(Document):
    """How the container is set up on its host. The fields of Docker's embedded Resources are among its fields."""

    OMIT_EMPTY: ClassVar = frozenset(
        {
            "Annotations", "StorageOpt", "Tmpfs", "Sysctls", "Runtime", "KernelMemory", "KernelMemoryTCP", "Mounts",
            "Init",
        }
    )  # fmt: skip

    Binds: Strings | None = None
    ContainerIDFile: str = ""
    LogConfig: _LogConfig = _LogConfig()
    NetworkMode: str = ""
    PortBindings: dict[str, Structs[PortBinding] | None] | None = None
    RestartPolicy: _RestartPolicy = _RestartPolicy()
    AutoRemove: bool = False
    VolumeDriver: str = ""
    VolumesFrom: Strings | None = None
    ConsoleSize: Pair = Field(default_factory=lambda: [0, 0])
    Annotations: StringMap | None = None
    CapAdd: StrSlice | None = None
    CapDrop: StrSlice | None = None
    CgroupnsMode: str = ""
    Dns: Strings | None = None
    DnsOptions: Strings | None = None
    DnsSearch: Strings | None = None
    ExtraHosts: Strings | None = None
    GroupAdd: Strings | None = None
    IpcMode: str = ""
    Cgroup: str = ""
    Links: Strings | None = None
    OomScoreAdj: Int = 0
    PidMode: str = ""
    Privileged: bool = False
    PublishAllPorts: bool = False
    ReadonlyRootfs: bool = False
    SecurityOpt: Strings | None = None
    StorageOpt: StringMap | None = None
    Tmpfs: StringMap | None = None
    UTSMode: str = ""
    UsernsMode: str = ""
    ShmSize: Int = 0
    Sysctls: StringMap | None = None
    Runtime: str = ""
    Isolation: str = ""
    CpuShares: Int = 0
    Memory: Int = 0
    NanoCpus: Int = 0
    CgroupParent: str = ""
    BlkioWeight: Uint16 = 0
    BlkioWeightDevice: list[WeightDevice] | None = None
    BlkioDeviceReadBps: list[ThrottleDevice] | None = None
    BlkioDeviceWriteBps: list[ThrottleDevice] | None = None
    BlkioDeviceReadIOps: list[ThrottleDevice] | None = None
    BlkioDeviceWriteIOps: list[ThrottleDevice] | None = None
    CpuPeriod: Int = 0
    CpuQuota: Int = 0
    CpuRealtimePeriod: Int = 0
    CpuRealtimeRuntime: Int = 0
    CpusetCpus: str = ""
    CpusetMems: str = ""
    Devices: Structs[DeviceMapping] | None = None
    DeviceCgroupRules: Strings | None = None
    DeviceRequests: Structs[DeviceRequest] | None = None
    KernelMemory: Int = 0
    KernelMemoryTCP: Int = 0
    MemoryReservation: Int = 0
    MemorySwap: Int = 0
    MemorySwappiness: Int | None = None
    OomKillDisable: bool | None = None
    PidsLimit: Int | None = None
    Ulimits: list[Ulimit] | None = None
    CpuCount: Int = 0
    CpuPercent: Int = 0
    IOMaximumIOps: Uint64 = 0
    IOMaximumBandwidth: Uint64 = 0
    Mounts: Structs[Mount] | None = None
    MaskedPaths: Strings | None = None
    ReadonlyPaths: Strings | None = None
    Init: bool | None = None
