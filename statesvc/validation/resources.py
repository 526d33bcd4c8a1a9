"""Rules of the limits on memory, CPU and I/O (moby daemon/daemon_unix.go, verifyPlatformContainerResources).

A limit that the host does not support is discarded with a warning; the others are checked, in Docker's order.
"""

from collections.abc import Iterator
from typing import Any

from statesvc.domain.documents import HostConfig
from statesvc.domain.go import cpu_lists
from statesvc.domain.host_facts import HostFacts
from statesvc.errors import Problem
from statesvc.validation.rules import Rule, RuleWarning, rule

_SOURCE = "moby daemon/daemon_unix.go verifyPlatformContainerResources"
_DECODE = "moby runconfig/hostconfig_unix.go validateResources"
MINIMUM_MEMORY = 6 * 1024 * 1024


def _limit(code: str, name: str, meaning: str, source: str = _SOURCE, *, warns: bool = False) -> Rule:
    return rule(code, f"/HostConfig/{name}", meaning, source, warns=warns)


MEMORY = _limit("memory-minimum", "Memory", "A memory limit is at least 6 MiB.")
SWAP = _limit("memory-swap", "MemorySwap", "Memory and swap together are not less than memory alone.")
SWAP_ALONE = _limit("memory-swap-alone", "MemorySwap", "A limit of swap needs a limit of memory (not in an update).")
SWAPPINESS = _limit("memory-swappiness", "MemorySwappiness", "Swappiness is 0 to 100, or -1 for the kernel's.")
RESERVATION = _limit("memory-reservation", "MemoryReservation", "A memory reservation is at least 6 MiB.")
RESERVATION_LIMIT = _limit("memory-reservation-limit", "MemoryReservation", "A reservation is not more than the limit.")
KERNEL_MEMORY = _limit("kernel-memory", "KernelMemory", "A kernel memory limit is at least 6 MiB.")
NANO_PERIOD = _limit("nano-cpus-period", "NanoCpus", "A number of CPUs excludes a CPU period.")
NANO_QUOTA = _limit("nano-cpus-quota", "NanoCpus", "A number of CPUs excludes a CPU quota.")
NANO_CFS = _limit("nano-cpus-host", "NanoCpus", "A number of CPUs needs the host's CFS scheduler.")
NANO_RANGE = _limit("nano-cpus-range", "NanoCpus", "The host has as many CPUs as requested.")
PERIOD = _limit("cpu-period", "CpuPeriod", "A CPU period is 1 ms to 1 s.")
QUOTA = _limit("cpu-quota", "CpuQuota", "A CPU quota is at least 1 ms.")
CPUS = _limit("cpuset-cpus", "CpusetCpus", "A list of CPUs, as in 0-3,7, all of which the host has.")
MEMS = _limit("cpuset-mems", "CpusetMems", "A list of memory nodes, all of which the host has.")
BLKIO_WEIGHT = _limit("blkio-weight", "BlkioWeight", "A block I/O weight is 10 to 1000.")
RT_PERIOD = _limit("cpu-rt-period", "CpuRealtimePeriod", "A real-time period needs a kernel with it.", _DECODE)
RT_RUNTIME = _limit("cpu-rt-runtime", "CpuRealtimeRuntime", "A real-time runtime needs a kernel with it.", _DECODE)
RT_ORDER = _limit("cpu-rt-order", "CpuRealtimeRuntime", "The real-time runtime is not more than its period.", _DECODE)
BANDWIDTH = _limit("io-bandwidth", "IOMaximumBandwidth", "Linux has no maximum bandwidth.", "moby validateQoS")
IOPS = _limit("io-iops", "IOMaximumIOps", "Linux has no maximum of I/O operations.", "moby validateQoS")
DISCARDED = _limit("discarded", "K", "A limit that the host does not support is discarded.", warns=True)
OOM_WITHOUT_LIMIT = _limit(
    "oom-without-limit", "OomKillDisable", "Without a memory limit, the host may run out of memory.", warns=True
)

_NO_CGROUP = "or the cgroup is not mounted."
_THROTTLES = (
    ("BlkioWeightDevice", "blkio_weight_device", f"Block I/O weight_device {_NO_CGROUP} Weight-device discarded."),
    (
        "BlkioDeviceReadBps",
        "blkio_read_bps",
        f"BPS Block I/O read limit {_NO_CGROUP} Block I/O BPS read limit discarded.",
    ),
    (
        "BlkioDeviceWriteBps",
        "blkio_write_bps",
        f"BPS Block I/O write limit {_NO_CGROUP} Block I/O BPS write limit discarded.",
    ),
    (
        "BlkioDeviceReadIOps",
        "blkio_read_iops",
        f"IOPS Block read limit {_NO_CGROUP} Block I/O IOPS read limit discarded.",
    ),
    (
        "BlkioDeviceWriteIOps",
        "blkio_write_iops",
        f"IOPS Block write limit {_NO_CGROUP} Block I/O IOPS write limit discarded.",
    ),
)


class Limits:
    """The limits of a request, checked: the changes to them, the problems, the warnings."""

    def __init__(self, host: HostConfig, facts: HostFacts, *, update: bool = False) -> None:
        self._host = host
        self._now: dict[str, Any] = dict(vars(host))
        self._facts = facts
        self._update = update
        self.changes: dict[str, Any] = {}
        self.problems: list[Problem] = []
        self.warnings: list[RuleWarning] = []
        self._memory()
        self._cpu()
        self._cpusets()
        self._block_io()

    def settled(self) -> HostConfig:
        """Return the host configuration without the limits that the host does not support."""
        return self._host.copy_with(**self.changes) if self.changes else self._host

    def _change(self, **values: Any) -> None:
        self.changes |= values
        self._now |= values

    def _discard(self, warning: str, **values: Any) -> None:
        self.warnings.append(DISCARDED.warning(f"Your kernel does not support {warning}"))
        self._change(**values)

    def _memory(self) -> None:
        facts, now = self._facts, self._now
        if now["MemorySwappiness"] == -1:
            self._change(MemorySwappiness=None)
        if now["Memory"] != 0 and now["Memory"] < MINIMUM_MEMORY:
            self.problems.append(MEMORY.broken("Minimum memory limit allowed is 6MB", now["Memory"]))
        if now["Memory"] > 0 and not facts.memory_limit:
            self._discard(f"memory limit capabilities {_NO_CGROUP} Limitation discarded.", Memory=0, MemorySwap=-1)
        if now["Memory"] > 0 and now["MemorySwap"] != -1 and not facts.swap_limit:
            self._discard(f"swap limit capabilities {_NO_CGROUP} Memory limited without swap.", MemorySwap=-1)
        if now["Memory"] > 0 and 0 < now["MemorySwap"] < now["Memory"]:
            message = "Minimum memoryswap limit should be larger than memory limit, see usage"
            self.problems.append(SWAP.broken(message, now["MemorySwap"]))
        if now["Memory"] == 0 and now["MemorySwap"] > 0 and not self._update:
            message = "You should always set the Memory limit when using Memoryswap limit, see usage"
            self.problems.append(SWAP_ALONE.broken(message, now["MemorySwap"]))
        self._swappiness()
        self._reservation()
        self._oom_and_pids()

    def _swappiness(self) -> None:
        if self._now["MemorySwappiness"] is not None and not self._facts.memory_swappiness:
            self._discard(
                f"memory swappiness capabilities {_NO_CGROUP} Memory swappiness discarded.", MemorySwappiness=None
            )
        swappiness = self._now["MemorySwappiness"]
        if swappiness is not None and not 0 <= swappiness <= 100:
            self.problems.append(
                SWAPPINESS.broken(f"Invalid value: {swappiness}, valid memory swappiness range is 0-100", swappiness)
            )

    def _reservation(self) -> None:
        now = self._now
        if now["MemoryReservation"] > 0 and not self._facts.memory_reservation:
            self._discard(f"memory soft limit capabilities {_NO_CGROUP} Limitation discarded.", MemoryReservation=0)
        reserved = now["MemoryReservation"]
        if 0 < reserved < MINIMUM_MEMORY:
            self.problems.append(RESERVATION.broken("Minimum memory reservation allowed is 6MB", reserved))
        if now["Memory"] > 0 and now["Memory"] < reserved:
            message = "Minimum memory limit can not be less than memory reservation limit, see usage"
            self.problems.append(RESERVATION_LIMIT.broken(message, reserved))
        if now["KernelMemory"] > 0 and not self._facts.kernel_memory:
            self._discard(f"kernel memory limit capabilities {_NO_CGROUP} Limitation discarded.", KernelMemory=0)
        if 0 < now["KernelMemory"] < MINIMUM_MEMORY:
            self.problems.append(
                KERNEL_MEMORY.broken("Minimum kernel memory limit allowed is 6MB", now["KernelMemory"])
            )

    def _oom_and_pids(self) -> None:
        if self._now["OomKillDisable"] is not None and not self._facts.oom_kill_disable:
            if self._now["OomKillDisable"]:
                self._discard("OomKillDisable. OomKillDisable discarded.")
            self._change(OomKillDisable=None)
        if self._now["OomKillDisable"] and self._now["Memory"] == 0:
            text = (
                "OOM killer is disabled for the container, but no memory limit is set, "
                "this can result in the system running out of resources."
            )
            self.warnings.append(OOM_WITHOUT_LIMIT.warning(text))
        if self._now["PidsLimit"] is not None and not self._facts.pids_limit:
            if self._now["PidsLimit"] > 0:
                self._discard(f"PIDs limit capabilities {_NO_CGROUP} PIDs limit discarded.")
            self._change(PidsLimit=None)

    def _cpu(self) -> None:
        now, facts = self._now, self._facts
        cfs = facts.cpu_cfs_period and facts.cpu_cfs_quota
        nano = now["NanoCpus"]
        if nano > 0 and now["CpuPeriod"] > 0:
            self.problems.append(
                NANO_PERIOD.broken("Conflicting options: Nano CPUs and CPU Period cannot both be set", nano)
            )
        if nano > 0 and now["CpuQuota"] > 0:
            self.problems.append(
                NANO_QUOTA.broken("Conflicting options: Nano CPUs and CPU Quota cannot both be set", nano)
            )
        if nano > 0 and not cfs:
            why = "your kernel does not support CPU CFS scheduler or the cgroup is not mounted"
            self.problems.append(NANO_CFS.broken(f"NanoCPUs can not be set, as {why}", nano))
        if nano < 0 or nano > facts.ncpu * 1_000_000_000:
            message = f"Range of CPUs is from 0.01 to {facts.ncpu}.00, as there are only {facts.ncpu} CPUs available"
            self.problems.append(NANO_RANGE.broken(message, nano))
        if now["CpuShares"] > 0 and not facts.cpu_shares:
            self._discard(f"CPU shares {_NO_CGROUP} Shares discarded.", CpuShares=0)
        if (now["CpuPeriod"] or now["CpuQuota"]) and not cfs:
            self._discard("CPU CFS scheduler. CPU period/quota discarded.", CpuPeriod=0, CpuQuota=0)
        if now["CpuPeriod"] and not 1000 <= now["CpuPeriod"] <= 1_000_000:
            message = "CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)"
            self.problems.append(PERIOD.broken(message, now["CpuPeriod"]))
        if 0 < now["CpuQuota"] < 1000:
            self.problems.append(QUOTA.broken("CPU cfs quota can not be less than 1ms (i.e. 1000)", now["CpuQuota"]))
        if now["CpuPercent"] > 0:
            self.warnings.append(DISCARDED.warning("linux does not support CPU percent. Percent discarded."))
            self._change(CpuPercent=0)

    def _cpusets(self) -> None:
        facts = self._facts
        if (self._now["CpusetCpus"] or self._now["CpusetMems"]) and not facts.cpuset:
            self._discard(f"cpuset {_NO_CGROUP} Cpuset discarded.", CpusetCpus="", CpusetMems="")
        if asked := self._now["CpusetCpus"]:
            self.problems.extend(_available(CPUS, asked, facts.cpus, "cpuset cpus", "CPUs"))
        if asked := self._now["CpusetMems"]:
            # As in Docker 28 (pkg/sysinfo applyCPUSetCgroupInfo): numbers of CPUs pass as numbers of memory nodes.
            self.problems.extend(_available(MEMS, asked, facts.memory_nodes, "cpuset mems", "memory nodes", facts.cpus))

    def _block_io(self) -> None:
        if self._now["BlkioWeight"] > 0 and not self._facts.blkio_weight:
            self._discard(f"Block I/O weight {_NO_CGROUP} Weight discarded.", BlkioWeight=0)
        weight = self._now["BlkioWeight"]
        if weight > 0 and not 10 <= weight <= 1000:
            self.problems.append(BLKIO_WEIGHT.broken("Range of blkio weight is from 10 to 1000", weight))
        for name, fact, warning in _THROTTLES:
            if self._now[name] and not getattr(self._facts, fact):
                self._discard(warning, **{name: []})


def _available(broken: Rule, asked: str, offered: str, what: str, plural: str, also: str = "") -> Iterator[Problem]:
    try:
        known = (cpu_lists.parse(text, maximum=None) for text in (offered, also) if text)
        missing = cpu_lists.parse(asked).difference(*known)
    except cpu_lists.BadListError as error:
        yield broken.broken(f"Invalid value {asked} for {what}: {error}", asked)
        return
    if missing:
        yield broken.broken(f"Requested {plural} are not available - requested {asked}, available: {offered}", asked)


def decode_problems(host: HostConfig, facts: HostFacts) -> Iterator[Problem]:
    """Yield the problems that Docker finds while it decodes a request: I/O limits of Windows, real-time settings."""
    if host.IOMaximumBandwidth:
        message = "Invalid QoS settings: linux does not support configuration of maximum bandwidth"
        yield BANDWIDTH.broken(message, host.IOMaximumBandwidth)
    if host.IOMaximumIOps:
        message = "Invalid QoS settings: linux does not support configuration of maximum IOPs"
        yield IOPS.broken(message, host.IOMaximumIOps)
    if host.CpuRealtimePeriod or host.CpuRealtimeRuntime:
        yield from _real_time_problems(host, facts)


def _real_time_problems(host: HostConfig, facts: HostFacts) -> Iterator[Problem]:
    kernel = "Your kernel does not support CPU real-time scheduler"
    if host.CpuRealtimePeriod and not facts.cpu_realtime:
        yield RT_PERIOD.broken(kernel, host.CpuRealtimePeriod)
    if host.CpuRealtimeRuntime and not facts.cpu_realtime:
        yield RT_RUNTIME.broken(kernel, host.CpuRealtimeRuntime)
    # Docker compares any values but 0, negative ones too.
    if host.CpuRealtimeRuntime and 0 != host.CpuRealtimePeriod < host.CpuRealtimeRuntime:
        yield RT_ORDER.broken(
            "cpu real-time runtime cannot be higher than cpu real-time period", host.CpuRealtimeRuntime
        )
