"""The list of containers: narrow rows only, and the conditions that filters put on them."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, func, literal, literal_column, or_, select, tuple_

from statesvc.db.prepared import Query
from statesvc.db.tables import (
    container_health,
    container_labels,
    container_mounts,
    container_names,
    container_networks,
    containers,
)
from statesvc.domain.state import LIVE

Condition = ColumnElement[bool]

_C, _H = containers.c, container_health.c
_NAMES = (
    select(func.group_concat(func.json_quote(literal_column("'/'") + container_names.c.name)))
    .where(container_names.c.container_id == _C.id)
    .scalar_subquery()
    .label("names")
)
LISTED = (
    select(
        _C.id, _NAMES, _C.image, _C.image_id, _C.state,
        _C.exit_code, _C.started_at, _C.finished_at, _H.status, _C.summary,
    )
    .join_from(containers, container_health, _H.container_id == _C.id, isouter=True)
    .order_by(_C.created_at.desc(), _C.id.desc())
)  # fmt: skip


class ListedRow(NamedTuple):
    """What a list shows of a container. `names` is the comma-joined JSON of all its names, `status` its health."""

    id: str
    names: str
    image: str
    image_id: str
    state: str
    exit_code: int
    started_at: int | None
    finished_at: int | None
    status: str | None
    summary: str


EVERY = Query(LISTED, ListedRow)


def rows(conn: Connection, conditions: Iterable[Condition] = (), limit: int | None = None) -> list[ListedRow]:
    """Return the rows of a list, the newest first."""
    chosen = list(conditions)
    if not chosen and limit is None:
        return EVERY.all(conn, {})
    statement = LISTED.where(*chosen)
    found = conn.execute(statement if limit is None else statement.limit(limit))
    return [ListedRow._make(row) for row in found]


def live() -> Condition:
    """There is a process behind the container."""
    return _C.state.in_(sorted(LIVE))


def id_prefix(prefixes: Iterable[str]) -> Condition:
    """The ID begins with one of these."""
    return or_(*(and_(_C.id >= prefix, _C.id < prefix + "g") for prefix in prefixes))


def ids(container_ids: Iterable[str]) -> Condition:
    """The container is one of these."""
    return _C.id.in_(sorted(container_ids))


def state_in(states: Iterable[str]) -> Condition:
    """The container is in one of these states."""
    return _C.state.in_(sorted(states))


def exit_code_in(codes: Iterable[int]) -> Condition:
    """The container has run and ended with one of these codes."""
    return and_(_C.exit_code.in_(sorted(codes)), _C.state.not_in(sorted(LIVE)), _C.started_at.is_not(None))


def health_in(statuses: Iterable[str]) -> Condition:
    """The container has one of these health statuses; one without health checks has the status none."""
    return func.coalesce(_H.status, "none").in_(sorted(statuses))


def image_in(image_ids: Iterable[str]) -> Condition:
    """The container was made from one of these images."""
    return _C.image_id.in_(sorted(image_ids))


def labelled(key: str, value: str | None) -> Condition:
    """The container has the label, with this value if one is given."""
    labels = container_labels.c
    owners = select(labels.container_id).where(labels.key == key)
    return _C.id.in_(owners if value is None else owners.where(labels.value == value))


def uses_volume(wanted: Iterable[str]) -> Condition:
    """A volume of this name, or a mount at this destination, is mounted in the container."""
    mounts, chosen = container_mounts.c, sorted(wanted)
    return _C.id.in_(select(mounts.container_id).where(or_(mounts.volume.in_(chosen), mounts.destination.in_(chosen))))


def in_network(wanted: Iterable[str]) -> Condition:
    """The container is connected to a network of this name or ID."""
    networks, chosen = container_networks.c, sorted(wanted)
    return _C.id.in_(
        select(networks.container_id).where(or_(networks.name.in_(chosen), networks.network_id.in_(chosen)))
    )


def created_relative_to(conn: Connection, container_id: str, *, before: bool) -> Condition:
    """The container was created before, or after, this one."""
    at = conn.execute(select(_C.created_at, _C.id).where(_C.id == container_id)).one()
    place, own = tuple_(literal(at.created_at), literal(at.id)), tuple_(_C.created_at, _C.id)
    return own < place if before else own > place


def names_of_all(conn: Connection) -> Sequence[tuple[str, str]]:
    """Return every name with the ID of its container, for a filter that SQL cannot judge."""
    return [
        (row.name, row.container_id)
        for row in conn.execute(select(container_names.c.name, container_names.c.container_id))
    ]
