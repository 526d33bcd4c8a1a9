"""Writes containers and images as another engine recorded them, each in a transaction of its own."""

from collections.abc import Collection
from dataclasses import asdict, dataclass, replace

import orjson

from statesvc.db import events, images
from statesvc.db.containers import insertion, names
from statesvc.db.containers import rows as containers
from statesvc.db.containers.insertion import Belongings, Container
from statesvc.db.database import Database
from statesvc.db.images import Image
from statesvc.db.sqlite import Connection
from statesvc.domain import list_entry
from statesvc.domain.documents import ContainerCreate
from statesvc.domain.event import Event
from statesvc.domain.health import Health
from statesvc.domain.link import Link
from statesvc.domain.port import Port
from statesvc.domain.references import familiar
from statesvc.faults import Point, passed
from statesvc.services.imports.foreign import ForeignContainer, ForeignImage
from statesvc.services.imports.report import Outcome
from statesvc.services.journal.writing import log_image
from statesvc.services.site import Site
from statesvc.validation import Context, ReferencedContainer, mounts, namespaces, references, verify

_IN_DATABASE = "it is in the database already, where it stays as it is"


@dataclass(frozen=True, slots=True)
class Judged:
    """The outcome for an object, the reason, and warnings."""

    outcome: Outcome
    message: str = ""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class JudgedImage:
    """The outcome for an image, and for each of its references."""

    image: Judged
    references: dict[str, Judged]


class Imports:
    """Records imported containers and images, or with `planned` or `dry_run` only returns what would become of them."""

    def __init__(self, database: Database, site: Site) -> None:
        self._database = database
        self._site = site

    async def container(self, foreign: ForeignContainer, planned: Collection[str] | None = None) -> Judged:
        """Record a container with its names, labels, mounts, links and an event, or nothing of it.

        A container that is in the database stays unchanged, one whose name another container holds is skipped. In a dry
        run, `planned` has the IDs of the containers imported so far, and nothing is written.
        """
        if planned is not None:
            judged, _ = await self._database.scan(_judge, foreign, planned)
        else:
            judged = await self._database.write(_add, foreign, self._site.clock())
            passed(Point.IMPORT_CONTAINER)
        if judged.outcome is not Outcome.IMPORTED:
            return judged
        return replace(judged, warnings=(*judged.warnings, *self._objections(foreign)))

    def _objections(self, foreign: ForeignContainer) -> tuple[str, ...]:
        """Return the problems that validation would find in the container, as warnings: it is recorded all the same."""
        host = foreign.verified.host_config
        in_force = self._site.configuration.in_force
        context = Context(
            in_force.facts,
            in_force.daemon,
            str(self._site.data_root),
            # Containers and paths that it refers to count as existing: the other engine has checked them.
            containers={reference: ReferencedContainer(reference) for reference in references.named(host)},
            paths=mounts.sources(host),
        )
        config = foreign.verified.config.copy_with(**namespaces.never_asked(host.NetworkMode, host.UTSMode))
        request = ContainerCreate(config=config, host_config=host)
        verdict = verify(request, context, lambda: "0" * 64)
        problems = (*verdict.early, *verdict.middle, *verdict.late)
        return tuple(
            f"imported, although a create request like it would be refused: {problem.message}" for problem in problems
        )

    async def holds(self, container_id: str) -> bool:
        """Return whether the container is in the database."""
        return await self._database.read(containers.exists, container_id)

    async def image(self, foreign: ForeignImage, *, dry_run: bool = False) -> JudgedImage:
        """Record an image with its references; a reference that names another image in the database stays unchanged."""
        if dry_run:
            return await self._database.scan(_judge_image, foreign)
        recorded = await self._database.write(_add_image, foreign, self._site.clock())
        passed(Point.IMPORT_IMAGE)
        return recorded


def _judge(conn: Connection, foreign: ForeignContainer, planned: Collection[str]) -> tuple[Judged, list[Link]]:
    if containers.exists(conn, foreign.id):
        return Judged(Outcome.UNCHANGED, _IN_DATABASE), []
    holder = names.owner(conn, foreign.name)
    if holder is not None:
        return Judged(Outcome.SKIPPED, f"its name {foreign.name} belongs to container {holder} in the database"), []
    links: dict[str, Link] = {}
    warnings = []
    for link in foreign.verified.links:
        reason = _obstacle(conn, foreign.name, link, links, planned)
        if reason:
            warnings.append(f"its link {link.alias} is left out: {reason}")
        else:
            links[link.alias] = link
    return Judged(Outcome.IMPORTED, warnings=tuple(warnings)), list(links.values())


def _obstacle(
    conn: Connection, parent: str, link: Link, taken: Collection[str], planned: Collection[str]
) -> str | None:
    if link.child_id not in planned and not containers.exists(conn, link.child_id):
        return f"the container {link.child_id} that it leads to is not in the database"
    if link.alias in taken or names.owner(conn, f"{parent}/{link.alias}") is not None:
        return f"the name {parent}/{link.alias} is taken"
    return None


def _add(conn: Connection, foreign: ForeignContainer, now: int) -> Judged:
    judged, links = _judge(conn, foreign, ())
    if judged.outcome is not Outcome.IMPORTED:
        return judged
    container = _container(foreign)
    insertion.add(conn, container, foreign.verified, _belongings(foreign))
    names.reserve(conn, foreign.name, foreign.id)
    for link in links:
        names.reserve(conn, f"{foreign.name}/{link.alias}", link.child_id, parent_id=foreign.id)
    labels = foreign.verified.config.Labels or {}
    attributes = labels | {"image": container.image, "name": foreign.name, "engine": foreign.verified.origin}
    events.append(conn, Event("container", "import", foreign.id, now, attributes, container.revision))
    return judged


def _container(foreign: ForeignContainer) -> Container:
    verified = foreign.verified
    summary = list_entry.summary(
        foreign.id,
        verified.config.Labels,
        command=list_entry.command_line(foreign.path, foreign.args or []),
        created_at=foreign.created_at,
        network_mode=verified.host_config.NetworkMode,
        annotations=verified.host_config.Annotations,
        networks=foreign.networks.listed,
        mounts=verified.mounts,
        ports=_ports(foreign),
    )
    return Container(
        id=foreign.id,
        image=verified.config.Image,
        image_id=foreign.image_id,
        path=foreign.path,
        args=orjson.dumps(foreign.args).decode(),
        driver=foreign.driver,
        os=foreign.os,
        created_at=foreign.created_at,
        summary=orjson.dumps(summary).decode(),
        # Without a runtime_id: a container that another engine has started is locked to no runtime.
        runtime_name=verified.host_config.Runtime,
        managed=foreign.managed,
        restart_count=foreign.restart_count,
        started_before=foreign.started_before,
        manually_stopped=foreign.manually_stopped,
        **asdict(foreign.state),
    )


def _belongings(foreign: ForeignContainer) -> Belongings:
    return Belongings(
        network_settings=orjson.dumps(foreign.networks.inspected).decode(),
        networks=foreign.networks.ids,
        files=foreign.files,
        ports=_ports(foreign),
        health=_health(foreign),
    )


def _ports(foreign: ForeignContainer) -> tuple[Port, ...]:
    return tuple(
        Port(port.private_port, port.protocol, port.public_port or None, port.host_ip)
        for port in foreign.networks.ports
    )


def _health(foreign: ForeignContainer) -> Health | None:
    if foreign.health is None:
        return None
    return Health(foreign.health.status, foreign.health.streak, orjson.dumps(foreign.health.log).decode())


def _judge_image(conn: Connection, foreign: ForeignImage) -> JudgedImage:
    known = images.by_id(conn, foreign.id) is not None
    image = Judged(Outcome.UNCHANGED, _IN_DATABASE) if known else Judged(Outcome.IMPORTED)
    return JudgedImage(
        image, {reference: _judge_reference(conn, reference, foreign) for reference in foreign.references}
    )


def _judge_reference(conn: Connection, reference: str, foreign: ForeignImage) -> Judged:
    named = images.by_reference(conn, reference)
    if named is None:
        return Judged(Outcome.IMPORTED)
    if named.id == foreign.id:
        return Judged(Outcome.UNCHANGED, _IN_DATABASE)
    return Judged(Outcome.SKIPPED, f"it names image {named.id} in the database, and {foreign.id} in the other engine")


def _add_image(conn: Connection, foreign: ForeignImage, now: int) -> JudgedImage:
    judged = _judge_image(conn, foreign)
    is_new = judged.image.outcome is Outcome.IMPORTED
    if is_new:
        images.put(conn, Image(foreign.id, foreign.config, foreign.size, foreign.created_at, foreign.tagged_at))
    added = [text for text, reference in judged.references.items() if reference.outcome is Outcome.IMPORTED]
    for reference in added:
        images.tag(conn, reference, foreign.id, foreign.tagged_at)
    if is_new:
        name = familiar(added[0]) if added else foreign.id
        log_image(conn, "import", foreign.id, name, now)
    else:
        for reference in added:
            log_image(conn, "tag", foreign.id, familiar(reference), now)
    return judged
