"""What the fields of a request may hold: one maker per field, biased to where rules begin and end."""

from collections.abc import Callable
from random import Random
from typing import Any

Maker = Callable[[Random], Any]
MIB = 1024 * 1024
REFERENCES = ("base", "/base", "onhost", "volumed", "missing", "", "BASE", "base/x")
TARGETS = (
    "/data",
    "/data/",
    "//data",
    "/a/../b",
    "/",
    "/.",
    "",
    "data",
    "./data",
    "/d:x",
    "/mnt/ä",
    "/data/..",
    "C:/x",
)
SOURCES = (
    "/tmp",
    "/tmp/",
    "/no/such/folder",
    "/etc/passwd",
    "",
    "tmp",
    "../x",
    "vol1",
    "v",
    "vol 1",
    "-vol",
    "vol.1_x",
    "/",
)
MODES = (
    "", "ro", "rw", "RO", "z", "Z", "ro,z", "z,Z", "ro,rw", "rprivate", "ro,rslave", "shared", "nocopy", "ro,nocopy",
    "cached", "delegated,consistent", "x", "ro,", ",", "private,slave", "noexec", "ro,ro",
)  # fmt: skip
SIZES = (-1, 0, 1, 4096, 6 * MIB - 1, 6 * MIB, 6 * MIB + 1, 64 * MIB, 2**40, 2**62, -2, 2**63 - 1, -(2**63))
SMALL = (-(2**31), -1001, -1000, -2, -1, 0, 1, 9, 10, 50, 100, 101, 999, 1000, 1001, 2**31)
TIMES = (-1, 0, 1, 999_999, 1_000_000, 1_000_001, 10**9, 2**63 - 1, -(10**9))
WORDS = ("", "a", "A", "no", "yes", "true", "0", "1", "x=y", "=", " ", "ä", "a b", "x" * 70)
PORTS = (
    "80", "80/tcp", "80/udp", "80/sctp", "80/xyz", "0", "65535", "65536", "-1", "", "/tcp", "80-82", "82-80/tcp", "a",
    "80/TCP", "080", "80/tcp/udp", " 80", "8o/tcp", "1-2-3",
)  # fmt: skip


def one(*values: Any) -> Maker:
    """One of these values."""
    return lambda random: random.choice(values)


def some(maker: Maker, most: int = 3) -> Maker:
    """A list of up to so many; sometimes null."""
    return lambda random: None if random.random() < 0.05 else [maker(random) for _ in range(random.randint(0, most))]


def table(keys: Maker, values: Maker, most: int = 2) -> Maker:
    """An object of up to so many members; sometimes null."""
    return lambda random: (
        None if random.random() < 0.05 else {keys(random): values(random) for _ in range(random.randint(0, most))}
    )


def record(chance: float = 0.5, **fields: Maker) -> Maker:
    """An object with each of these fields by chance."""
    return lambda random: {name: make(random) for name, make in fields.items() if random.random() < chance}


def joined(separator: str, *parts: Maker, fewest: int = 1) -> Maker:
    """Texts with a separator between them, the last ones sometimes left out."""
    return lambda random: separator.join(str(make(random)) for make in parts[: random.randint(fewest, len(parts))])


def either(*makers: Maker) -> Maker:
    """What one of the makers makes."""
    return lambda random: random.choice(makers)(random)


REFERENCE = one(*REFERENCES)
_SHARED = ("host", "none", "private", "shareable", "container", "container:", "container:base", "container:missing")
MODE = one("", *_SHARED, "container:base:x", "container:volumed", "Host", "bridge", "default", "x", "own-net")
SIGNAL = one(
    "", "TERM", "SIGTERM", "term", "sigkill", "9", "0", "64", "65", "-1", "RTMIN", "SIGRTMIN+3", "RTMAX-14", "RTMAX-15",
    "RTMIN+15", "rtmin+1", "KILL ", "INT,TERM", "32", "CLD", "SIGIOT", "POLL", "SIGSTKFLT", "09", "+9", "1.5",
)  # fmt: skip

CPUS = one(
    "", "0", "0-1", "1", "0,1", "1-0", "7", "0-7", "a", "0,", ",", "-1", "0-", " 0", "8193", "0-8191", "00", "+0", "0,0"
)
BIND = either(
    joined(":", one(*SOURCES), one(*TARGETS), one(*MODES)),
    joined(":", one("/tmp", "/etc", "vol1"), one("/data", "/b"), one(*MODES), fewest=2),
    joined(":", one(*SOURCES), one("/data", "/b"), one("", "ro", "z"), one("x", "ro"), fewest=2),
)
MOUNT = record(
    0.8,
    Type=one("bind", "volume", "tmpfs", "npipe", "", "Bind", "cluster"),
    Source=one(*SOURCES),
    Target=one("/data", "/b", *TARGETS),
    ReadOnly=one(False, False, True),
)
FITTING_MOUNT = either(
    record(
        1, Type=one("bind"), Source=one("/tmp", "/etc"), Target=one("/data", "/b", "/data/"), ReadOnly=one(True, False)
    ),
    record(1, Type=one("volume"), Source=one("", "vol1"), Target=one("/data", "/b"), ReadOnly=one(False)),
    record(1, Type=one("tmpfs"), Target=one("/data", "/b"), ReadOnly=one(True, False)),
)


def mount(random: Random) -> dict[str, Any]:
    """A mount with options by chance."""
    made: dict[str, Any] = either(MOUNT, FITTING_MOUNT)(random)
    options: dict[str, Maker] = {
        "BindOptions": record(
            0.6, Propagation=one("", "rprivate", "shared", "x", "rslave", "RO"), NonRecursive=one(True, False)
        ),
        "VolumeOptions": record(
            0.4,
            NoCopy=one(True, False),
            Labels=table(one("a", ""), one("b", "")),
            DriverConfig=record(
                0.5,
                Name=one("", "local", "nope"),
                Options=table(one("type", "o", "device", "x", "size"), one("tmpfs", "", "1m")),
            ),
        ),
        "TmpfsOptions": record(0.6, SizeBytes=one(-1, 0, 1, 4096, 2**40), Mode=one(0, 0o777, 0o1777, 0o7777, 2**31)),
        "Consistency": one("", "cached", "delegated", "consistent", "default", "x"),
    }
    for name, make in options.items():
        if random.random() < 0.2:
            made[name] = make(random)
    return made


LOG_OPTIONS = {
    "json-file": ("max-size", "max-file", "compress", "labels", "labels-regex", "env", "env-regex", "tag"),
    "local": ("max-size", "max-file", "compress", "tag"),
    "syslog": ("syslog-address", "syslog-facility", "syslog-format", "syslog-tls-skip-verify", "tag", "labels"),
    "journald": ("labels", "labels-regex", "env", "tag"),
    "gelf": ("gelf-address", "gelf-compression-type", "gelf-compression-level", "gelf-tcp-max-reconnect", "tag"),
    "fluentd": (
        "fluentd-address",
        "fluentd-async",
        "fluentd-async-connect",
        "fluentd-buffer-limit",
        "fluentd-retry-wait",
    ),
    "awslogs": (
        "awslogs-group",
        "awslogs-region",
        "awslogs-create-group",
        "awslogs-datetime-format",
        "awslogs-multiline-pattern",
    ),
    "splunk": ("splunk-token", "splunk-url", "splunk-format", "splunk-gzip", "splunk-gzip-level"),
    "gcplogs": ("gcp-project", "gcp-log-cmd", "labels"),
    "none": ("max-size",),
    "": ("max-size",),
    "nope": (),
    "logentries": ("logentries-token",),
}
LOG_VALUES = (
    "", "0", "1", "-1", "10m", "1k", "1g", "-1m", "x", "true", "false", "yes", "gzip", "zlib", "none", "9", "10", "5s",
    "udp://127.0.0.1:514", "tcp://127.0.0.1:12201", "tcp://127.0.0.1", "unix:///no/such", "http://h:1",
    "127.0.0.1:24224",
    "daemon", "local7", "rfc5424", "rfc3164", "^a", "(", "{{.ID}}", "{{", "inline", "json", "raw", "1.5", "1ms",
)  # fmt: skip


def log_config(random: Random) -> dict[str, Any]:
    """A log driver with options of its own and, at times, strange ones."""
    driver = random.choice(list(LOG_OPTIONS))
    names = (*LOG_OPTIONS[driver], "mode", "max-buffer-size", "cache-disabled", "cache-max-size", "strange")
    made: dict[str, Any] = {"Type": driver}
    if random.random() < 0.9:
        chosen = random.sample(names, random.randint(0, min(3, len(names))))
        made["Config"] = {name: _log_value(name, random) for name in chosen}
    return made


def _log_value(name: str, random: Random) -> str:
    fitting = {
        "mode": ("blocking", "non-blocking", "non-blocking", "", "x"),
        "max-buffer-size": ("1m", "4k", "", "x", "-1"),
    }
    return random.choice(fitting.get(name, LOG_VALUES))


HEALTH = record(
    0.5,
    Test=some(one("NONE", "CMD", "CMD-SHELL", "true", "", "x")),
    Interval=one(*TIMES),
    Timeout=one(*TIMES),
    StartPeriod=one(*TIMES),
    Retries=one(*SMALL),
)
SECURITY = one(
    "no-new-privileges", "no-new-privileges=true", "no-new-privileges:false", "no-new-privileges=x", "label=disable",
    "label:user:a", "label=x", "label", "apparmor=unconfined", "apparmor:", "seccomp=unconfined", "seccomp={}",
    "seccomp",
    "seccomp=/no/such", "systempaths=unconfined", "x", "", "=", "a=b", "apparmor", "seccomp:unconfined",
    "No-New-Privileges",
)  # fmt: skip
CAPABILITY = one(
    "ALL", "all", "NET_ADMIN", "net_admin", "CAP_NET_ADMIN", "cap_sys_time", "BPF", "PERFMON",
    "CHECKPOINT_RESTORE", "CAP_ALL",
    "", "NOPE", "CAP_", "SYS_ADMIN ", "CHOWN", "AUDIT_READ", "CAP_CAP_CHOWN",
)  # fmt: skip
HOST_ENTRY = one(
    "a:1.2.3.4", "a:", ":1.2.3.4", "a", "", "a:::1", "a:[::1]", "a:1.2.3.4.5", "a:host-gateway", "a: 1.2.3.4",
    "a=1.2.3.4",
    "a:01.2.3.4", "a:fe80::1%eth0", "a:::ffff:1.2.3.4", "a b:1.1.1.1", "a:1.2.3", "a:256.1.1.1",
    "host-gateway:host-gateway",
)  # fmt: skip
BINDING = record(
    0.8, HostIp=one("", "0.0.0.0", "127.0.0.1", "::1", "x", "1.2.3"), HostPort=either(one("", "8080", "0"), one(*PORTS))
)
ULIMIT = record(0.8, Name=one("nofile", "NOFILE", "x", ""), Soft=one(-1, 0, 10, 2048), Hard=one(-1, 0, 10, 1024))
ENDPOINT = record(
    0.5,
    Aliases=some(one("a", "")),
    MacAddress=one("", "02:42:ac:11:00:02", "x"),
    Links=some(one("base:b", "x")),
)
THROTTLE = record(0.8, Path=one("/dev/sda", "/dev/null", "", "x"), Rate=one(0, 1, 2**40))
DEVICE = record(
    0.8,
    PathOnHost=one("/dev/null", "/no", ""),
    PathInContainer=one("/dev/x", ""),
    CgroupPermissions=one("rwm", "", "x"),
)
