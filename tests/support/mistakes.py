"""One request for each rule that refuses a create request, in the order in which Docker finds what is wrong."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from statesvc.domain.api_version import NEWEST
from statesvc.domain.mount_point import MountPoint
from statesvc.errors import InvalidParameter, NotFound, StateError
from statesvc.validation import ReferencedContainer

Json = dict[str, Any]
MB = 1024 * 1024

VALID: Json = {"Image": "busybox:latest", "Cmd": ["true"]}

# The containers that the requests refer to.
CONTAINERS: Mapping[str, ReferencedContainer] = {
    "c": ReferencedContainer("c" * 64),
    "onhost": ReferencedContainer("d" * 64, host_network=True),
    "scratch": ReferencedContainer("e" * 64, mounts=(MountPoint("tmpfs", "/t"),)),
    "gone": ReferencedContainer(missing="No such container: gone"),
}
PATHS = frozenset({"/tmp"})
UNKNOWN_IMAGES: Mapping[str, StateError] = {
    "gone": NotFound("No such image: gone:latest"),
    "BAD": InvalidParameter("invalid reference format"),
}
_SYSCTLS = "com.docker.network.endpoint.sysctls"

# The fields that the rules of shared networks check.
_NETWORK = frozenset(
    {"NetworkMode", "Hostname", "Links", "Dns", "ExtraHosts", "PortBindings", "ExposedPorts", "UTSMode"}
)
_MEMORY = frozenset({"Memory", "MemorySwap", "MemoryReservation"})
_CPUS = frozenset({"NanoCpus", "CpuPeriod", "CpuQuota"})
_LOG = frozenset({"LogConfig"})
_MOUNTS = frozenset({"Mounts", "Binds", "VolumesFrom", "Tmpfs"})


@dataclass(frozen=True)
class Mistake:
    """A change of a valid request that breaks one rule, whatever else is changed but the fields of `about`."""

    code: str
    field: str
    change: Json
    about: frozenset[str] = frozenset()
    version: tuple[int, ...] = NEWEST
    facts: Mapping[str, object] | None = None
    daemon: str = "{}"
    runtime_obstacle: str = ""

    @property
    def body(self) -> Json:
        """The request with this mistake."""
        return merged(VALID, self.change)

    @property
    def circumstances(self) -> tuple[object, ...]:
        """The circumstances under which the request is validated."""
        return self.version, self.facts, self.daemon, self.runtime_obstacle

    @property
    def fields(self) -> frozenset[str]:
        """The fields that decide whether the mistake is one."""
        host = self.change.get("HostConfig", {})
        return self.about | {key for key in (*self.change, *host) if key != "HostConfig"}


def merged(one: Json, other: Json) -> Json:
    """Return both objects as one; of what both have, objects are merged, and the other's value is taken."""
    both = one | other
    for key in one.keys() & other.keys():
        if isinstance(one[key], dict) and isinstance(other[key], dict):
            both[key] = merged(one[key], other[key])
    return both


def _host(code: str, change: Json, at: str = "", **more: Any) -> Mistake:
    (name, *_) = change
    return Mistake(code, f"/HostConfig/{name}{at}", {"HostConfig": change}, **more)


def _config(code: str, change: Json, at: str = "", **more: Any) -> Mistake:
    (name, *_) = change
    return Mistake(code, f"/{name}{at}", change, **more)


def _shared_network(code: str, field: str, change: Json) -> Mistake:
    return Mistake(code, field, merged({"HostConfig": {"NetworkMode": "container:c"}}, change), _NETWORK)


def _endpoint(code: str, at: str, name: str, endpoint: object, **more: Any) -> Mistake:
    change = {"NetworkingConfig": {"EndpointsConfig": {name: endpoint}}}
    return Mistake(code, f"/NetworkingConfig/EndpointsConfig/{name}{at}", change, **more)


def _mount(code: str, at: str, **mount: Any) -> Mistake:
    return _host(code, {"Mounts": [{"Target": "/m"} | mount]}, f"/0{at}", about=_MOUNTS)


def _log(code: str, kind: str, option: str, options: Json) -> Mistake:
    at = f"/Config/{option}" if option else "/Type"
    return _host(code, {"LogConfig": {"Type": kind, "Config": options}}, at, about=_LOG)


_ANCIENT: Json = {"version": (1, 41)}
_REMAPPED: Json = {"daemon": '{"userns-remap": "default"}'}

MISTAKES = (
    # Found while the body is decoded, before validation.
    _host("network-container", {"NetworkMode": "container:"}, about=_NETWORK),
    _shared_network("network-hostname", "/Hostname", {"Hostname": "web"}),
    _shared_network("network-links", "/HostConfig/Links", {"HostConfig": {"Links": ["c:x"]}}),
    _shared_network("network-dns", "/HostConfig/Dns", {"HostConfig": {"Dns": ["1.1.1.1"]}}),
    _shared_network("network-hosts", "/HostConfig/ExtraHosts", {"HostConfig": {"ExtraHosts": ["a:1.1.1.1"]}}),
    _shared_network("network-ports", "/HostConfig/PortBindings", {"HostConfig": {"PortBindings": {"80/tcp": []}}}),
    _shared_network("network-exposed", "/ExposedPorts", {"ExposedPorts": {"80/tcp": {}}}),
    Mistake("uts-hostname", "/Hostname", {"Hostname": "web", "HostConfig": {"UTSMode": "host"}}, _NETWORK),
    _host("isolation", {"Isolation": "hyperv"}),
    _host("io-bandwidth", {"IOMaximumBandwidth": 1}),
    _host("io-iops", {"IOMaximumIOps": 1}),
    _host("cpu-rt-period", {"CpuRealtimePeriod": 10}, facts={"cpu_realtime": False}),
    _host("cpu-rt-runtime", {"CpuRealtimeRuntime": 10}, facts={"cpu_realtime": False}),
    _host("cpu-rt-order", {"CpuRealtimeRuntime": 11, "CpuRealtimePeriod": 10}),
    # Rules of the API version.
    _mount("mount-volume-options", "/VolumeOptions", Type="tmpfs", VolumeOptions={}),
    _mount("mount-bind-options", "/BindOptions", Type="tmpfs", BindOptions={}),
    _mount("mount-tmpfs-options", "/TmpfsOptions", Type="volume", TmpfsOptions={}),
    Mistake(
        "mount-force-recursive-version", "/HostConfig/Mounts/0/BindOptions/ReadOnlyForceRecursive",
        {"HostConfig": {"Mounts": [
            {"Type": "bind", "Source": "/tmp", "Target": "/m", "BindOptions": {"ReadOnlyForceRecursive": True}},
        ]}}, **_ANCIENT,
    ),
    Mistake(
        "mount-subpath-version", "/HostConfig/Mounts/0/VolumeOptions/Subpath",
        {"HostConfig": {"Mounts": [
            {"Type": "volume", "Source": "vol", "Target": "/m", "VolumeOptions": {"Subpath": "x"}},
        ]}}, **_ANCIENT,
    ),
    Mistake(
        "mount-image-version", "/HostConfig/Mounts/0/Type",
        {"HostConfig": {"Mounts": [{"Type": "image", "Source": "web", "Target": "/m"}]}}, **_ANCIENT,
    ),
    Mistake(
        "sysctl-interface", "/HostConfig/Sysctls/net.ipv4.conf.eth0.x",
        {"HostConfig": {"Sysctls": {"net.ipv4.conf.eth0.x": "1"}}}, _NETWORK,
    ),
    Mistake(
        "endpoints", "/NetworkingConfig/EndpointsConfig",
        {"NetworkingConfig": {"EndpointsConfig": {"one": {}, "two": {}}}}, **_ANCIENT,
    ),
    Mistake(
        "mac-network", "/MacAddress", {"MacAddress": "02:42:ac:11:00:02", "HostConfig": {"NetworkMode": "none"}},
        _NETWORK, **_ANCIENT,
    ),
    Mistake(
        "mac-endpoint", "/MacAddress",
        {"MacAddress": "02:42:ac:11:00:02", "NetworkingConfig": {"EndpointsConfig": {"other": {}}}},
        frozenset({"NetworkMode"}),
    ),
    Mistake(
        "mac-mismatch", "/MacAddress",
        {
            "MacAddress": "02:42:ac:11:00:02",
            "NetworkingConfig": {"EndpointsConfig": {"bridge": {"MacAddress": "02:42:ac:11:00:03"}}},
        },
        frozenset({"NetworkMode"}),
    ),
    _log("log-driver-removed", "logentries", "", {}),
    # verifyContainerSettings
    _config("working-dir", {"WorkingDir": "srv"}),
    _config("stop-signal", {"StopSignal": "SIGNOPE"}),
    _config("env-name", {"Env": ["A=1", "=hunter2"]}, "/1"),
    _config("health-time", {"Healthcheck": {"Interval": 1}}, "/Interval"),
    _config("health-retries", {"Healthcheck": {"Retries": -1}}, "/Retries"),
    _host("auto-remove", {"AutoRemove": True, "RestartPolicy": {"Name": "always"}}),
    _mount("mount", "", Type="nosuch"),
    _host("extra-host", {"ExtraHosts": ["nocolon"]}, "/0"),
    _host("extra-host-address", {"ExtraHosts": ["a:b"]}, "/0"),
    _host("port", {"PortBindings": {"http": []}}, "/http"),
    _host("host-port", {"PortBindings": {"80": [{"HostPort": "x"}]}}, "/80/0/HostPort"),
    Mistake("restart-policy", "/HostConfig/RestartPolicy/Name", {"HostConfig": {"RestartPolicy": {"Name": "often"}}}),
    Mistake(
        "restart-count", "/HostConfig/RestartPolicy/MaximumRetryCount",
        {"HostConfig": {"RestartPolicy": {"Name": "always", "MaximumRetryCount": 1}}},
    ),
    _host("cap-add", {"CapAdd": ["NOPE"]}, "/0"),
    _host("cap-drop", {"CapDrop": ["CAP_ALL"]}, "/0"),
    _host("annotation-key", {"Annotations": {"": "x"}}),
    # verifyPlatformContainerResources
    _host("memory-minimum", {"Memory": 6 * MB - 1}, about=_MEMORY),
    _host("memory-swap", {"MemorySwap": 32 * MB, "Memory": 64 * MB}, about=_MEMORY),
    _host("memory-swap-alone", {"MemorySwap": 64 * MB}, about=_MEMORY),
    _host("memory-swappiness", {"MemorySwappiness": 101}),
    _host("memory-reservation", {"MemoryReservation": 1}, about=_MEMORY),
    _host("memory-reservation-limit", {"MemoryReservation": 65 * MB, "Memory": 64 * MB}, about=_MEMORY),
    _host("kernel-memory", {"KernelMemory": 1}, facts={"kernel_memory": True}, **_ANCIENT),
    _host("nano-cpus-period", {"NanoCpus": 10**9, "CpuPeriod": 5000}, about=_CPUS),
    _host("nano-cpus-quota", {"NanoCpus": 10**9, "CpuQuota": 5000}, about=_CPUS),
    _host("nano-cpus-host", {"NanoCpus": 10**9}, about=_CPUS, facts={"cpu_cfs_period": False}),
    _host("nano-cpus-range", {"NanoCpus": 3 * 10**9}, about=_CPUS),
    _host("cpu-period", {"CpuPeriod": 999}),
    _host("cpu-quota", {"CpuQuota": 999}),
    _host("cpuset-cpus", {"CpusetCpus": "0-2"}),
    _host("cpuset-mems", {"CpusetMems": "x"}),
    _host("blkio-weight", {"BlkioWeight": 5}, facts={"blkio_weight": True}),
    # verifyPlatformContainerSettings
    _host("ipc-mode", {"IpcMode": "HOST"}),
    _host("pid-mode", {"PidMode": "none"}),
    _host("shm-size", {"ShmSize": -1}),
    _host("uts-mode", {"UTSMode": "private"}, about=_NETWORK),
    _host("oom-score", {"OomScoreAdj": 1001}),
    _host("userns-privileged", {"Privileged": True}, **_REMAPPED),
    _host("userns-network", {"NetworkMode": "host"}, **_REMAPPED),
    _host("userns-pid", {"PidMode": "host"}, **_REMAPPED),
    _host("cgroup-parent", {"CgroupParent": "/x"}, facts={"cgroup_driver": "systemd"}),
    _host("runtime", {"Runtime": "/usr/bin/runc"}),
    _host("runtime-path", {"Runtime": "runc"}, runtime_obstacle="crun is not there"),
    _host("tmpfs-destination", {"Tmpfs": {"run": ""}}, "/run", about=_MOUNTS),
    _host("cgroupns-mode", {"CgroupnsMode": "container:c"}),
    # After the image was found.
    _endpoint("endpoint-null", "", "net", None),
    _endpoint("endpoint-sysctl", "/DriverOpts", "net", {"DriverOpts": {_SYSCTLS: "net.ipv4.conf.eth0.x=1"}}),
    _endpoint("endpoint-mac", "/MacAddress", "net", {"MacAddress": "zz"}),
    _endpoint("endpoint-address", "/IPAMConfig", "bridge", {"IPAMConfig": {"IPv4Address": "10.0.0.9"}}),
    _endpoint("endpoint-aliases", "/Aliases", "bridge", {"Aliases": ["web"]}),
    _endpoint("endpoint-ipv4", "/IPAMConfig/IPv4Address", "net", {"IPAMConfig": {"IPv4Address": "::1"}}),
    _endpoint("endpoint-ipv6", "/IPAMConfig/IPv6Address", "net", {"IPAMConfig": {"IPv6Address": "10.0.0.9"}}),
    _endpoint("endpoint-link-local", "/IPAMConfig/LinkLocalIPs", "net", {"IPAMConfig": {"LinkLocalIPs": ["x"]}}),
    _host("shared-container", {"IpcMode": "container:gone"}, about=frozenset({"PidMode", "SecurityOpt"})),
    _log("log-mode", "json-file", "mode", {"mode": "x"}),
    _log("log-buffer", "json-file", "max-buffer-size", {"max-buffer-size": "1m"}),
    _log("log-cache", "json-file", "cache-disabled", {"cache-disabled": "maybe"}),
    _log("log-driver", "nosuch", "", {}),
    _log("log-option", "json-file", "x", {"x": "y"}),
    _log("log-option-value", "syslog", "syslog-facility", {"syslog-facility": "x"}),
    _log("log-option-required", "gelf", "gelf-address", {}),
    _log(
        "log-option-conflict", "gelf", "gelf-compression-level",
        {"gelf-address": "tcp://h:1", "gelf-compression-level": "1"},
    ),
    # After the name was reserved.
    _host("security-opt", {"SecurityOpt": ["x"]}, "/0"),
    _host("storage-opt", {"StorageOpt": {"bogus": "1"}}, "/bogus"),
    _host("volumes-from", {"VolumesFrom": ["gone"]}, "/0"),
    _host("volumes-from-tmpfs", {"VolumesFrom": ["scratch"]}, "/0", about=_MOUNTS),
    _host("bind", {"Binds": ["/tmp:rel"]}, "/0"),
    _host("bind-data-root", {"Binds": ["/data:/m:private"]}, "/0", about=_MOUNTS),
    _host("mount-duplicate", {"Binds": ["one:/m", "two:/m/"]}, "/1", about=_MOUNTS),
    _host("volume", {"Binds": ["x:/m"]}, "/0", about=_MOUNTS),
    _mount("mount-image", "", Type="image", Source="gone"),
    _mount("mount-image-reference", "", Type="image", Source="BAD"),
    _host("link", {"Links": ["gone:x"]}, "/0", about=_NETWORK),
    _host("link-host-network", {"Links": ["onhost:x"]}, "/0", about=_NETWORK),
    Mistake(
        "volume-driver", "/HostConfig/VolumeDriver", {"Volumes": {"/own": {}}, "HostConfig": {"VolumeDriver": "gone"}},
        about=_MOUNTS,
    ),
)  # fmt: skip

# Requests that are stored with a warning: code of the rule, request, missing host features, warning, API version.
_IMAGE_MOUNT: Json = {"HostConfig": {"Mounts": [{"Type": "image", "Source": "web", "Target": "/m"}]}}
_OWN_DRIVER: Json = {"HostConfig": {"VolumeDriver": "local", "Mounts": [{"Type": "volume", "Target": "/m"}]}}
_ETH0: Json = {"HostConfig": {"NetworkMode": "net", "Sysctls": {"net.ipv4.conf.eth0.x": "1"}}}
WARNED: tuple[tuple[str, Json, Mapping[str, object], str, tuple[int, ...]], ...] = (
    ("ipv4-forwarding", {}, {"ipv4_forwarding": False}, "IPv4 forwarding is disabled", NEWEST),
    (
        "published-host",
        {"HostConfig": {"NetworkMode": "host", "PortBindings": {"80": []}}},
        {},
        "Published ports are",
        NEWEST,
    ),
    (
        "cgroupns-host",
        {"HostConfig": {"CgroupnsMode": "private"}},
        {"cgroup_namespaces": False},
        "cgroup namespaces",
        NEWEST,
    ),
    ("mac-deprecated", {"MacAddress": "02:42:ac:11:00:02"}, {}, "field is now deprecated", NEWEST),
    ("oom-without-limit", {"HostConfig": {"OomKillDisable": True}}, {}, "OOM killer is disabled", NEWEST),
    ("discarded", {"HostConfig": {"PidsLimit": 9}}, {"pids_limit": False}, "PIDs limit discarded.", NEWEST),
    ("mount-image-experimental", _IMAGE_MOUNT, {}, "Image mount is an experimental feature", NEWEST),
    ("volume-driver-mounts", _OWN_DRIVER, {}, "volume-driver configuration is ignored", NEWEST),
    ("sysctl-moved", _ETH0, {}, 'Migrated sysctl "net.ipv4.conf.eth0.x"', (1, 47)),
)

# Updates that a setting of the container forbids: the code and field of the rule, the update, what is set, the message.
FORBIDDEN: tuple[tuple[str, str, Json, Json, str], ...] = (
    (
        "update-nano-cpus", "/NanoCpus", {"NanoCpus": 1}, {"CpuPeriod": 5000},
        "Nano CPUs cannot be updated as CPU Period has already been set",
    ),
    (
        "update-nano-cpus", "/NanoCpus", {"NanoCpus": 1}, {"CpuQuota": 5000},
        "Nano CPUs cannot be updated as CPU Quota has already been set",
    ),
    (
        "update-cpu-period", "/CpuPeriod", {"CpuPeriod": 5000}, {"NanoCpus": 1},
        "CPU Period cannot be updated as NanoCPUs has already been set",
    ),
    (
        "update-cpu-quota", "/CpuQuota", {"CpuQuota": 5000}, {"NanoCpus": 1},
        "CPU Quota cannot be updated as NanoCPUs has already been set",
    ),
    (
        "update-memory", "/Memory", {"Memory": 65 * MB}, {"Memory": 32 * MB, "MemorySwap": 64 * MB},
        "Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same",
    ),
    (
        "update-memory", "/Memory", {"Memory": 65 * MB}, {"MemorySwap": -1},
        "Memory limit should be smaller than already set memoryswap limit",
    ),
    (
        "update-restart", "/RestartPolicy", {"RestartPolicy": {"Name": "always"}}, {"AutoRemove": True},
        "because AutoRemove is enabled",
    ),
)  # fmt: skip
