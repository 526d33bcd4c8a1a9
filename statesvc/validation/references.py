"""The other containers that a request refers to: by links, volumes, and shared namespaces."""

from collections.abc import Iterator, Mapping, Sequence

from statesvc.domain.documents import HostConfig
from statesvc.domain.link import Link, parse_link
from statesvc.domain.network_mode import is_user_defined
from statesvc.errors import Problem
from statesvc.validation import security
from statesvc.validation.context import ReferencedContainer
from statesvc.validation.namespaces import shared_container
from statesvc.validation.rules import rule

_LINKS = "moby daemon/daemon_unix.go registerLinks"
LINK = rule("link", "/HostConfig/Links/N", "A link names a container that exists, and perhaps an alias.", _LINKS)
LINK_HOST = rule(
    "link-host-network", "/HostConfig/Links/N", "A container on the host's network cannot be linked.", _LINKS
)
SHARED = rule("shared-container", "/HostConfig/K", "container: names a container that exists.", "moby daemon/create.go")

_SHARED = ("IpcMode", "PidMode")


def named(host: HostConfig) -> frozenset[str]:
    """Return every container reference of the request, as it is written."""
    shared = {shared_container(getattr(host, mode)) for mode in ("NetworkMode", *_SHARED)}
    links = {parse_link(link)[0] for link in host.Links or ()}
    volumes = {text.partition(":")[0] for text in host.VolumesFrom or ()}
    return frozenset((shared | links | volumes) - {""})


def shared_problems(host: HostConfig, found: Mapping[str, ReferencedContainer]) -> Iterator[Problem]:
    """Yield the shared IPC and PID namespaces whose container does not exist. A shared network is checked at the start.

    Docker looks the containers up to inherit their labels; where it inherits none, a missing one is no problem.
    """
    for mode in _SHARED if found and security.inherits_labels(host) else ():
        reference = shared_container(getattr(host, mode))
        missing = found[reference].missing if reference in found else ""
        if missing:
            yield SHARED.broken(missing, getattr(host, mode), at=mode)


def link_problems(host: HostConfig, found: Mapping[str, ReferencedContainer]) -> Iterator[Problem]:
    """Yield the problems of the links, in order. On a user-defined network only the links of its endpoint count."""
    for at, text in enumerate(_own_links(host)):
        if not text:
            yield LINK.broken("empty string specified for links", text, at=at)
            continue
        if text.count(":") > 1:
            yield LINK.broken(f"bad format for links: {text}", text, at=at)
            continue
        name = parse_link(text)[0]
        unknown = f"No such container: {name}" if name else 'invalid name or ID supplied: ""'
        target = found.get(name, ReferencedContainer(missing=unknown))
        if target.missing:
            yield LINK.broken(f"could not get container for {name}: {target.missing}", text, at=at)
        elif target.host_network:
            why = "host type networking can't be used with links. This would result in undefined behavior"
            yield LINK_HOST.broken(f"conflicting options: {why}", text, at=at)


def links(host: HostConfig, found: Mapping[str, ReferencedContainer]) -> tuple[Link, ...]:
    """Return the links whose containers were found, without those that have an empty alias."""
    if not host.Links:
        return ()
    parsed = (parse_link(text) for text in _own_links(host) if text)
    made = (Link(found[name].id, alias.removeprefix("/")) for name, alias in parsed if name in found and found[name].id)
    return tuple(dict.fromkeys(link for link in made if link.alias))


def _own_links(host: HostConfig) -> Sequence[str]:
    return () if not host.Links or is_user_defined(host.NetworkMode) else host.Links


def with_ids(host: HostConfig, found: Mapping[str, ReferencedContainer]) -> dict[str, str]:
    """Return the modes that share a namespace, with the other container's ID instead of its name."""
    targets = {mode: shared_container(getattr(host, mode)) for mode in ("NetworkMode", *_SHARED)}
    return {
        mode: f"container:{found[target].id}"
        for mode, target in targets.items()
        if target in found and found[target].id
    }
