"""Rules of an update: those of limits, and conflicts with the container's settings (moby container_unix.go)."""

from collections.abc import Iterator
from dataclasses import dataclass

from statesvc.domain.api_version import Version
from statesvc.domain.documents import HostConfig
from statesvc.errors import Conflict, Problem
from statesvc.validation import host
from statesvc.validation.context import Context
from statesvc.validation.resources import Limits
from statesvc.validation.rules import RuleWarning, rule

_SOURCE = "moby container/container_unix.go UpdateContainer"
NANO_SET = rule(
    "update-nano-cpus", "/NanoCpus", "A number of CPUs cannot be set while a CPU period or quota is.", _SOURCE
)
PERIOD_SET = rule("update-cpu-period", "/CpuPeriod", "A CPU period cannot be set while a number of CPUs is.", _SOURCE)
QUOTA_SET = rule("update-cpu-quota", "/CpuQuota", "A CPU quota cannot be set while a number of CPUs is.", _SOURCE)
MEMORY_SET = rule(
    "update-memory", "/Memory", "Memory is not raised above the swap limit unless that is raised too.", _SOURCE
)
RESTART_SET = rule("update-restart", "/RestartPolicy", "A container that removes itself is not restarted.", _SOURCE)

# The limits that an update changes unless they are 0. (A PIDs limit of 0 removes the limit.)
RESOURCES = (
    "BlkioWeight", "CpuShares", "NanoCpus", "CpuPeriod", "CpuQuota", "CpusetCpus", "CpusetMems", "Memory", "MemorySwap",
    "MemoryReservation", "KernelMemory", "CpuRealtimePeriod", "CpuRealtimeRuntime",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class UpdateVerdict:
    """The result of checking an update: every problem, the values that it sets, and the warnings."""

    problems: tuple[Problem, ...]
    asked: HostConfig
    warnings: tuple[RuleWarning, ...]


def adjust(asked: HostConfig, version: Version) -> HostConfig:
    """Return the update as Docker reads it from a client of this API version."""
    changes: dict[str, object] = {}
    if asked.PidsLimit is not None:
        changes["PidsLimit"] = None if version < (1, 40) else max(asked.PidsLimit, 0)
    if version >= (1, 42):
        changes["KernelMemory"] = 0
    return asked.copy_with(**changes) if changes else asked


def verify(asked: HostConfig, context: Context) -> UpdateVerdict:
    """Check an update without looking at its container."""
    asked = adjust(asked, context.version)
    limits = Limits(asked, context.facts, update=True)
    # A policy without a name changes nothing, so its retry count does not matter.
    restart = host.restart_problems(asked.RestartPolicy) if asked.RestartPolicy.Name else ()
    problems = (*restart, *limits.problems)
    return UpdateVerdict(problems, limits.settled(), tuple(limits.warnings))


def apply(asked: HostConfig, stored: HostConfig, container_id: str) -> HostConfig:
    """Return the stored host configuration with the update.

    Raises Conflict with a problem for every setting of the container that forbids the update.
    """
    if problems := tuple(_conflicts(asked, stored)):
        message = "; ".join(problem.message for problem in problems)
        raise Conflict(f"Cannot update container {container_id}: {message}", problems)
    changes: dict[str, object] = {name: getattr(asked, name) for name in RESOURCES if getattr(asked, name)}
    if asked.PidsLimit is not None:
        changes["PidsLimit"] = asked.PidsLimit
    if asked.RestartPolicy.Name:
        changes["RestartPolicy"] = asked.RestartPolicy
    return stored.copy_with(**changes)


def _conflicts(asked: HostConfig, stored: HostConfig) -> Iterator[Problem]:
    """Yield the settings of the container that the update would contradict, in Docker's order."""
    options = "Conflicting options:"
    if asked.NanoCpus > 0 and stored.CpuPeriod > 0:
        message = f"{options} Nano CPUs cannot be updated as CPU Period has already been set"
        yield NANO_SET.broken(message, asked.NanoCpus)
    if asked.NanoCpus > 0 and stored.CpuQuota > 0:
        message = f"{options} Nano CPUs cannot be updated as CPU Quota has already been set"
        yield NANO_SET.broken(message, asked.NanoCpus)
    if asked.CpuPeriod > 0 and stored.NanoCpus > 0:
        message = f"{options} CPU Period cannot be updated as NanoCPUs has already been set"
        yield PERIOD_SET.broken(message, asked.CpuPeriod)
    if asked.CpuQuota > 0 and stored.NanoCpus > 0:
        message = f"{options} CPU Quota cannot be updated as NanoCPUs has already been set"
        yield QUOTA_SET.broken(message, asked.CpuQuota)
    if asked.Memory != 0 and asked.Memory > stored.MemorySwap and asked.MemorySwap == 0:
        set_already = "Memory limit should be smaller than already set memoryswap limit"
        yield MEMORY_SET.broken(f"{set_already}, update the memoryswap at the same time", asked.Memory)
    if asked.RestartPolicy.Name not in {"", "no"} and stored.AutoRemove:
        message = "Restart policy cannot be updated because AutoRemove is enabled for the container"
        yield RESTART_SET.broken(message, asked.RestartPolicy.Name)
