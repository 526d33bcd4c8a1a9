"""What this machine is and what its kernel can limit, read once; or the same from a file, for another machine."""

import json
import os
import platform
from pathlib import Path
from typing import Any

from statesvc.domain.host_facts import HostFacts
from statesvc.errors import InvalidParameter

_CGROUP = Path("/sys/fs/cgroup")
_V1_FILES = {
    "memory_limit": "memory/memory.limit_in_bytes",
    "swap_limit": "memory/memory.memsw.limit_in_bytes",
    "kernel_memory_tcp": "memory/memory.kmem.tcp.limit_in_bytes",
    "oom_kill_disable": "memory/memory.oom_control",
    "cpu_shares": "cpu/cpu.shares",
    "cpu_cfs_period": "cpu/cpu.cfs_period_us",
    "cpu_cfs_quota": "cpu/cpu.cfs_quota_us",
    "cpuset": "cpuset/cpuset.cpus",
    "pids_limit": "pids",
    "memory_reservation": "memory/memory.soft_limit_in_bytes",
    "memory_swappiness": "memory/memory.swappiness",
    "kernel_memory": "memory/memory.kmem.limit_in_bytes",
    "cpu_realtime": "cpu/cpu.rt_period_us",
    "blkio_weight": "blkio/blkio.weight",
    "blkio_weight_device": "blkio/blkio.weight_device",
    "blkio_read_bps": "blkio/blkio.throttle.read_bps_device",
    "blkio_write_bps": "blkio/blkio.throttle.write_bps_device",
    "blkio_read_iops": "blkio/blkio.throttle.read_iops_device",
    "blkio_write_iops": "blkio/blkio.throttle.write_iops_device",
}
_V2_CONTROLLERS = {
    "memory_limit": "memory",
    "swap_limit": "memory",
    "cpu_shares": "cpu",
    "cpu_cfs_period": "cpu",
    "cpu_cfs_quota": "cpu",
    "cpuset": "cpuset",
    "pids_limit": "pids",
    "memory_reservation": "memory",
    "blkio_weight": "io",
    "blkio_weight_device": "io",
    "blkio_read_bps": "io",
    "blkio_write_bps": "io",
    "blkio_read_iops": "io",
    "blkio_write_iops": "io",
}
_V2_NEVER = ("oom_kill_disable", "memory_swappiness", "kernel_memory", "kernel_memory_tcp", "cpu_realtime")
# The names of `docker info` for the limits in a facts file, which mkhost.py of the conformance corpus writes.
_INFO = {
    "MemoryLimit": "memory_limit",
    "SwapLimit": "swap_limit",
    "KernelMemoryTCP": "kernel_memory_tcp",
    "CpuCfsPeriod": "cpu_cfs_period",
    "CpuCfsQuota": "cpu_cfs_quota",
    "CPUShares": "cpu_shares",
    "CPUSet": "cpuset",
    "PidsLimit": "pids_limit",
    "OomKillDisable": "oom_kill_disable",
    "IPv4Forwarding": "ipv4_forwarding",
}

_AMD64_VERSIONS = {
    "v2": frozenset("cx16 lahf_lm popcnt pni sse4_1 sse4_2 ssse3".split()),
    "v3": frozenset("avx avx2 bmi1 bmi2 f16c fma abm movbe xsave".split()),
    "v4": frozenset("avx512f avx512bw avx512cd avx512dq avx512vl".split()),
}
_THROTTLES = {
    "blkio_read_bps": ("No io.max (rbps)", "No blkio throttle.read_bps_device"),
    "blkio_write_bps": ("No io.max (wbps)", "No blkio throttle.write_bps_device"),
    "blkio_read_iops": ("No io.max (riops)", "No blkio throttle.read_iops_device"),
    "blkio_write_iops": ("No io.max (wiops)", "No blkio throttle.write_iops_device"),
}


def read(facts_file: Path | None = None) -> HostFacts:
    """Return the facts of this machine, or those in a file. Raises InvalidParameter for a file that holds none."""
    return _from_file(facts_file) if facts_file else _of_this_machine()


def _of_this_machine() -> HostFacts:
    release = _os_release()
    unified = (_CGROUP / "cgroup.controllers").is_file()
    return HostFacts(
        hostname=platform.node(),
        kernel_version=platform.release(),
        operating_system=release.get("PRETTY_NAME", platform.system()),
        os_version=release.get("VERSION_ID", ""),
        architecture=platform.machine(),
        ncpu=os.cpu_count() or 1,
        architecture_variant=_variant(),
        mem_total=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        cgroup_version=2 if unified else 1,
        cgroup_driver="systemd" if unified and Path("/run/systemd/system").is_dir() else "cgroupfs",
        ipv4_forwarding=_text("/proc/sys/net/ipv4/ip_forward") == "1",
        thermal_throttles=_thermal_throttles(),
        security_options=_security_options(unified=unified),
        cpus=_text("/sys/devices/system/cpu/online") or "0",
        memory_nodes=_text("/sys/devices/system/node/online") or "0",
        **(_v2_limits() if unified else _v1_limits()),
    )


def _v1_limits() -> dict[str, Any]:
    return {name: (_CGROUP / file).exists() for name, file in _V1_FILES.items()}


def _v2_limits() -> dict[str, Any]:
    offered = _text(_CGROUP / "cgroup.controllers").split()
    limits = {name: controller in offered for name, controller in _V2_CONTROLLERS.items()}
    return limits | dict.fromkeys(_V2_NEVER, False)


def _variant() -> str:
    """Return which version of amd64 the processor is (tonistiigi/go-archvariant AMD64Variant), "" for the first."""
    if platform.machine() != "x86_64":
        return ""
    flags = next((line for line in _text("/proc/cpuinfo").splitlines() if line.startswith("flags")), "").split()
    return amd64_variant(frozenset(flags))


def amd64_variant(flags: frozenset[str]) -> str:
    """Return the newest version of amd64 that has no more than these flags of /proc/cpuinfo, "" for the first."""
    variant = ""
    for version, needs in _AMD64_VERSIONS.items():
        if not needs <= flags:
            break
        variant = version
    return variant


def _thermal_throttles() -> tuple[str, ...]:
    found = Path("/sys/devices/system/cpu").glob("cpu[0-9]*/thermal_throttle")
    return tuple(sorted(map(str, found), key=lambda path: int(path.split("/")[5].removeprefix("cpu"))))


def _security_options(*, unified: bool) -> tuple[str, ...]:
    options = []
    if _text("/sys/module/apparmor/parameters/enabled") == "Y":
        options.append("name=apparmor")
    if "Seccomp:" in _text("/proc/self/status"):
        options.append("name=seccomp,profile=builtin")
    if Path("/sys/fs/selinux/enforce").exists():
        options.append("name=selinux")
    if unified:
        options.append("name=cgroupns")
    return tuple(options)


def _text(path: str | Path) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError:
        return ""


def _os_release() -> dict[str, str]:
    try:
        return platform.freedesktop_os_release()
    except OSError:
        return {}


def _flags(info: dict[str, Any]) -> dict[str, Any]:
    """The limits of the kernel that `docker info` shows, and those that follow from them where it shows nothing."""
    flags = {field: bool(info.get(name)) for name, field in _INFO.items()}
    on_v1 = int(info["CgroupVersion"]) == 1
    lacks = " ".join(info.get("Warnings") or ())
    # Linux 5.0 took the CFQ scheduler out, and the weights of cgroup v1 with it.
    weight = int(info["KernelVersion"].partition(".")[0]) < 5 if on_v1 else "No io.weight support" not in lacks
    return flags | {
        "memory_reservation": flags["memory_limit"],
        "memory_swappiness": on_v1 and flags["memory_limit"],
        "kernel_memory": on_v1 and flags["memory_limit"],
        "cpu_realtime": on_v1,
        "blkio_weight": weight,
        "blkio_weight_device": weight,
        **{field: not any(name in lacks for name in names) for field, names in _THROTTLES.items()},
    }


def _from_file(path: Path) -> HostFacts:
    try:
        document = json.loads(path.read_text())
        info = document["info"]
        return HostFacts(
            hostname=info.get("Name") or platform.node(),
            kernel_version=info["KernelVersion"],
            operating_system=info["OperatingSystem"],
            os_version=info.get("OSVersion", ""),
            architecture=info["Architecture"],
            ncpu=info["NCPU"],
            # Docker tells no variant: what this machine is, if it is one of these.
            architecture_variant=_variant() if info["Architecture"] == platform.machine() else "",
            mem_total=info["MemTotal"],
            cgroup_version=int(info["CgroupVersion"]),
            cgroup_driver=info["CgroupDriver"],
            storage_driver=info["Driver"],
            driver_status=tuple((key, value) for key, value in info.get("DriverStatus") or ()),
            security_options=tuple(info.get("SecurityOptions") or ()),
            warnings=tuple(info.get("Warnings") or ()),
            cpus=document["cpus"]["online"],
            memory_nodes=document["nodes"]["online"],
            **_flags(info),
        )
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InvalidParameter(
            f"{path} does not contain the facts of a host: {type(error).__name__}: {error}"
        ) from None
