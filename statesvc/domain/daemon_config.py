"""The part of Docker's daemon.json that concerns container state: the runtimes, and the defaults of containers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from statesvc.domain.documents import LogConfig, Ulimit

RUNC = "runc"
SHIM = "io.containerd.runc.v2"
CGROUP_DRIVERS = ("cgroupfs", "systemd", "none")


@dataclass(frozen=True, slots=True)
class Runtime:
    """How containers of one runtime name are run: a binary with arguments, or a shim type with options."""

    name: str
    path: str | None = None
    args: tuple[str, ...] = ()
    type: str | None = None
    options: Mapping[str, Any] | None = None


STANDARD_LOG = LogConfig(Type="json-file", Config={})
"""The log configuration of an engine that was not told another."""

STOCK = (Runtime(RUNC, path=RUNC), Runtime(SHIM, path=RUNC))


@dataclass(frozen=True, slots=True)
class DaemonConfig:
    """A configuration as the user wrote it (`text`), and what follows from it.

    Sizes are bytes. An empty `cgroupns_mode`, `cgroup_driver` or `cgroup_parent` leaves the choice to the host.
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


def is_shim_name(name: str) -> bool:
    """Say whether containerd may derive a shim's binary from the name: a dot within it, and no slash."""
    return "." in name and "/" not in name and not name.startswith(".")
