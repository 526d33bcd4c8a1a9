"""What can be done with containers: create, inspect, list, rename, remove."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import orjson

from statesvc.db import containers, events, names
from statesvc.db.containers import Container, Facets, Found, Inspection, Spec
from statesvc.db.engine import Connection, Database
from statesvc.domain import ids
from statesvc.domain import names as naming
from statesvc.domain.documents import Config, ContainerCreate
from statesvc.domain.event import Event
from statesvc.domain.mount_point import Link
from statesvc.domain.state import LIVE
from statesvc.domain.verified import Verified
from statesvc.errors import Conflict, InvalidParameter, NameConflict, NotFound, StateError
from statesvc.services import records
from statesvc.services.images import Images
from statesvc.services.selection import Listed, ListQuery, select
from statesvc.services.site import Site
from statesvc.validation import Context, Reference, Verdict, references, verify
from statesvc.validation import image as image_rules
from statesvc.validation.mounts import anonymous_volumes

__all__ = ["Containers", "Created", "Inspection"]


@dataclass(frozen=True, slots=True)
class Created:
    """A container that was created."""

    id: str
    warnings: tuple[str, ...]


class Containers:
    """The registry of containers."""

    def __init__(self, database: Database, site: Site, images: Images) -> None:
        self._database = database
        self._site = site
        self._images = images

    async def inspect(self, reference: str) -> Inspection:
        """Return everything of the container a reference means."""
        return await self._database.read(containers.inspect, reference)

    async def find(self, reference: str) -> Found:
        """Return which container a reference means.

        Raises NotFound, or InvalidParameter if it is empty or ambiguous.
        """
        return await self._database.read(containers.find, reference)

    async def listed(self, query: ListQuery) -> Listed:
        """Return the containers of a list, the newest first.

        Raises InvalidParameter for values no filter understands.
        """
        return await self._database.scan(select, query)

    async def create(self, name: str, request: ContainerCreate) -> Created:
        """Create a container; an empty name lets one be made up.

        Raises InvalidParameter with every problem of the request, NotFound for an image that is not recorded,
        NameConflict with the owner of the name. Any failure leaves nothing behind.
        """
        if request.config is None:
            raise InvalidParameter("config cannot be empty in order to create a container")
        verdict = verify(request, await self._context(request))
        if verdict.early and (refusal := verdict.refusal(*_name_problems(name))):
            raise refusal
        config = verdict.verified.config
        image = await self._images.resolve(config.Image) if config.Image else None
        config = image_rules.merge(config, image.config if image else None)
        path, args = image_rules.split_command(config)
        own_name = naming.check(name) if name else ""
        if verdict.late:
            await self._refuse_late(own_name, verdict)
        container_id = ids.new_id(self._site.entropy)
        verified = self._settle(container_id, config, verdict.verified)
        rows = records.of_new(
            container_id,
            verified,
            image_id=image.id if image else "",
            path=path,
            args=args,
            created_at=self._site.clock(),
            site=self._site,
        )
        candidates = () if own_name else naming.candidates(self._site.entropy, container_id)
        await self._database.write(_insert, rows, own_name, candidates, verified.links)
        return Created(container_id, verified.warnings)

    async def rename(self, reference: str, new_name: str) -> None:
        """Give a container another name; the old one is free at once, and the names of its links move along.

        Raises InvalidParameter for an empty, unchanged or impossible name, NameConflict with the owner of a taken one.
        """
        if not reference or not new_name:
            raise InvalidParameter("Neither old nor new names may be empty")
        await self._database.write(_rename, reference, new_name, self._site.clock())

    async def remove(self, reference: str, *, force: bool = False) -> None:
        """Remove a container, its name and all that belongs to it. Raises Conflict while it runs."""
        await self._database.write(_remove, reference, self._site.clock(), force=force)

    async def remove_link(self, name: str) -> None:
        """Remove the name of a link: `parent/alias`. Raises Conflict for a container's own name."""
        await self._database.write(_remove_link, name)

    async def _context(self, request: ContainerCreate) -> Context:
        asked = references.named(request.host_config) if request.host_config else frozenset()
        found = await self._database.scan(_look_up_all, asked) if asked else {}
        return Context(self._site.facts, self._site.daemon, self._site.volumes_root, found)

    async def _refuse_late(self, name: str, verdict: Verdict) -> None:
        # Docker reserves the name before it looks at these: a taken name is the answer, whatever else is wrong.
        owner = await self._database.read(names.owner, name) if name else None
        if owner is not None:
            raise NameConflict(name, owner)
        refusal = verdict.refusal()
        assert refusal is not None
        raise refusal

    def _settle(self, container_id: str, config: Config, verified: Verified) -> Verified:
        if not config.Hostname:
            on_host = verified.host_config.NetworkMode == "host"
            config = config.copy_with(Hostname=self._site.facts.hostname if on_host else ids.short(container_id))
        new_name: Callable[[], str] = lambda: self._site.entropy(32).hex()  # noqa: E731
        return replace(
            verified,
            config=config,
            mounts=(*verified.mounts, *anonymous_volumes(config, self._site.volumes_root, new_name)),
        )


def _name_problems(name: str) -> tuple[Any, ...]:
    try:
        naming.check(name or "unnamed")
    except InvalidParameter as error:
        return error.problems
    return ()


def _look_up_all(conn: Connection, asked: frozenset[str]) -> Mapping[str, Reference]:
    return {reference: _look_up(conn, reference) for reference in asked}


def _look_up(conn: Connection, reference: str) -> Reference:
    try:
        row = containers.inspect(conn, reference)
    except StateError as error:
        return Reference(missing=error.message)
    return Reference(row.id, host_network=orjson.loads(row.host_config)["NetworkMode"] == "host")


def _insert(
    conn: Connection,
    rows: tuple[Container, Spec, Facets],
    own_name: str,
    candidates: tuple[str, ...],
    links: tuple[Link, ...],
) -> None:
    container, spec, facets = rows
    containers.add(conn, container, spec, facets)
    if own_name:
        names.reserve(conn, own_name, container.id)
    else:
        own_name = names.reserve_first_free(conn, candidates, container.id)
    for link in links:
        if not containers.exists(conn, link.child_id):
            raise NotFound(f"No such container: {link.child_id}")
        names.reserve(conn, f"{own_name}/{link.alias}", link.child_id, parent_id=container.id)
    attributes = _attributes(facets.labels, container.image, own_name)
    events.append(
        conn, Event("container", "create", container.id, container.created_at, attributes, container.revision)
    )


def _attributes(labels: Mapping[str, str], image: str, name: str) -> dict[str, str]:
    """What Docker tells of a container in an event: its labels, image and name."""
    told = dict(labels)
    if image:
        told["image"] = image
    told["name"] = name
    return told


def _log(conn: Connection, action: str, found: Found, now: int, revision: int, **more: str) -> None:
    labels = containers.labels(conn, found.id)
    attributes = _attributes(labels, found.image, names.primary(conn, found.id)) | more
    events.append(conn, Event("container", action, found.id, now, attributes, revision))


def _rename(conn: Connection, reference: str, new_name: str, now: int) -> None:
    found = containers.find(conn, reference)
    wanted = new_name if new_name.startswith("/") else f"/{new_name}"
    if wanted.removeprefix("/") == found.name:
        raise InvalidParameter("Renaming a container with the same name as its current name")
    try:
        names.rename(conn, found.id, found.name, naming.check(wanted))
    except NameConflict as conflict:
        raise NameConflict(conflict.name, conflict.owner_id, doing="Error when allocating new name: ") from None
    except InvalidParameter as error:
        raise InvalidParameter(f"Error when allocating new name: {error.message}", error.problems) from None
    _log(conn, "rename", found, now, containers.touch(conn, found.id), oldName=f"/{found.name}")


def _remove(conn: Connection, reference: str, now: int, *, force: bool) -> None:
    found = containers.find(conn, reference)
    if found.state in LIVE:
        raise _live(found, force=force)
    _log(conn, "destroy", found, now, found.revision + 1)
    containers.remove(conn, found.id)


def _live(found: Found, *, force: bool) -> Conflict:
    what = f'cannot remove container "/{found.name}": container is {found.state}'
    if force:
        return Conflict(f"{what}: an engine must stop it first, and none has taken charge of it")
    hint = "stop the container before removing or force remove"
    return Conflict(f"{what}: {'unpause and then ' if found.state == 'paused' else ''}{hint}")


def _remove_link(conn: Connection, name: str) -> None:
    containers.find(conn, name)
    parent, _, _alias = name.removeprefix("/").rpartition("/")
    if not parent:
        raise Conflict("Conflict, cannot remove the default link name of the container")
    owner = names.owner(conn, parent)
    if owner is None:
        raise NotFound(f"Cannot get parent {parent} for link name {name}")
    names.release(conn, name.removeprefix("/"))
    containers.touch(conn, owner)
