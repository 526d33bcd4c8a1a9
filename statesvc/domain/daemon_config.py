"""The settings of Docker's daemon.json that concern containers: the runtimes, and defaults for new containers."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from statesvc.domain.documents import LogConfig, Ulimit
from statesvc.domain.runtimes import RUNC, STOCK, Runtime

CGROUP_DRIVERS = ("cgroupfs", "systemd", "none")

STANDARD_LOG = LogConfig(Type="json-file", Config={})
"""The log configuration of an engine without log settings."""


@dataclass(frozen=True, slots=True)
class DaemonConfig:
    """A daemon configuration: the file as the user wrote it (`text`), and the settings in it.

    Sizes are bytes. An empty `cgroupns_mode`, `cgroup_driver` or `cgroup_parent` leaves the choice to the host.
    `warnings` are sentences about what is in the file and has no effect.
    """

    text: str = "{}"
    runtimes: Mapping[str, Runtime] = field(default_factory=lambda: {runtime.name: runtime for runtime in STOCK})
    default_runtime: str = RUNC
    shm_size: int = 64 * 1024 * 1024
    ipc_mode: str = "private"
    cgroupns_mode: str = ""
    cgroup_parent: str = ""
    cgroup_driver: str = ""
    userns_remap: str = ""
    labels: tuple[str, ...] = ()
    log: LogConfig = STANDARD_LOG
    ulimits: Mapping[str, Ulimit] = field(default_factory=dict)
    live_restore: bool = False
    warnings: tuple[str, ...] = ()
