"""Look-up of containers: the narrow row and the documents, by ID, name or prefix."""

from collections import Counter
from typing import Any, NamedTuple, TypeVar

import orjson
from sqlalchemy import (
    BindParameter,
    ColumnClause,
    ColumnElement,
    Connection,
    Select,
    and_,
    bindparam,
    delete,
    func,
    literal,
    literal_column,
    select,
    union_all,
    update,
)

from statesvc.db.damage.judges import fault
from statesvc.db.prefixes import after
from statesvc.db.schema.tables import (
    container_health,
    container_labels,
    container_mounts,
    container_names,
    container_specs,
    containers,
    execs,
)
from statesvc.db.schema.types import LAST_INTEGER
from statesvc.db.statements import Query, Statement
from statesvc.domain.documents import HostConfig
from statesvc.domain.documents.decode import decode_value
from statesvc.domain.ids import is_full
from statesvc.domain.mount_point import MountPoint
from statesvc.domain.state import State, readable
from statesvc.errors import Damaged, InvalidParameter, NotFound


class Inspection(NamedTuple):
    """Everything that inspect shows of a container, as one row; flags are 0 or 1.

    `mounts`, `links` and `execs` (the IDs of its running execs) are the comma-joined JSON of each, None for
    none; `status`, `streak` and `log` are its health, None without one. `rank` is how it was found: 0 by ID, 1 by
    name, 2 by prefix.
    """

    id: str
    image: str
    image_id: str
    path: str
    args: str
    driver: str
    os: str
    created_at: int
    state: str
    pid: int
    exit_code: int
    error: str
    oom_killed: int
    started_at: int | None
    finished_at: int | None
    restart_count: int
    runtime_name: str
    revision: int
    config: str
    host_config: str
    network_settings: str
    resolv_conf_path: str
    hostname_path: str
    hosts_path: str
    log_path: str
    mount_label: str
    process_label: str
    apparmor_profile: str
    name: str
    mounts: str | None
    links: str | None
    execs: str | None
    status: str | None
    streak: int | None
    log: str | None
    rowid: int
    rank: int


class Found(NamedTuple):
    """The container that a reference means, with the columns that every operation needs."""

    id: str
    state: State
    revision: int
    image: str
    origin: str
    name: str
    rank: int


R = TypeVar("R", bound=NamedTuple)

_ROWID: ColumnClause[int] = literal_column("containers.rowid").label("rowid")  # type: ignore[assignment]
_C, _N, _S, _H = containers.c, container_names.c, container_specs.c, container_health.c
# Only what is shown: each column that is read costs half a microsecond.
_INSPECTED = (
    _C.id, _C.image, _C.image_id, _C.path, _C.args, _C.driver, _C.os, _C.created_at, _C.state, _C.pid, _C.exit_code,
    _C.error, _C.oom_killed, _C.started_at, _C.finished_at, _C.restart_count, _C.runtime_name, _C.revision,
    _S.config, _S.host_config, _S.network_settings, _S.resolv_conf_path, _S.hostname_path, _S.hosts_path, _S.log_path,
    _S.mount_label, _S.process_label, _S.apparmor_profile,
)  # fmt: skip
_child = container_names.alias("child")
_link = container_names.alias("link")

_MOUNTS = (
    select(func.group_concat(container_mounts.c.document))
    .where(container_mounts.c.container_id == _C.id)
    .scalar_subquery()
    .label("mounts")
)
# As Docker shows a link: /child:/parent/alias
_LINKS = (
    select(func.group_concat(func.json_quote("/" + _child.c.name + ":/" + _link.c.name)))
    .select_from(_link)
    .join(_child, and_(_child.c.container_id == _link.c.container_id, _child.c.kind == "primary"))
    .where(_link.c.parent_id == _C.id)
    .scalar_subquery()
    .label("links")
)
_EXECS = (
    select(func.group_concat(func.json_quote(execs.c.id)))
    .where(execs.c.container_id == _C.id, execs.c.state == "running")
    .scalar_subquery()
    .label("execs")
)
NAME = select(_N.name).where(_N.container_id == _C.id, _N.kind == "primary").scalar_subquery().label("name")


def _inspection(*where: ColumnElement[bool]) -> Select[Any]:
    return (
        select(*_INSPECTED, NAME, _MOUNTS, _LINKS, _EXECS, _H.status, _H.streak, _H.log, _ROWID)
        # Also a container without documents is a row: whether they are missing must be seen in the same statement. A
        # second one may find a container that was made, or not find one that was removed, since the first.
        .join_from(containers, container_specs, _S.container_id == _C.id, isouter=True)
        .join(container_health, _H.container_id == _C.id, isouter=True)
        .where(*where)
    )


def ranked(statement: Select[Any]) -> Select[Any]:
    """Let a statement over containers look up by full ID, then exact name, then ID prefix.

    The best row comes first, its rank last; two rows of rank 2 are ambiguous.
    """
    reference: BindParameter[str] = bindparam("reference")
    name: BindParameter[str] = bindparam("name")
    after: BindParameter[str] = bindparam("after")
    prefixed = select(_C.id).where(_C.id >= reference, _C.id < after).limit(2).subquery("prefixed")
    every = union_all(
        select(_C.id.label("id"), literal(0).label("rank")).where(_C.id == reference),
        select(_N.container_id, literal(1)).where(_N.name == name),
        select(prefixed.c.id, literal(2)),
    ).subquery("every")
    # The limit keeps SQLite from joining the wide tables into each of the three searches.
    found = select(every).order_by(every.c.rank).limit(2).subquery("found")
    return statement.add_columns(found.c.rank).join(found, found.c.id == _C.id).order_by(found.c.rank)


BY_ID = Query(_inspection(_C.id == bindparam("reference")).add_columns(literal(0).label("rank")), Inspection)
RANKED = Query(ranked(_inspection()), Inspection)
RANKED_ROW = Query(
    ranked(select(_C.id, _C.state, _C.revision, _C.image, _C.origin, NAME).select_from(containers)), Found
)
_REMOVE = Statement(delete(containers).where(_C.id == bindparam("container_id")))
# A damaged revision that is the largest integer stays as it is, so that such a container can still be removed.
NEXT_REVISION = func.min(_C.revision, LAST_INTEGER - 1) + 1
_TOUCH = Statement(
    update(containers).where(_C.id == bindparam("of")).values(revision=NEXT_REVISION).returning(_C.revision)
)
_ENGINE = Statement(select(_C.engine).where(_C.id == bindparam("container_id")))
_HOST_CONFIG = Statement(select(_S.host_config).where(_S.container_id == bindparam("container_id")))
_STORE_HOST_CONFIG = Statement(
    update(container_specs).where(_S.container_id == bindparam("of")).values(host_config=bindparam("changed"))
)
_MOUNT_POINTS = Statement(
    select(container_mounts.c.document, container_mounts.c.volume, container_mounts.c.named)
    .where(container_mounts.c.container_id == bindparam("container_id"))
    .order_by(container_mounts.c.destination)
)
_LABELS = Statement(
    select(container_labels.c.key, container_labels.c.value).where(
        container_labels.c.container_id == bindparam("container_id")
    )
)


def _keys(reference: str) -> dict[str, str]:
    return {"reference": reference, "name": reference.removeprefix("/"), "after": after(reference)}


def best(conn: Connection, statement: Query[R], reference: str) -> R:
    """Return the one row that a ranked statement finds. Raises as inspect does."""
    if not reference:
        raise InvalidParameter('invalid name or ID supplied: ""')
    rows = statement.all(conn, _keys(reference))
    if not rows:
        raise NotFound(f"No such container: {reference}")
    if len(rows) > 1 and rows[0][-1] == rows[1][-1] == 2:
        raise InvalidParameter(f"multiple IDs found with provided prefix: {reference}")
    return rows[0]


def inspect(conn: Connection, reference: str) -> Inspection:
    """Return everything of the container a reference means.

    Raises InvalidParameter for an empty or ambiguous reference, NotFound for an unknown one, Damaged for one whose
    documents are missing.
    """
    row = BY_ID.first(conn, {"reference": reference}) if is_full(reference) else None
    if row is None:
        row = best(conn, RANKED, reference)
    if not _has_documents(row):
        raise Damaged(f"container {row.id} is damaged: its documents are missing")
    return row


def with_documents(conn: Connection, container_id: str) -> Inspection | None:
    """Return everything of the container with this full ID, None if it, or its row of documents, is missing."""
    row = BY_ID.first(conn, {"reference": container_id})
    return row if row is not None and _has_documents(row) else None


def _has_documents(row: Inspection) -> bool:
    # No column of the documents is ever NULL, unless their row is missing.
    config: str | None = row.config
    return config is not None


def find(conn: Connection, reference: str) -> Found:
    """Return the container a reference means. Raises as inspect does."""
    found = best(conn, RANKED_ROW, reference)
    return found._replace(state=readable(found.state), name=found.name or "")


def exists(conn: Connection, container_id: str) -> bool:
    """Return whether there is a container with this full ID."""
    return conn.execute(select(_C.id).where(_C.id == container_id)).first() is not None


def remove(conn: Connection, container_id: str) -> None:
    """Delete the container and all that belongs to it."""
    _REMOVE.run(conn, {"container_id": container_id})


def mounts(conn: Connection, container_id: str) -> tuple[MountPoint, ...]:
    """Return the mount points of a container by destination. Raises Damaged if one cannot be read."""
    rows = _MOUNT_POINTS.run(conn, {"container_id": container_id}).fetchall()
    if any(fault("container_mounts", "document", document) for document, _, _ in rows):
        raise Damaged(f"container {container_id} is damaged: a mount point cannot be read")
    return tuple(MountPoint.of_document(document, volume, named=bool(named)) for document, volume, named in rows)


def host_config(conn: Connection, container_id: str) -> HostConfig:
    """Return the host configuration of a container. Raises Damaged if it cannot be read."""
    text = _HOST_CONFIG.value(conn, {"container_id": container_id})
    reason = "is missing" if text is None else fault("container_specs", "host_config", text)
    if reason:
        raise Damaged(f"container {container_id} is damaged: container_specs.host_config {reason}")
    return decode_value(HostConfig, orjson.loads(text))


def engine_of(conn: Connection, container_id: str) -> str | None:
    """Return the engine that has taken charge of a container, None if none has."""
    engine: str | None = _ENGINE.value(conn, {"container_id": container_id})
    return engine


def store_host_config(conn: Connection, container_id: str, changed: HostConfig) -> int:
    """Replace the host configuration of a container; return its new revision."""
    text = changed.to_json().decode()
    _STORE_HOST_CONFIG.run(conn, {"of": container_id, "changed": text})
    return touch(conn, container_id)


def next_revision(revision: int) -> int:
    """Return the revision that follows another."""
    return min(revision, LAST_INTEGER - 1) + 1


def touch(conn: Connection, container_id: str) -> int:
    """Increase the revision of a container; return its new revision."""
    revision: int = _TOUCH.value(conn, {"of": container_id})
    return revision


def labels(conn: Connection, container_id: str) -> dict[str, str]:
    """Return the labels of a container."""
    return dict(_LABELS.run(conn, {"container_id": container_id}).fetchall())


def users_of_image(conn: Connection, image_id: str) -> list[tuple[str, State]]:
    """Return ID and state of the containers made from an image, the newest first."""
    rows = conn.execute(select(_C.id, _C.state).where(_C.image_id == image_id).order_by(_C.created_at.desc()))
    return [(row.id, readable(row.state)) for row in rows]


def count_by_state(conn: Connection) -> dict[State, int]:
    """Return how many containers are in each state."""
    counted: Counter[State] = Counter()
    for state, count in conn.execute(select(_C.state, func.count()).group_by(_C.state)):
        counted[readable(state)] += count
    return counted


def count_by_image(conn: Connection) -> dict[str, int]:
    """Return how many containers are made from each image."""
    counted = conn.execute(select(_C.image_id, func.count().label("users")).group_by(_C.image_id))
    return {row.image_id: row.users for row in counted}
