"""Containers: create, inspect, update, rename, remove."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import ParamSpec, Protocol, TypeVar

import orjson
import structlog

from statesvc.db import events
from statesvc.db import images as image_records
from statesvc.db.containers import insertion, names
from statesvc.db.containers import rows as containers
from statesvc.db.containers.insertion import Belongings, Container
from statesvc.db.containers.rows import Found, Inspection
from statesvc.db.database import Database
from statesvc.db.sqlite import Connection
from statesvc.domain import ids
from statesvc.domain import names as naming
from statesvc.domain.api_version import NEWEST, Version
from statesvc.domain.documents import ContainerCreate, HostConfig
from statesvc.domain.documents.decode import decode
from statesvc.domain.event import Event
from statesvc.domain.platform import of_host
from statesvc.domain.state import LIVE, State
from statesvc.domain.verified import Verified
from statesvc.errors import (
    Conflict,
    InvalidParameter,
    NameConflict,
    NotFound,
    NotOffered,
    Problem,
    StateError,
)
from statesvc.host import paths
from statesvc.services.containers import idempotency, rows
from statesvc.services.containers.idempotency import Claim, Created, Keys
from statesvc.services.containers.revisions import Expected, expect
from statesvc.services.damage.judging import DamageGuard, damaged, faults_of
from statesvc.services.images import service as images
from statesvc.services.images.service import Images
from statesvc.services.journal import writing
from statesvc.services.journal.writing import Subject, log_container
from statesvc.services.runtimes.service import obstacle
from statesvc.services.site import Site
from statesvc.validation import (
    Context,
    ReferencedContainer,
    Verdict,
    finish,
    mounts,
    platforms,
    references,
    sizes,
    update,
    verify,
)

__all__ = ["Containers", "Created", "Expected", "Inspection"]

P = ParamSpec("P")
T = TypeVar("T")

log = structlog.get_logger(__name__)

_HEAVY_ELEMENTS = 500
"""A request with more elements is verified in a thread: other requests must not wait for it."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """The result of validating a create request: its refusal, or the documents that would be stored."""

    refusal: StateError | None
    warnings: tuple[str, ...] = ()
    verified: Verified | None = None


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A request that passed every rule, as it would be stored; `name` is "" where one is to be made up."""

    name: str
    container: Container
    belongings: Belongings
    verified: Verified
    warnings: tuple[str, ...]

    def wanted_names(self) -> list[tuple[str, str]]:
        """Return each name that the container or one of its links needs, with the ID of the container it points at."""
        own = [(self.name, self.container.id)] if self.name else []
        return own + [(f"{self.name}/{link.alias}", link.child_id) for link in self.verified.links]


class Containers:
    """The registry of containers."""

    def __init__(self, database: Database, site: Site, images: Images, keys: Keys, damage: DamageGuard) -> None:
        self._database = database
        self._site = site
        self._images = images
        self._keys = keys
        self._damage = damage

    async def inspect(self, reference: str) -> Inspection:
        """Return everything about a container. Raises as `find`, and Damaged if it cannot be read."""
        return self._damage.inspected(await self._database.read(containers.inspect, reference))

    async def find(self, reference: str) -> Found:
        """Return which container a reference means.

        Raises NotFound, or InvalidParameter if it is empty or ambiguous.
        """
        return await self._database.read(containers.find, reference)

    async def image_size(self, image_id: str) -> int:
        """Return the size of the image with this ID, 0 if it is not recorded."""
        return (await self._database.read(image_records.sizes, (image_id,))).get(image_id, 0)

    async def create(
        self,
        name: str,
        request: ContainerCreate,
        *,
        version: Version = NEWEST,
        platform: str = "",
        idempotency_key: str | None = None,
    ) -> Created:
        """Create a container; an empty name lets one be made up.

        Raises InvalidParameter with every problem of the request, NotFound for an image that is not recorded or not of
        the platform, NameConflict with the owner of the name. Any failure leaves nothing behind. A request that comes
        again with its key gets the first answer; Conflict if the key came with another one.
        """
        claim = None
        if idempotency_key is not None:
            claim = await self._keys.claim(idempotency_key, name, request, version=version, platform=platform)
            if first := await self._database.read(idempotency.first_answer, claim):
                return first
        new = await self._prepare(ids.new_id(self._site.entropy), name, request, version, platform)
        candidates = () if new.name else naming.candidates(self._site.entropy, new.container.id)
        answer = await self._database.write(_insert, new, candidates, claim)
        for warning in answer.warnings if answer.id == new.container.id else ():
            log.warning("container created with a warning", container=answer.id, warning=warning)
        return answer

    async def judge(self, body: bytes, *, name: str = "", version: Version = NEWEST, platform: str = "") -> Judgement:
        """Return what a create request would come to, and create nothing."""
        try:
            request = await self._site.threads.decoding.run(decode, ContainerCreate, body)
            prepared = await self._prepare("0" * 64, name, request, version, platform)
            await self._database.read(_refuse_taken, prepared.wanted_names())
        except StateError as error:
            return Judgement(error)
        return Judgement(None, prepared.warnings, prepared.verified)

    async def _prepare(
        self, container_id: str, name: str, request: ContainerCreate, version: Version, platform: str
    ) -> _Prepared:
        """Return what a request comes to under an ID. Raises what `create` raises, all but a name that is taken."""
        size = sizes.measured(request)
        if size.problems:
            raise InvalidParameter("; ".join(problem.message for problem in size.problems), size.problems)
        run = self._site.threads.decoding.run if size.elements > _HEAVY_ELEMENTS else _at_once
        context = await self._context(request, version)
        verdict = await run(self._verify, name, request, context)
        image, warnings = await self._image(verdict.verified.config.Image, version, platform)
        own_name = await self._own_name(name, verdict)

        def completed() -> _Prepared:
            config = finish.merged(verdict, image.config if image else None)
            verified = finish.complete(verdict, config, container_id, context, self._new_name)
            now, image_id = self._site.clock(), image.id if image else ""
            new, belongings = rows.of_new(container_id, verified, image_id=image_id, created_at=now, site=self._site)
            return _Prepared(own_name, new, belongings, verified, (*warnings, *verified.warnings))

        return await run(completed)

    def _verify(self, name: str, request: ContainerCreate, context: Context) -> Verdict:
        if request.config is None:
            raise InvalidParameter("config cannot be empty in order to create a container")
        verdict = verify(request, context, self._new_name)
        refusal = verdict.refusal(*_name_problems(name)) if verdict.early else None
        if refusal:
            raise refusal
        return verdict

    async def _image(
        self, text: str, version: Version, platform: str
    ) -> tuple[images.ResolvedImage | None, tuple[str, ...]]:
        """Return the image that is named, None if none is, and the warnings about its platform."""
        wanted = platform if version >= (1, 41) else ""
        host = of_host(self._site.facts.architecture, self._site.facts.architecture_variant)
        if wanted:
            platforms.parse(wanted, host)
        if not text:
            return None, ()
        image = await self._images.resolve(text)
        return image, images.judge_platform(image, text, wanted, host)

    async def update(
        self, reference: str, asked: HostConfig, *, version: Version = NEWEST, expected: Expected = None
    ) -> tuple[str, ...]:
        """Change limits and restart policy of a container; return the warnings.

        Raises InvalidParameter before the container is looked up, PreconditionFailed if it has another revision than
        those expected, Conflict if its present settings forbid the change, NotOffered for limits of a live container,
        which an engine would have to change.
        """
        verdict = update.verify(asked, self._bare_context(version))
        if verdict.problems:
            message = "; ".join(problem.message for problem in verdict.problems)
            raise InvalidParameter(message, verdict.problems)
        await self._database.write(_update, reference, verdict.asked, self._site.clock(), expected)
        return verdict.warnings

    async def rename(self, reference: str, new_name: str, *, expected: Expected = None) -> None:
        """Give a container another name; the old one is free at once, and the names of its links move along.

        Raises InvalidParameter for an empty, unchanged or impossible name, NameConflict with the owner of a taken one,
        PreconditionFailed if the container has another revision than those expected.
        """
        if not reference or not new_name:
            raise InvalidParameter("Neither old nor new names may be empty")
        await self._database.write(_rename, reference, new_name, self._site.clock(), expected)

    async def remove(self, reference: str, *, force: bool = False, expected: Expected = None) -> None:
        """Remove a container, its name and all that belongs to it.

        Raises Conflict while it runs, PreconditionFailed if it has another revision than those expected.
        """
        await self._database.write(_remove, reference, self._site.clock(), expected, force=force)

    async def remove_link(self, name: str, *, expected: Expected = None) -> None:
        """Remove the name of a link: `parent/alias`; it changes the parent, whose revisions are those expected.

        Raises Conflict for a container's own name, PreconditionFailed if the parent has another revision.
        """
        await self._database.write(_remove_link, name, self._site.clock(), expected)

    def _bare_context(self, version: Version) -> Context:
        in_force = self._site.configuration.in_force
        return Context(in_force.facts, in_force.daemon, str(self._site.data_root), version)

    async def _context(self, request: ContainerCreate, version: Version) -> Context:
        in_force = self._site.configuration.in_force
        context = Context(in_force.facts, in_force.daemon, str(self._site.data_root), version)
        host = request.host_config
        asked = references.named(host) if host else frozenset()
        if asked:
            context = replace(context, containers=await self._database.scan(_look_up_all, asked))
        runtime = in_force.runtimes.get((host.Runtime if host else "") or in_force.daemon.default_runtime)
        if runtime and runtime.runtime.args:
            context = replace(context, runtime_obstacle=await self._site.threads.files.run(obstacle, runtime))
        if host and (mounted := mounts.images(host)):
            found, unknown = await self._mounted(mounted)
            context = replace(context, mounted_images=found, unknown_images=unknown)
        sources = mounts.sources(host) if host else frozenset()
        if sources:  # a slow disk must not hold up the others
            context = replace(context, paths=await self._site.threads.files.run(paths.existing, sources))
        return context

    async def _mounted(self, texts: frozenset[str]) -> tuple[dict[str, str], dict[str, StateError]]:
        """Return the IDs of the images that are mounted, and the errors of those that are not here."""
        found, unknown = {}, {}
        for text in texts:
            await asyncio.sleep(0)  # each is a read on the event loop, and there may be many
            try:
                found[text] = (await self._images.resolve(text)).id
            except StateError as error:
                unknown[text] = error
        return found, unknown

    async def _own_name(self, name: str, verdict: Verdict) -> str:
        """Return the checked name, "" for none. Raises the refusal of the verdict, in Docker's order."""
        wrong_name = _name_problems(name)
        refusal = verdict.refusal(*wrong_name)
        if refusal is None:
            return name.removeprefix("/")
        # Docker reserves the name before it looks at mounts and links: a taken name is the answer then.
        if name and not verdict.middle and not wrong_name:
            await self._database.read(_refuse_taken, [(name.removeprefix("/"), "")])
        raise refusal

    def _new_name(self) -> str:
        return self._site.entropy(32).hex()


async def _at_once(work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    return work(*args, **kwargs)


def _name_problems(name: str) -> tuple[Problem, ...]:
    try:
        naming.check(name or "unnamed")
    except InvalidParameter as error:
        return error.problems
    return ()


def _look_up_all(conn: Connection, asked: frozenset[str]) -> Mapping[str, ReferencedContainer]:
    return {reference: _look_up(conn, reference) for reference in asked}


def _look_up(conn: Connection, reference: str) -> ReferencedContainer:
    try:
        row = containers.inspect(conn, reference)
        if faults := faults_of(row):
            raise damaged(row.id, faults)
    except StateError as error:
        return ReferencedContainer(missing=error.message)
    on_host = orjson.loads(row.host_config)["NetworkMode"] == "host"
    return ReferencedContainer(row.id, host_network=on_host, mounts=containers.mounts(conn, row.id))


def _refuse_taken(conn: Connection, wanted: list[tuple[str, str]]) -> None:
    """Raise NameConflict if one of these names points at another container, or two of them are the same name."""
    holders: dict[str, str] = {}
    for name, container_id in wanted:
        holder = holders.setdefault(name, names.owner(conn, name) or container_id)
        if holder != container_id:
            raise NameConflict(name, holder)


def _insert(conn: Connection, new: _Prepared, candidates: tuple[str, ...], claim: Claim | None) -> Created:
    if claim and (first := idempotency.first_answer(conn, claim)):
        return first  # the same request came twice at once
    container, verified, own_name = new.container, new.verified, new.name
    insertion.add(conn, container, verified, new.belongings)
    if own_name:
        names.reserve(conn, own_name, container.id)
    else:
        own_name = names.reserve_first_free(conn, candidates, container.id)
    for link in verified.links:
        if not containers.exists(conn, link.child_id):
            raise NotFound(f"No such container: {link.child_id}")
        names.reserve(conn, f"{own_name}/{link.alias}", link.child_id, parent_id=container.id)
    attributes = writing.attributes(verified.config.Labels or {}, container.image, own_name)
    events.append(
        conn, Event("container", "create", container.id, container.created_at, attributes, container.revision)
    )
    created = Created(container.id, new.warnings)
    if claim:
        idempotency.keep(conn, claim, created)
    return created


def _update(conn: Connection, reference: str, asked: HostConfig, now: int, expected: Expected) -> None:
    found = containers.find(conn, reference)
    expect(found, expected)
    if found.state in {State.REMOVING, State.DEAD}:
        raise Conflict(f'Cannot update container {found.id}: container is marked for removal and cannot be "update"')
    stored = containers.host_config(conn, found.id)
    changed = update.apply(asked, stored, found.id)
    limits_change = changed.copy_with(RestartPolicy=stored.RestartPolicy) != stored
    if found.state in LIVE and limits_change:
        raise NotOffered(f"the limits of container {found.id} are an engine's to change while it is {found.state}")
    log_container(conn, "update", found, now, containers.store_host_config(conn, found.id, changed))


def _rename(conn: Connection, reference: str, new_name: str, now: int, expected: Expected) -> None:
    found = containers.find(conn, reference)
    expect(found, expected)
    wanted = new_name if new_name.startswith("/") else f"/{new_name}"
    if wanted.removeprefix("/") == found.name:
        raise InvalidParameter("Renaming a container with the same name as its current name")
    try:
        renamed = found._replace(name=naming.check(wanted))
        names.rename(conn, found.id, found.name, renamed.name)
    except NameConflict as conflict:
        raise NameConflict(conflict.name, conflict.owner_id, doing="Error when allocating new name: ") from None
    except InvalidParameter as error:
        raise InvalidParameter(f"Error when allocating new name: {error.message}", error.problems) from None
    log_container(conn, "rename", renamed, now, containers.touch(conn, found.id), oldName=f"/{found.name}")


def _remove(conn: Connection, reference: str, now: int, expected: Expected, *, force: bool) -> None:
    found = containers.find(conn, reference)
    expect(found, expected)
    if found.state in LIVE:
        raise _live(found, containers.engine_of(conn, found.id), force=force)
    discard(conn, found, now)


class Discarded(Subject, Protocol):
    """A container that is to go."""

    @property
    def revision(self) -> int:
        """The revision before the removal."""


def discard(conn: Connection, found: Discarded, now: int) -> None:
    """Remove a container that is not live, with all that belongs to it, and write the event."""
    log_container(conn, "destroy", found, now, containers.next_revision(found.revision))
    containers.remove(conn, found.id)


def _live(found: Found, engine: str | None, *, force: bool) -> Conflict:
    what = f'cannot remove container "/{found.name}": container is {found.state}'
    if force:
        if engine:
            return Conflict(f"{what}: engine {engine} runs it, and must stop it first: ask that one to remove it")
        return Conflict(f"{what}: an engine must stop it first, and none has taken charge of it")
    hint = "stop the container before removing or force remove"
    return Conflict(f"{what}: {'unpause and then ' if found.state == 'paused' else ''}{hint}")


def _remove_link(conn: Connection, name: str, now: int, expected: Expected) -> None:
    containers.find(conn, name)
    parent, _, _alias = name.removeprefix("/").rpartition("/")
    if not parent:
        raise Conflict("Conflict, cannot remove the default link name of the container")
    owner = names.owner(conn, parent)
    if owner is None:
        raise NotFound(f"Cannot get parent {parent} for link name {name}")
    found = containers.find(conn, owner)
    expect(found, expected)
    names.release(conn, name.removeprefix("/"))
    log_container(conn, "unlink", found, now, containers.touch(conn, owner), link=f"/{name.removeprefix('/')}")
