"""Rules of a container's namespaces: network, IPC, PID, UTS, cgroup, user (moby api/types/container, runconfig)."""

from collections.abc import Iterator

from statesvc.domain.documents import Config, HostConfig
from statesvc.errors import Problem
from statesvc.validation.rules import Rule, rule

_NET = "moby runconfig/hostconfig_unix.go validateNetMode"
_PLATFORM = "moby daemon/daemon_unix.go verifyPlatformContainerSettings"
NET_CONTAINER = rule("network-container", "/HostConfig/NetworkMode", "container: is followed by a container.", _NET)
NET_HOSTNAME = rule("network-hostname", "/Hostname", "A shared network has the host name of its owner.", _NET)
NET_LINKS = rule("network-links", "/HostConfig/Links", "Links need a network of the container's own.", _NET)
NET_DNS = rule("network-dns", "/HostConfig/Dns", "A shared network has the DNS servers of its owner.", _NET)
NET_HOSTS = rule("network-hosts", "/HostConfig/ExtraHosts", "A shared network has the host entries of its owner.", _NET)
NET_PORTS = rule("network-ports", "/HostConfig/PortBindings", "A shared network has the ports of its owner.", _NET)
NET_EXPOSED = rule("network-exposed", "/ExposedPorts", "A shared network exposes the ports of its owner.", _NET)
UTS_HOSTNAME = rule("uts-hostname", "/Hostname", "With the host's UTS namespace the host name is the host's.", _NET)
IPC = rule("ipc-mode", "/HostConfig/IpcMode", "none, private, shareable, host or container:REFERENCE.", _PLATFORM)
PID = rule("pid-mode", "/HostConfig/PidMode", "Empty, host or container:REFERENCE.", _PLATFORM)
UTS = rule("uts-mode", "/HostConfig/UTSMode", "Empty or host.", _PLATFORM)
CGROUPNS = rule("cgroupns-mode", "/HostConfig/CgroupnsMode", "Empty, private or host.", _PLATFORM)
USERNS_PRIVILEGED = rule(
    "userns-privileged",
    "/HostConfig/Privileged",
    "With remapped users, a privileged container needs UsernsMode host.",
    _PLATFORM,
)
USERNS_NETWORK = rule(
    "userns-network", "/HostConfig/NetworkMode", "With remapped users, host needs UsernsMode host.", _PLATFORM
)
USERNS_PID = rule("userns-pid", "/HostConfig/PidMode", "With remapped users, host needs UsernsMode host.", _PLATFORM)

_UNDEFINED = "This would result in undefined behavior"


def shared_container(mode: str) -> str:
    """Return the reference in `container:REFERENCE`, "" for every other mode."""
    kind, _, reference = mode.partition(":")
    return reference if kind == "container" else ""


def never_asked(network_mode: str, uts_mode: str) -> dict[str, object]:
    """Return the fields of Config that a request with these modes must leave empty, with their empty values.

    In a container that exists they may have values: chosen by its engine, or taken from its image. Before such a
    container is checked like a request, these values replace them.
    """
    if network_mode.partition(":")[0] == "container":
        return {"Hostname": "", "ExposedPorts": None}
    return {"Hostname": ""} if uts_mode == "host" else {}


def network_problems(config: Config, host: HostConfig) -> Iterator[Problem]:
    """Yield the conflicts of network and UTS mode with other settings, which Docker finds first."""
    mode = host.NetworkMode
    if mode.partition(":")[0] == "container":
        if not shared_container(mode).partition(":")[0]:
            message = "Invalid network mode: invalid container format container:<name|id>"
            yield NET_CONTAINER.broken(message, mode)
        yield from _shared_network(config, host)
    if host.UTSMode == "host" and config.Hostname:
        yield UTS_HOSTNAME.broken("conflicting options: hostname and the UTS mode", config.Hostname)
    if mode == "host" and host.Links:
        yield NET_LINKS.broken(
            f"conflicting options: host type networking can't be used with links. {_UNDEFINED}", host.Links
        )


def _shared_network(config: Config, host: HostConfig) -> Iterator[Problem]:
    links = f"container type network can't be used with links. {_UNDEFINED}"
    conflicts: tuple[tuple[Rule, object, str], ...] = (
        (NET_HOSTNAME, config.Hostname, "hostname and the network mode"),
        (NET_LINKS, host.Links, links),
        (NET_DNS, host.Dns, "dns and the network mode"),
        (NET_HOSTS, host.ExtraHosts, "custom host-to-IP mapping and the network mode"),
        (NET_PORTS, host.PortBindings or host.PublishAllPorts, "port publishing and the container type network mode"),
        (NET_EXPOSED, config.ExposedPorts, "port exposing and the container type network mode"),
    )
    for broken, value, conflict in conflicts:
        if value:
            yield broken.broken(f"conflicting options: {conflict}")


def ipc_problems(host: HostConfig) -> Iterator[Problem]:
    """Yield what is wrong with the IPC mode."""
    known = host.IpcMode in {"", "none", "private", "shareable", "host"}
    if not known and not shared_container(host.IpcMode):
        yield IPC.broken(f"invalid IPC mode: {host.IpcMode}", host.IpcMode)


def pid_problems(host: HostConfig) -> Iterator[Problem]:
    """Yield what is wrong with the PID mode."""
    if host.PidMode not in {"", "host"} and not shared_container(host.PidMode):
        yield PID.broken(f"invalid PID mode: {host.PidMode}", host.PidMode)


def uts_problems(host: HostConfig) -> Iterator[Problem]:
    """Yield what is wrong with the UTS mode."""
    if host.UTSMode not in {"", "host"}:
        yield UTS.broken(f"invalid UTS mode: {host.UTSMode}", host.UTSMode)


def userns_problems(host: HostConfig, remapped: str) -> Iterator[Problem]:
    """Yield the namespaces and privileges of the host that a container cannot have with `userns-remap`."""
    if not remapped or host.UsernsMode == "host":
        return
    enabled = "when user namespaces are enabled"
    if host.Privileged:
        message = (
            "privileged mode is incompatible with user namespaces.  You must run the container in the host namespace "
            "when running privileged mode"
        )
        yield USERNS_PRIVILEGED.broken(message, value=True)
    if host.NetworkMode == "host":
        yield USERNS_NETWORK.broken(f"cannot share the host's network namespace {enabled}", host.NetworkMode)
    if host.PidMode == "host":
        yield USERNS_PID.broken(f"cannot share the host PID namespace {enabled}", host.PidMode)


def cgroupns_problems(host: HostConfig) -> Iterator[Problem]:
    """Yield what is wrong with the cgroup namespace mode."""
    if host.CgroupnsMode not in {"", "private", "host"}:
        yield CGROUPNS.broken(f"invalid cgroup namespace mode: {host.CgroupnsMode}", host.CgroupnsMode)
