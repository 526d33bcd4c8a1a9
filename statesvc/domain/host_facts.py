"""Facts about the machine that containers run on, for validation and `/info`."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class HostFacts:
    """Facts of one machine, read once at start. The flags say what its kernel can limit."""

    hostname: str
    kernel_version: str
    operating_system: str
    os_version: str
    architecture: str
    ncpu: int
    mem_total: int
    cgroup_version: int
    cgroup_driver: str = "cgroupfs"
    architecture_variant: str = ""
    memory_limit: bool = True
    swap_limit: bool = True
    memory_reservation: bool = True
    memory_swappiness: bool = True
    kernel_memory: bool = False
    kernel_memory_tcp: bool = True
    cpu_cfs_period: bool = True
    cpu_cfs_quota: bool = True
    cpu_shares: bool = True
    cpuset: bool = True
    cpu_realtime: bool = False
    pids_limit: bool = True
    oom_kill_disable: bool = True
    blkio_weight: bool = False
    blkio_weight_device: bool = False
    blkio_read_bps: bool = True
    blkio_write_bps: bool = True
    blkio_read_iops: bool = True
    blkio_write_iops: bool = True
    cgroup_namespaces: bool = True
    ipv4_forwarding: bool = True
    thermal_throttles: tuple[str, ...] = ()
    storage_driver: str = "overlay2"
    driver_status: tuple[tuple[str, str], ...] = ()
    security_options: tuple[str, ...] = ()
    cpus: str = "0"
    memory_nodes: str = "0"
    warnings: tuple[str, ...] = ()
