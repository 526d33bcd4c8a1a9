"""Which other containers a request refers to: links, and namespaces that are shared."""

from collections.abc import Iterator, Mapping

from statesvc.domain.documents import HostConfig
from statesvc.domain.mount_point import Link
from statesvc.errors import Problem
from statesvc.validation.context import Reference

_SHARED = ("NetworkMode", "IpcMode", "PidMode")


def named(host: HostConfig) -> frozenset[str]:
    """Return every container reference of the request, as it is written."""
    shared = {getattr(host, mode).removeprefix("container:") for mode in _SHARED if _target(getattr(host, mode))}
    links = {parse_link(link)[0] for link in host.Links or () if link}
    return frozenset(shared | links)


def _target(mode: str) -> str:
    kind, _, reference = mode.partition(":")
    return reference if kind == "container" else ""


def parse_link(text: str) -> tuple[str, str]:
    """Return the reference and the alias of a link: `child:alias`, `child`, or `/child:/parent/alias`."""
    name, colon, alias = text.partition(":")
    if not colon:
        return name, name
    if name.startswith("/"):  # the form in which inspect shows links
        return name, alias.rsplit("/", 1)[-1] if alias.startswith("/") else alias
    return name, alias


def link_problems(host: HostConfig, found: Mapping[str, Reference]) -> Iterator[Problem]:
    """Yield what is wrong with the links, in their order."""
    for at, text in enumerate(host.Links or ()):
        where = f"/HostConfig/Links/{at}"
        if not text:
            yield Problem("link", where, "empty string specified for links", text)
            continue
        name = parse_link(text)[0]
        target = found.get(name, Reference(missing=f"No such container: {name}"))
        if target.missing:
            yield Problem("link", where, f"could not get container for {name}: {target.missing}", text)
        elif target.host_network:
            why = "host type networking can't be used with links. This would result in undefined behavior"
            yield Problem("link-host-network", where, f"conflicting options: {why}", text)


def links(host: HostConfig, found: Mapping[str, Reference]) -> tuple[Link, ...]:
    """Return the links whose containers were found; one with an empty alias names nothing and is left out."""
    parsed = (parse_link(text) for text in host.Links or () if text)
    made = (Link(found[name].id, alias.removeprefix("/")) for name, alias in parsed if name in found and found[name].id)
    return tuple(dict.fromkeys(link for link in made if link.alias))


def with_ids(host: HostConfig, found: Mapping[str, Reference]) -> dict[str, str]:
    """Return the shared modes rewritten so that they name the other container by its ID."""
    targets = {mode: _target(getattr(host, mode)) for mode in _SHARED}
    return {
        mode: f"container:{found[target].id}"
        for mode, target in targets.items()
        if target in found and found[target].id
    }
