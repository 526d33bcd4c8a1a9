"""Checks a create request as a whole, in the order in which Docker finds problems."""

from collections.abc import Callable, Iterator

from statesvc.domain.documents import Config, ContainerCreate, HostConfig
from statesvc.domain.verified import SEAL, Verified
from statesvc.errors import Problem
from statesvc.validation import (
    configuration,
    defaults,
    extra_hosts,
    host,
    log_config,
    mounts,
    namespaces,
    networking,
    ports,
    references,
    versions,
)
from statesvc.validation.context import Context
from statesvc.validation.resources import Limits, decode_problems
from statesvc.validation.rules import RuleWarning, rule
from statesvc.validation.security import parse as parse_security
from statesvc.validation.verdict import Verdict

_EMPTY_CONFIG, _EMPTY_HOST = Config(), HostConfig()
_PLATFORM = "moby daemon/daemon_unix.go verifyPlatformContainerSettings"
FORWARDING = rule(
    "ipv4-forwarding", "/HostConfig/NetworkMode", "Networks need IPv4 forwarding on the host.", _PLATFORM, warns=True
)
PUBLISHED = rule(
    "published-host",
    "/HostConfig/PortBindings",
    "With the host's network, published ports have no effect.",
    _PLATFORM,
    warns=True,
)
CGROUP_NAMESPACES = rule(
    "cgroupns-host",
    "/HostConfig/CgroupnsMode",
    "A private cgroup namespace needs support by the kernel.",
    _PLATFORM,
    warns=True,
)


def verify(request: ContainerCreate, context: Context, new_name: Callable[[], str]) -> Verdict:
    """Check a request. Return every problem, every warning, and the documents with Docker's defaults filled in.

    The rules apply to the request, not to what its image adds. `new_name` names anonymous volumes.
    """
    adjusted = versions.adjust(request, context.version, cgroup_version=context.facts.cgroup_version)
    config = adjusted.request.config or _EMPTY_CONFIG
    asked = adjusted.request.host_config or _EMPTY_HOST
    network = networking.settle(config, asked, adjusted.request.networking_config, context.version)
    if network.sysctls is not None:
        asked = asked.copy_with(Sysctls=network.sysctls)
    limits = Limits(asked, context.facts)
    filled = defaults.fill(limits.settled(), context)
    if context.containers:
        filled = filled.copy_with(**references.with_ids(filled, context.containers))
    security, security_problems = parse_security(asked.SecurityOpt)
    early = (
        *namespaces.network_problems(config, asked),
        *host.isolation_problems(asked),
        *decode_problems(asked, context.facts),
        *adjusted.problems,
        *network.problems,
        *log_config.removed_problems(asked.LogConfig),
        *configuration.problems(config),
        *_of_what_is_set(_HOST_RULES, asked, context),
        *limits.problems,
        *_of_what_is_set(_PLATFORM_RULES, asked, context),
    )
    registry = mounts.Registry(asked, context, new_name)
    points = registry.points()
    late = (
        *security_problems,
        *(host.storage_problems(asked, context.facts.storage_driver) if asked.StorageOpt else ()),
        *registry.problems,
        *(references.link_problems(asked, context.containers) if asked.Links else ()),
        *mounts.driver_problems(config, asked, points),
    )
    verified = Verified(
        seal=SEAL,
        origin="created",
        config=configuration.normalised(config, network.mac_address),
        host_config=filled,
        networks=network.networking,
        security=security,
        mounts=points,
        links=references.links(asked, context.containers),
        warnings=(
            *limits.warnings,
            *_warnings(asked, context),
            *(mounts.warnings(asked, context.version) if asked.Mounts else ()),
            *network.warnings,
        ),
    )
    middle = (
        *network.endpoint_problems,
        *references.shared_problems(asked, context.containers),
        *log_config.problems(filled.LogConfig, context.daemon.log.Type),
    )
    return Verdict(early, middle, late, verified)


# Most requests set few fields: a rule is checked only if its field is set; one without a field is always checked.
_Judge = Callable[[HostConfig, Context], Iterator[Problem]]
_HOST_RULES: tuple[tuple[str, _Judge], ...] = (
    ("AutoRemove", lambda asked, _: host.auto_remove_problems(asked)),
    ("Mounts", mounts.early_problems),
    ("ExtraHosts", lambda asked, _: extra_hosts.problems(asked)),
    ("PortBindings", lambda asked, _: ports.problems(asked)),
    ("", lambda asked, _: host.restart_problems(asked.RestartPolicy)),
    ("CapAdd", lambda asked, _: host.cap_add_problems(asked)),
    ("CapDrop", lambda asked, _: host.cap_drop_problems(asked)),
    ("Annotations", lambda asked, _: host.annotation_problems(asked)),
)
_PLATFORM_RULES: tuple[tuple[str, _Judge], ...] = (
    ("IpcMode", lambda asked, _: namespaces.ipc_problems(asked)),
    ("PidMode", lambda asked, _: namespaces.pid_problems(asked)),
    ("ShmSize", lambda asked, _: host.size_problems(asked)),
    ("UTSMode", lambda asked, _: namespaces.uts_problems(asked)),
    ("OomScoreAdj", lambda asked, _: host.oom_score_problems(asked)),
    ("", lambda asked, context: namespaces.userns_problems(asked, context.daemon.userns_remap)),
    ("CgroupParent", lambda asked, context: host.cgroup_parent_problems(asked, context.facts.cgroup_driver)),
    ("", host.runtime_problems),
    ("Tmpfs", lambda asked, _: host.tmpfs_problems(asked)),
    ("CgroupnsMode", lambda asked, _: namespaces.cgroupns_problems(asked)),
)


def _of_what_is_set(rules: tuple[tuple[str, _Judge], ...], asked: HostConfig, context: Context) -> Iterator[Problem]:
    fields = vars(asked)
    for field, judge in rules:
        if not field or fields[field]:
            yield from judge(asked, context)


def _warnings(asked: HostConfig, context: Context) -> Iterator[RuleWarning]:
    if not context.facts.ipv4_forwarding and asked.NetworkMode not in {"host", "none"}:
        yield FORWARDING.warning("IPv4 forwarding is disabled. Networking will not work.")
    if asked.NetworkMode == "host" and asked.PortBindings:
        yield PUBLISHED.warning("Published ports are discarded when using host network mode")
    if asked.CgroupnsMode == "private" and not context.facts.cgroup_namespaces:
        text = "Your kernel does not support cgroup namespaces.  Cgroup namespace setting discarded."
        yield CGROUP_NAMESPACES.warning(text)
