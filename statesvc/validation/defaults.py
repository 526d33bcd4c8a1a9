"""Docker's defaults for settings that a request leaves out (moby daemon/daemon_unix.go adaptContainerSettings)."""

from statesvc.domain.documents import HostConfig
from statesvc.domain.network_mode import BRIDGE
from statesvc.validation import log_config, security
from statesvc.validation.context import Context

MASKED_PATHS = (
    "/proc/asound", "/proc/acpi", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
    "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware",
    "/sys/devices/virtual/powercap",
)  # fmt: skip
READONLY_PATHS = ("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger")


def fill(host: HostConfig, context: Context) -> HostConfig:
    """Return the host configuration with Docker's defaults, without Links: those are stored as names."""
    policy = host.RestartPolicy
    return host.copy_with(
        Links=None,
        NetworkMode=BRIDGE if host.NetworkMode in {"", "default"} else host.NetworkMode,
        IpcMode=host.IpcMode or context.daemon.ipc_mode,
        CgroupnsMode=host.CgroupnsMode or _cgroupns(host, context),
        ShmSize=host.ShmSize or context.daemon.shm_size,
        Runtime=host.Runtime or context.daemon.default_runtime,
        LogConfig=log_config.with_defaults(host.LogConfig, context.daemon.log),
        RestartPolicy=policy if policy.Name else policy.copy_with(Name="no"),
        OomKillDisable=bool(host.OomKillDisable),
        MemorySwap=_int64(host.Memory * 2) if host.MemorySwap == 0 and host.Memory > 0 else host.MemorySwap,
        SecurityOpt=security.with_generated(host),
        MaskedPaths=_hidden(host, host.MaskedPaths, (*MASKED_PATHS, *context.facts.thermal_throttles)),
        ReadonlyPaths=_hidden(host, host.ReadonlyPaths, READONLY_PATHS),
    )


def _cgroupns(host: HostConfig, context: Context) -> str:
    # With cgroup v2, even a privileged container has a namespace of its own.
    if context.facts.cgroup_version == 1:
        return "host" if host.Privileged else context.daemon.cgroupns_mode or "host"
    return context.daemon.cgroupns_mode or "private"


def _hidden(host: HostConfig, asked: list[str] | None, default: tuple[str, ...]) -> list[str] | None:
    return list(default) if asked is None and not host.Privileged else asked


def _int64(number: int) -> int:
    return (number + 2**63) % 2**64 - 2**63
