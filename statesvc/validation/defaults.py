"""What Docker fills in where a request says nothing (moby runconfig and daemon/daemon_unix.go)."""

from statesvc.domain.documents import EndpointSettings, HostConfig, LogConfig, NetworkingConfig, RestartPolicy
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
    changes: dict[str, object] = {"Links": None}
    if host.NetworkMode in {"", "default"}:
        changes["NetworkMode"] = DEFAULT_NETWORK
    if not host.IpcMode:
        changes["IpcMode"] = "private"
    if not host.CgroupnsMode:
        changes["CgroupnsMode"] = "host" if context.facts.cgroup_version == 1 or host.Privileged else "private"
    if not host.ShmSize:
        changes["ShmSize"] = SHM_SIZE
    if not host.Runtime:
        changes["Runtime"] = context.daemon.default_runtime
    changes["LogConfig"] = _log(host.LogConfig)
    if not host.RestartPolicy.Name:
        changes["RestartPolicy"] = RestartPolicy(Name="no", MaximumRetryCount=host.RestartPolicy.MaximumRetryCount)
    if host.OomKillDisable is None and context.facts.oom_kill_disable:
        changes["OomKillDisable"] = False
    if host.MemorySwap == 0 and host.Memory > 0:
        changes["MemorySwap"] = host.Memory * 2
    if not host.Privileged:
        if host.MaskedPaths is None:
            changes["MaskedPaths"] = list(MASKED_PATHS)
        if host.ReadonlyPaths is None:
            changes["ReadonlyPaths"] = list(READONLY_PATHS)
    return host.copy_with(**changes)


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
