"""The judgement of a create request as a whole, in the order in which Docker finds what is wrong."""

from collections.abc import Callable, Iterator

from statesvc.domain.documents import Config, ContainerCreate, HostConfig
from statesvc.domain.verified import SEAL, Verified
from statesvc.errors import Problem
from statesvc.validation import (
    configuration,
    defaults,
    host,
    hosts_entries,
    log_config,
    modes,
    mounts,
    networking,
    ports,
    references,
    security,
    versions,
)
from statesvc.validation.context import Context
from statesvc.validation.resources import Limits, decode_problems
from statesvc.validation.rules import rule
from statesvc.validation.verdict import Verdict

_PLATFORM = "moby daemon/daemon_unix.go verifyPlatformContainerSettings"
FORWARDING = rule("ipv4-forwarding", "/HostConfig/NetworkMode", "Networks need IPv4 forwarding.", _PLATFORM, warns=True)
PUBLISHED = rule(
    "published-host", "/HostConfig/PortBindings", "The host's network publishes all.", _PLATFORM, warns=True
)
CGROUP_NAMESPACES = rule(
    "cgroupns-host", "/HostConfig/CgroupnsMode", "The kernel has cgroup namespaces.", _PLATFORM, warns=True
)


def verify(request: ContainerCreate, context: Context, new_name: Callable[[], str]) -> Verdict:
    """Judge a request: every problem, every warning, and the documents with Docker's defaults filled in.

    Rules judge the request, not what its image will add. `new_name` names anonymous volumes.
    """
    adjusted = versions.adjust(request, context.version, cgroup_version=context.facts.cgroup_version)
    config = adjusted.request.config or Config()
    asked = adjusted.request.host_config or HostConfig()
    network = networking.settle(config, asked, adjusted.request.networking_config, context.version)
    limits = Limits(asked, context.facts)
    filled = defaults.fill(limits.settled(), context)
    filled = filled.copy_with(**references.with_ids(filled, context.containers))
    early = (
        *modes.network_problems(config, asked),
        *host.isolation_problems(asked),
        *decode_problems(asked, context.facts),
        *adjusted.problems,
        *network.problems,
        *log_config.removed_problems(asked.LogConfig),
        *configuration.problems(config),
        *_host_problems(asked, context),
        *limits.problems,
        *_platform_problems(asked, context),
    )
    registry = mounts.Registry(asked, context, new_name)
    late = (
        *security.problems(asked.SecurityOpt),
        *host.storage_problems(asked, context.facts.storage_driver),
        *registry.problems,
        *references.link_problems(asked, context.containers),
        *mounts.driver_problems(config, asked, registry.points()),
    )
    verified = Verified(
        seal=SEAL,
        origin="created",
        config=configuration.normalised(config).copy_with(MacAddress=network.mac_address),
        host_config=filled,
        networks=network.networking,
        security=security.parse(asked.SecurityOpt)[0],
        mounts=registry.points(),
        links=references.links(asked, context.containers),
        warnings=(*limits.warnings, *_warnings(asked, context), *network.warnings),
    )
    middle = (
        *network.endpoint_problems,
        *references.shared_problems(asked, context.containers),
        *log_config.problems(filled.LogConfig),
    )
    return Verdict(early, middle, late, verified)


def _host_problems(asked: HostConfig, context: Context) -> Iterator[Problem]:
    yield from host.auto_remove_problems(asked)
    yield from mounts.early_problems(asked, context)
    yield from hosts_entries.problems(asked)
    yield from ports.problems(asked)
    yield from host.restart_problems(asked.RestartPolicy)
    yield from host.capability_problems(asked)
    yield from host.annotation_problems(asked)


def _platform_problems(asked: HostConfig, context: Context) -> Iterator[Problem]:
    yield from modes.ipc_problems(asked)
    yield from modes.pid_problems(asked)
    yield from host.size_problems(asked)
    yield from modes.uts_problems(asked)
    yield from host.oom_score_problems(asked)
    yield from modes.userns_problems(asked, context.daemon.userns_remap)
    yield from host.cgroup_parent_problems(asked, context.facts.cgroup_driver)
    yield from host.runtime_problems(asked, context)
    yield from host.tmpfs_problems(asked)
    yield from modes.cgroupns_problems(asked)


def _warnings(asked: HostConfig, context: Context) -> Iterator[str]:
    if not context.facts.ipv4_forwarding and asked.NetworkMode not in {"host", "none"}:
        yield "IPv4 forwarding is disabled. Networking will not work."
    if asked.NetworkMode == "host" and asked.PortBindings:
        yield "Published ports are discarded when using host network mode"
    if asked.CgroupnsMode == "private" and not context.facts.cgroup_namespaces:
        yield "Your kernel does not support cgroup namespaces.  Cgroup namespace setting discarded."
