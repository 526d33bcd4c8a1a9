"""What Docker fills in where a request says nothing (moby runconfig and daemon/daemon_unix.go)."""

from statesvc.domain.documents import EndpointSettings, HostConfig, LogConfig, NetworkingConfig
from statesvc.validation.context import Context

SHM_SIZE = 64 * 1024 * 1024
MASKED_PATHS = (
    "/proc/asound", "/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list",
    "/proc/timer_stats", "/proc/sched_debug", "/proc/scsi", "/sys/firmware", "/sys/devices/virtual/powercap",
)  # fmt: skip
READONLY_PATHS = ("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger")
DEFAULT_NETWORK = "bridge"


def fill(host: HostConfig, context: Context) -> HostConfig:
    """Return the host configuration with Docker's defaults. Links are left out: they are kept as names."""
    on_v1 = context.facts.cgroup_version == 1
    policy = host.RestartPolicy
    return host.copy_with(
        Links=None,
        NetworkMode=DEFAULT_NETWORK if host.NetworkMode in {"", "default"} else host.NetworkMode,
        IpcMode=host.IpcMode or "private",
        CgroupnsMode=host.CgroupnsMode or ("host" if on_v1 or host.Privileged else "private"),
        ShmSize=host.ShmSize or SHM_SIZE,
        Runtime=host.Runtime or context.daemon.default_runtime,
        LogConfig=_log(host.LogConfig),
        RestartPolicy=policy if policy.Name else policy.copy_with(Name="no"),
        OomKillDisable=_oom_kill_disable(host, context),
        MemorySwap=host.Memory * 2 if host.MemorySwap == 0 and host.Memory > 0 else host.MemorySwap,
        MaskedPaths=_hidden(host, host.MaskedPaths, MASKED_PATHS),
        ReadonlyPaths=_hidden(host, host.ReadonlyPaths, READONLY_PATHS),
    )


def _oom_kill_disable(host: HostConfig, context: Context) -> bool | None:
    return False if host.OomKillDisable is None and context.facts.oom_kill_disable else host.OomKillDisable


def _hidden(host: HostConfig, asked: list[str] | None, default: tuple[str, ...]) -> list[str] | None:
    return list(default) if asked is None and not host.Privileged else asked


def _log(written: LogConfig) -> LogConfig:
    return LogConfig(Type=written.Type or "json-file", Config=written.Config or {})


def networks(host: HostConfig, networking: NetworkingConfig | None) -> dict[str, EndpointSettings]:
    """Return the networks a new container is connected to, by name."""
    mode = host.NetworkMode
    if mode.startswith("container:"):
        return {}
    asked = dict((networking and networking.EndpointsConfig) or {})
    if "default" in asked:
        asked.setdefault(mode, asked.pop("default"))
    named = {name: endpoint or EndpointSettings() for name, endpoint in asked.items()}
    return named if mode in named else {mode: EndpointSettings(), **named}
