"""Rules of HostConfig that hold on every host (moby daemon/container.go validateHostConfig, daemon_unix.go)."""

from collections.abc import Iterator

from statesvc.domain.documents import HostConfig, RestartPolicy
from statesvc.domain.go import paths
from statesvc.domain.runtimes import is_shim_name
from statesvc.errors import Problem
from statesvc.validation.context import Context
from statesvc.validation.rules import Rule, rule

_HOST = "moby daemon/container.go validateHostConfig"
_PLATFORM = "moby daemon/daemon_unix.go verifyPlatformContainerSettings"
_RESTART = "moby api/types/container/hostconfig.go ValidateRestartPolicy"
AUTO_REMOVE = rule("auto-remove", "/HostConfig/AutoRemove", "A container that removes itself is not restarted.", _HOST)
RESTART_NAME = rule(
    "restart-policy", "/HostConfig/RestartPolicy/Name", "no, always, on-failure, unless-stopped.", _RESTART
)
RESTART_COUNT = rule(
    "restart-count",
    "/HostConfig/RestartPolicy/MaximumRetryCount",
    "Only on-failure has a retry count, and it is not negative.",
    _RESTART,
)
CAP_ADD = rule(
    "cap-add", "/HostConfig/CapAdd/N", "ALL or a capability of Linux.", "moby oci/caps NormalizeLegacyCapabilities"
)
CAP_DROP = rule("cap-drop", "/HostConfig/CapDrop/N", "ALL or a capability of Linux.", "moby oci/caps")
ISOLATION = rule(
    "isolation", "/HostConfig/Isolation", "Linux has the default isolation only.", "moby runconfig validateIsolation"
)
ANNOTATION = rule("annotation-key", "/HostConfig/Annotations", "An annotation has a key.", _HOST)
SHM_SIZE = rule("shm-size", "/HostConfig/ShmSize", "The size of /dev/shm is not negative.", _PLATFORM)
OOM_SCORE = rule("oom-score", "/HostConfig/OomScoreAdj", "The OOM score is adjusted by -1000 to 1000.", _PLATFORM)
CGROUP_PARENT = rule(
    "cgroup-parent", "/HostConfig/CgroupParent", "With systemd, a cgroup parent is a .slice.", _PLATFORM
)
RUNTIME = rule(
    "runtime", "/HostConfig/Runtime", "A configured runtime, or a shim's name; never a path.", "moby runtimes.Get"
)
RUNTIME_PATH = rule(
    "runtime-path",
    "/HostConfig/Runtime",
    "The binary of a runtime with arguments can be executed.",
    "moby daemon/runtime_unix.go setupRuntimes, PreflightCheck",
)
TMPFS = rule("tmpfs-destination", "/HostConfig/Tmpfs/K", "A tmpfs is at an absolute path that is not /.", _PLATFORM)
STORAGE_OPT = rule(
    "storage-opt", "/HostConfig/StorageOpt/K", "The storage driver has the option.", "moby overlay2 parseStorageOpt"
)

CAPABILITIES = frozenset(
    """AUDIT_CONTROL AUDIT_READ AUDIT_WRITE BLOCK_SUSPEND BPF CHECKPOINT_RESTORE CHOWN DAC_OVERRIDE DAC_READ_SEARCH
    FOWNER FSETID IPC_LOCK IPC_OWNER KILL LEASE LINUX_IMMUTABLE MAC_ADMIN MAC_OVERRIDE MKNOD NET_ADMIN NET_BIND_SERVICE
    NET_BROADCAST NET_RAW PERFMON SETFCAP SETGID SETPCAP SETUID SYSLOG SYS_ADMIN SYS_BOOT SYS_CHROOT SYS_MODULE SYS_NICE
    SYS_PACCT SYS_PTRACE SYS_RAWIO SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG WAKE_ALARM""".split()
)
_POLICIES = frozenset({"no", "always", "on-failure", "unless-stopped"})


def auto_remove_problems(host: HostConfig) -> Iterator[Problem]:
    """Yield the conflict between AutoRemove and a restart policy."""
    if host.AutoRemove and host.RestartPolicy.Name not in {"", "no"}:
        yield AUTO_REMOVE.broken("can't create 'AutoRemove' container with restart policy", value=True)


def restart_problems(policy: RestartPolicy) -> Iterator[Problem]:
    """Yield what is wrong with a restart policy."""
    name, count = policy.Name, policy.MaximumRetryCount
    if name and name not in _POLICIES:
        known = "use one of 'no', 'always', 'on-failure', or 'unless-stopped'"
        yield RESTART_NAME.broken(f"invalid restart policy: unknown policy '{name}'; {known}", name)
    elif name == "on-failure":
        if count < 0:
            yield RESTART_COUNT.broken("invalid restart policy: maximum retry count cannot be negative", count)
    elif count != 0:
        message = "invalid restart policy: maximum retry count can only be used with 'on-failure'"
        yield RESTART_COUNT.broken(message + (" and cannot be negative" if count < 0 else ""), count)


def cap_add_problems(host: HostConfig) -> Iterator[Problem]:
    """Yield the capabilities to add that Linux does not have."""
    return _unknown(CAP_ADD, "CapAdd", host.CapAdd)


def cap_drop_problems(host: HostConfig) -> Iterator[Problem]:
    """Yield the capabilities to drop that Linux does not have."""
    return _unknown(CAP_DROP, "CapDrop", host.CapDrop)


def _unknown(broken: Rule, field: str, written: list[str] | None) -> Iterator[Problem]:
    for at, text in enumerate(written or ()):
        if text in CAPABILITIES:
            continue
        name = text.upper()
        if name != "ALL" and name.removeprefix("CAP_") not in CAPABILITIES:
            full = name if name.startswith("CAP_") else f"CAP_{name}"
            yield broken.broken(f'invalid {field}: unknown capability: "{full}"', text, at=at)


def isolation_problems(host: HostConfig) -> Iterator[Problem]:
    """Yield what is wrong with the isolation."""
    if host.Isolation.lower() not in {"", "default"}:
        message = f"Invalid isolation: \"{host.Isolation}\" - linux only supports 'default'"
        yield ISOLATION.broken(message, host.Isolation)


def annotation_problems(host: HostConfig) -> Iterator[Problem]:
    """Yield what is wrong with the annotations."""
    if "" in (host.Annotations or ()):
        message = "invalid Annotations: the empty string is not permitted as an annotation key"
        yield ANNOTATION.broken(message, "")


def size_problems(host: HostConfig) -> Iterator[Problem]:
    """Yield a negative size of /dev/shm."""
    if host.ShmSize < 0:
        yield SHM_SIZE.broken("SHM size can not be less than 0", host.ShmSize)


def oom_score_problems(host: HostConfig) -> Iterator[Problem]:
    """Yield an OOM score adjustment outside its range."""
    if not -1000 <= host.OomScoreAdj <= 1000:
        message = f"Invalid value {host.OomScoreAdj}, range for oom score adj is [-1000, 1000]"
        yield OOM_SCORE.broken(message, host.OomScoreAdj)


def cgroup_parent_problems(host: HostConfig, driver: str) -> Iterator[Problem]:
    """Yield a cgroup parent that is invalid for systemd."""
    parent = host.CgroupParent
    if parent and driver == "systemd" and (len(parent) <= len(".slice") or not parent.endswith(".slice")):
        message = 'cgroup-parent for systemd cgroup should be a valid slice named as "xxx.slice"'
        yield CGROUP_PARENT.broken(message, parent)


def runtime_problems(host: HostConfig, context: Context) -> Iterator[Problem]:
    """Yield a runtime that is neither configured nor a shim, or whose binary cannot be executed."""
    name = host.Runtime
    if name and name not in context.daemon.runtimes and not is_shim_name(name):
        yield RUNTIME.broken(f"unknown or invalid runtime name: {name}", name)
    elif context.runtime_obstacle:
        message = f"error while looking up the specified runtime path: {context.runtime_obstacle}"
        yield RUNTIME_PATH.broken(message, name or context.daemon.default_runtime)


def tmpfs_problems(host: HostConfig) -> Iterator[Problem]:
    """Yield the invalid destinations of tmpfs mounts."""
    for destination in sorted(host.Tmpfs or ()):
        if paths.is_root(destination):
            message = "invalid specification: destination can't be '/'"
            yield TMPFS.broken(message, destination, at=destination)
        elif not paths.is_absolute(destination):
            message = f"invalid mount path: '{destination}' mount path must be absolute"
            yield TMPFS.broken(message, destination, at=destination)


def storage_problems(host: HostConfig, driver: str) -> Iterator[Problem]:
    """Yield unknown storage options, and the size of overlay2: it needs XFS with quotas, which is not assumed here."""
    for option in sorted(host.StorageOpt or ()):
        if option.lower() != "size":
            yield STORAGE_OPT.broken(f"Unknown option {option}", option, at=option)
        elif driver == "overlay2":
            message = "--storage-opt is supported only for overlay over xfs with 'pquota' mount option"
            yield STORAGE_OPT.broken(message, option, at=option)
