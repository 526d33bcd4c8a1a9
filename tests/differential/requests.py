"""Requests to create and to update a container, made by chance from a seed: one to three fields each."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from random import Random
from typing import Any

from differential.values import (
    BIND,
    BINDING,
    CAPABILITY,
    CPUS,
    DEVICE,
    ENDPOINT,
    HEALTH,
    HOST_ENTRY,
    MIB,
    MODE,
    MODES,
    PORTS,
    REFERENCE,
    SECURITY,
    SIGNAL,
    SIZES,
    SMALL,
    TARGETS,
    THROTTLE,
    ULIMIT,
    WORDS,
    Maker,
    either,
    joined,
    log_config,
    mount,
    one,
    record,
    some,
    table,
)  # fmt: skip

VERSIONS = ("1.41", "1.41", "1.41", "1.40", "1.39", "1.30", "1.25", "1.24")

PROCESS: Mapping[str, Maker] = {
    "WorkingDir": one(*TARGETS),
    "StopSignal": SIGNAL,
    "StopTimeout": one(None, *SMALL),
    "Env": some(either(one("A=1", "A=2", "B", "=x", "", "A", " =", "ä=ö", "A==", "=", "a b=c"))),
    "Cmd": one(None, [], ["true"], "true", "", [""], ["", "x"]),
    "Entrypoint": one(None, [], [""], ["/bin/sh"], "sh", ["", "a"]),
    "User": one("", "root", "0:0", "nobody", ":", "a:b:c", "-1", "99999999999"),
    "Healthcheck": HEALTH,
    "Labels": table(one("a", "", "A b", "com.x/y"), one(*WORDS)),
    "Tty": one(True, False),
    "OpenStdin": one(True, False),
    "Shell": some(one("sh", "")),
    "OnBuild": some(one("RUN x", "")),
    "ArgsEscaped": one(True, False),
}
NAMESPACES: Mapping[str, Maker] = {
    "Hostname": one("", "web", "a.b", "x" * 70, "-x", "a_b", "a b", "ä"),
    "Domainname": one("", "example.org", "x"),
    "NetworkDisabled": one(True, False),
    "MacAddress": one("", "02:42:ac:11:00:02", "x", "02-42-ac-11-00-02", "00:00"),
    "ExposedPorts": table(one("80/tcp", "80", "53/udp", "1-3/tcp"), one({})),
    "HostConfig.NetworkMode": either(MODE, one("bridge", "host", "none", "container:base")),
    "HostConfig.IpcMode": MODE,
    "HostConfig.PidMode": MODE,
    "HostConfig.UTSMode": MODE,
    "HostConfig.UsernsMode": MODE,
    "HostConfig.CgroupnsMode": MODE,
    "HostConfig.Isolation": one("", "default", "DEFAULT", "process", "hyperv", "x"),
    "HostConfig.Privileged": one(True, False),
    "HostConfig.Dns": some(one("8.8.8.8", "x", "", "::1")),
    "HostConfig.DnsOptions": some(one("ndots:1", "")),
    "HostConfig.DnsSearch": some(one("example.org", ".", "")),
    "HostConfig.ExtraHosts": some(HOST_ENTRY, 2),
    "HostConfig.Links": some(joined(":", REFERENCE, one("alias", "", "/x/alias", "base")), 2),
    "HostConfig.PortBindings": table(one(*PORTS), some(BINDING, 2)),
    "HostConfig.PublishAllPorts": one(True, False),
    "NetworkingConfig.EndpointsConfig": table(one("bridge", "own-net", "host", "none", "default"), ENDPOINT, 2),
}
STORAGE: Mapping[str, Maker] = {
    "Volumes": table(one(*TARGETS), one({}), 2),
    "HostConfig.Binds": some(BIND, 2),
    "HostConfig.Mounts": some(mount, 2),
    "HostConfig.VolumesFrom": some(
        joined(
            ":", one("volumed", "volumed", "base", "missing", ""), one("", "ro", "rw", "z", "nocopy", "x", "rslave")
        ),
        2,
    ),
    "HostConfig.VolumeDriver": one("", "local", "nope"),
    "HostConfig.Tmpfs": table(
        one(*TARGETS), either(one("", "size=1m", "rw,noexec", "size=x", "uid=0", "x"), one(*MODES)), 2
    ),
    "HostConfig.ReadonlyRootfs": one(True, False),
    "HostConfig.ShmSize": one(-1, 0, 1, MIB, 2**40),
}
LIMITS: Mapping[str, Maker] = {
    "Memory": one(*SIZES),
    "MemorySwap": one(*SIZES),
    "MemoryReservation": one(*SIZES),
    "MemorySwappiness": one(None, *SMALL),
    "KernelMemory": one(*SIZES),
    "CpuShares": one(-1, 0, 1, 2, 1024, 262145),
    "CpuPeriod": one(-1, 0, 1, 999, 1000, 100_000, 1_000_000, 1_000_001),
    "CpuQuota": one(-1, 0, 1, 999, 1000, 50_000, 10**9),
    "NanoCpus": one(-1, 0, 1, 10**7, 10**9, 2 * 10**9, 2 * 10**9 + 1, 10**12),
    "CpusetCpus": CPUS,
    "CpusetMems": CPUS,
    "CpuRealtimePeriod": one(-1, 0, 1, 1000, 10**6),
    "CpuRealtimeRuntime": one(-1, 0, 1, 1000, 950_000),
    "BlkioWeight": one(0, 1, 9, 10, 500, 1000, 1001, 65535),
    "PidsLimit": one(None, -2, -1, 0, 1, 100, 2**40),
    "RestartPolicy": record(
        0.8,
        Name=one("", "no", "always", "on-failure", "unless-stopped", "x", "Always", "on-failure:3"),
        MaximumRetryCount=one(-1, 0, 0, 1, 5),
    ),
}
HOST: Mapping[str, Maker] = {f"HostConfig.{name}": make for name, make in LIMITS.items()} | {
    "HostConfig.OomKillDisable": one(None, True, False),
    "HostConfig.CpuCount": one(-1, 0, 1),
    "HostConfig.CpuPercent": one(-1, 0, 1, 101),
    "HostConfig.IOMaximumIOps": one(0, 1),
    "HostConfig.IOMaximumBandwidth": one(0, 1),
    "HostConfig.BlkioDeviceReadBps": some(THROTTLE, 2),
    "HostConfig.BlkioDeviceWriteIOps": some(THROTTLE, 2),
    "HostConfig.BlkioWeightDevice": some(record(0.8, Path=one("/dev/sda", ""), Weight=one(0, 10, 1001)), 2),
    "HostConfig.Devices": some(DEVICE, 2),
    "HostConfig.DeviceCgroupRules": some(one("c 1:3 rwm", "x", ""), 2),
    "HostConfig.Ulimits": some(ULIMIT, 2),
    "HostConfig.KernelMemoryTCP": one(-1, 0, 1, MIB),
}
ENGINE: Mapping[str, Maker] = {
    "HostConfig.AutoRemove": one(True, False),
    "HostConfig.RestartPolicy": LIMITS["RestartPolicy"],
    "HostConfig.LogConfig": log_config,
    "HostConfig.SecurityOpt": some(SECURITY),
    "HostConfig.CapAdd": some(CAPABILITY),
    "HostConfig.CapDrop": some(CAPABILITY),
    "HostConfig.Sysctls": table(one("net.ipv4.ip_forward", "kernel.shmmax", "x", ""), one("1", "", "x")),
    "HostConfig.StorageOpt": table(one("size", "SIZE", "x", ""), one("10G", "x", "")),
    "HostConfig.Runtime": one("", "runc", "nope", "/usr/bin/runc", "RUNC", "../x"),
    "HostConfig.OomScoreAdj": one(*SMALL),
    "HostConfig.CgroupParent": one("", "/x", "x.slice", ".slice", "a/b", "../x"),
    "HostConfig.GroupAdd": some(one("0", "audio", "", "-1")),
    "HostConfig.Init": one(None, True, False),
    "HostConfig.MaskedPaths": one(None, [], ["/x"], [""]),
    "HostConfig.ReadonlyPaths": one(None, [], ["/x"], ["x"]),
    "HostConfig.ContainerIDFile": one("", "/x"),
    "HostConfig.Cgroup": one("", "x"),
}
FAMILIES = (PROCESS, NAMESPACES, STORAGE, HOST, ENGINE)
ALL = {name: make for family in FAMILIES for name, make in family.items()}
NAMES = (
    "base", "/base", "n", "a", "ab", "a.b", "a_b-c", "-a", ".a", "a b", "a/b", "/", "//ab", "/ab", "ä", "a:b",
    "x" * 300, "A" * 63,
)  # fmt: skip
IMAGES = (
    "busybox",
    "busybox:latest",
    "busybox:nope",
    "nope",
    "",
    "Busybox",
    "docker.io/library/busybox",
    "a b",
    "sha256:abc",
)


@dataclass(frozen=True)
class Create:
    """A request to create a container: the fields by their dotted names."""

    version: str
    fields: Mapping[str, Any]
    name: str = ""
    image: str = "busybox:latest"

    @property
    def body(self) -> dict[str, Any]:
        """The document that is sent."""
        made: dict[str, Any] = {"Image": self.image}
        for dotted, value in self.fields.items():
            section, _, field = dotted.rpartition(".")
            (made.setdefault(section, {}) if section else made)[field] = value
        return made

    def get(self, dotted: str) -> Any:
        """Return what a field holds, None if it is not there."""
        return self.fields.get(dotted)

    def without(self, dotted: str) -> "Create":
        """Return the request without one of its fields."""
        return replace(self, fields={name: value for name, value in self.fields.items() if name != dotted})


def create(random: Random) -> Create:
    """Make a request; two fields of one family are more likely to say something about each other."""
    family = random.choice((*FAMILIES, *FAMILIES, ALL))
    chosen = random.sample(list(family), random.choice((1, 1, 1, 2, 2, 3)))
    fields = {name: family[name](random) for name in chosen}
    name = random.choice(NAMES) if random.random() < 0.05 else ""
    image = random.choice(IMAGES) if random.random() < 0.03 else "busybox:latest"
    return Create(random.choice(VERSIONS), fields, name, image)


@dataclass(frozen=True)
class Update:
    """A request to change a container's limits."""

    version: str
    fields: Mapping[str, Any]


def update(random: Random) -> Update:
    """Make an update of one to three fields."""
    chosen = random.sample(list(LIMITS), random.choice((1, 1, 2, 3)))
    return Update(random.choice(VERSIONS), {name: LIMITS[name](random) for name in chosen})
