"""The files that an engine keeps for a container."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ContainerFiles:
    """Paths on the host, "" for a file that is not there (yet)."""

    resolv_conf_path: str = ""
    hostname_path: str = ""
    hosts_path: str = ""
    shm_path: str = ""
    log_path: str = ""
