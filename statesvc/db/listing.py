"""The list of containers: narrow rows only, and the conditions that filters put on them.

Values that a client sends go into a statement as one JSON array each: their number has no limit that SQLite would set.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import orjson
from sqlalchemy import (
    ColumnClause,
    ColumnElement,
    Connection,
    Select,
    Text,
    and_,
    bindparam,
    func,
    literal,
    literal_column,
    not_,
    or_,
    select,
    tuple_,
    union_all,
)

from statesvc.db.prepared import Query, Statement
from statesvc.db.tables import (
    container_health,
    container_labels,
    container_mounts,
    container_names,
    container_networks,
    container_ports,
    containers,
)
from statesvc.domain.state import LIVE, State

Condition = ColumnElement[bool]

_C, _H, _N = containers.c, container_health.c, container_names.c
# The plus keeps SQLite from the index of states.
_STATE_AS_IT_IS: ColumnClause[str] = literal_column("+containers.state", Text)
_NAMES = (
    select(func.group_concat(func.json_quote(literal_column("'/'") + _N.name)))
    .where(_N.container_id == _C.id)
    .scalar_subquery()
    .label("names")
)
LISTED = (
    select(
        _C.id, _NAMES, _C.image, _C.image_id, _C.state,
        _C.exit_code, _C.started_at, _C.finished_at, _H.status, _C.summary,
        literal_column("containers.rowid").label("rowid"),
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
    rowid: int


class PortRange(NamedTuple):
    """Ports from the first to the last, of one protocol."""

    first: int
    last: int
    protocol: str


EVERY = Query(LISTED, ListedRow)
OWN_NAMES = Statement(select(_N.name, _N.container_id).where(_N.kind == literal_column("'primary'")))
_BY_PREFIX = Statement(
    select(_C.id).where(_C.id >= bindparam("prefix"), _C.id < bindparam("after")).limit(literal_column("2"))
)
_BY_NAME = Statement(select(_N.container_id).where(_N.name == bindparam("name")))
_BY_OWN_NAME = Statement(
    select(_N.container_id).where(_N.name == bindparam("name"), _N.kind == literal_column("'primary'"))
)
BEGINNING = Statement(
    select(_N.container_id).where(
        _N.name >= bindparam("prefix"), _N.name < bindparam("after"), _N.kind == literal_column("'primary'")
    )
)
CONTAINING = Statement(
    select(_N.container_id).where(
        func.instr(literal_column("'/'") + _N.name, bindparam("part")) > literal_column("0"),
        _N.kind == literal_column("'primary'"),
    )
)
_BY_ID = Statement(select(_C.id).where(_C.id == bindparam("id")))


def rows(conn: Connection, conditions: Iterable[Condition] = (), limit: int | None = None) -> list[ListedRow]:
    """Return the rows of a list, the newest first."""
    chosen = list(conditions)
    if not chosen and limit is None:
        return EVERY.all(conn, {})
    return [ListedRow._make(row) for row in conn.execute(statement(chosen, limit))]


def statement(conditions: Sequence[Condition], limit: int | None = None) -> Select[tuple[object, ...]]:
    """Return the statement of a list under conditions."""
    filtered = LISTED.where(*conditions)
    return filtered if limit is None else filtered.limit(limit)


def revisions(conn: Connection, conditions: Sequence[Condition]) -> list[tuple[str, int]]:
    """Return the ID and the revision of the containers under conditions, the newest first."""
    chosen = select(_C.id, _C.revision).where(*conditions).order_by(_C.created_at.desc(), _C.id.desc())
    return [(row.id, row.revision) for row in conn.execute(chosen)]


def live(*, searched: bool = True) -> Condition:
    """There is a process behind the container; `searched` as for state_in."""
    return state_in(LIVE, searched=searched)


def removable() -> Condition:
    """There is no process behind the container, and nobody is removing it."""
    return _C.state.not_in(sorted({*LIVE, State.REMOVING}))


def ids(container_ids: Iterable[str]) -> Condition:
    """The container is one of these."""
    return _C.id.in_(_each(container_ids))


def state_in(states: Iterable[str], *, searched: bool = True) -> Condition:
    """The container is in one of these states.

    Unless it is to be searched by its state, another condition is: most containers are in one of very few states.
    """
    return (_C.state if searched else _STATE_AS_IT_IS).in_(sorted(states))


def exit_code_in(codes: Iterable[int]) -> Condition:
    """The container has run and ended with one of these codes."""
    return and_(_C.exit_code.in_(_each(codes)), _C.state.not_in(sorted(LIVE)), _C.started_at.is_not(None))


def health_in(statuses: Iterable[str]) -> Condition:
    """The container has one of these health statuses; one without health checks has the status none."""
    return func.coalesce(_H.status, "none").in_(sorted(statuses))


def image_in(image_ids: Iterable[str]) -> Condition:
    """The container was made from one of these images."""
    return _C.image_id.in_(_each(image_ids))


def managed(*, wanted: bool) -> Condition:
    """The container is, or is not, a task of a cluster's service."""
    return _C.managed.is_(wanted)


def labelled(key: str, value: str | None) -> Condition:
    """The container has the label, with this value if one is given."""
    labels = container_labels.c
    owners = select(labels.container_id).where(labels.key == key)
    return _C.id.in_(owners if value is None else owners.where(labels.value == value))


def lacks_one(conditions: Sequence[Condition]) -> Condition:
    """One of the conditions at least does not hold."""
    return not_(and_(*conditions))


def uses_volume(wanted: Sequence[str]) -> Condition:
    """Something of this name, of this source without a name, or at this destination is mounted in the container."""
    mounts, chosen = container_mounts.c, _each(wanted)
    unnamed = and_(mounts.volume.is_(None), mounts.source.in_(chosen))
    meant = or_(mounts.volume.in_(chosen), unnamed, mounts.destination.in_(chosen))
    return _C.id.in_(select(mounts.container_id).where(meant))


def in_network(wanted: Sequence[str]) -> Condition:
    """The container has a network of this name, or one whose ID begins so."""
    networks = container_networks.c
    if "" in wanted:  # every ID begins with nothing
        return _C.id.in_(select(networks.container_id))
    asked = func.json_each(_array(wanted)).table_valued("value", name="asked")
    value = asked.c.value
    by_name = select(networks.container_id).select_from(asked).join(container_networks, networks.name == value)
    # The hexadecimal digits end at f: g is the first text behind every ID that begins so.
    known = networks.network_id != literal_column("''")  # as the index has it
    begins = and_(known, networks.network_id >= value, networks.network_id < value.op("||")(literal_column("'g'")))
    by_id = select(networks.container_id).select_from(asked).join(container_networks, begins)
    return _C.id.in_(union_all(by_name, by_id))


def has_port(*, published: Sequence[PortRange], exposed: Sequence[PortRange]) -> Condition:
    """A port of the container is reachable now: on the host under one of the first, or inside under one of the others.

    A port that is not reachable on the host counts as published at 0.
    """
    searches = [
        _with_port(published, container_ports.c.public_port),
        _with_port(exposed, container_ports.c.private_port),
    ]
    if any(asked.first == 0 for asked in published):
        protocols = _each(asked.protocol for asked in published if asked.first == 0)
        ports = container_ports.c
        searches.append(select(ports.container_id).where(ports.public_port.is_(None), ports.protocol.in_(protocols)))
    return _C.id.in_(union_all(*searches))


def _with_port(ranges: Sequence[PortRange], port: ColumnElement[int | None]) -> Select[tuple[str]]:
    asked = func.json_each(_array(map(list, ranges))).table_valued("value", name="asked")
    first, last, protocol = (func.json_extract(asked.c.value, literal_column(f"'$[{at}]'")) for at in range(3))
    fits = and_(port >= first, port <= last, container_ports.c.protocol == protocol)
    return select(container_ports.c.container_id).select_from(asked).join(container_ports, fits)


def created_relative_to(conn: Connection, container_id: str, *, before: bool) -> Condition:
    """The container was created before, or after, this one."""
    place, own = tuple_(*map(literal, _place(conn, container_id))), tuple_(_C.created_at, _C.id)
    return own < place if before else own > place


def is_older(conn: Connection, container_id: str, than: str) -> bool:
    """Say whether the first of two containers stands behind the other in a list."""
    return _place(conn, container_id) < _place(conn, than)


def created_until(time: int) -> Condition:
    """The container was not created after this time."""
    return _C.created_at <= time


def _place(conn: Connection, container_id: str) -> tuple[int, str]:
    row = conn.execute(select(_C.created_at, _C.id).where(_C.id == container_id)).one()
    return row.created_at, row.id


def own_names(conn: Connection) -> Sequence[tuple[str, str]]:
    """Return every container's own name with its ID, for a filter that SQL cannot judge."""
    found: Sequence[tuple[str, str]] = OWN_NAMES.run(conn, {}).fetchall()
    return found


def by_own_name(conn: Connection, name: str) -> str | None:
    """Return the container whose own name this is, None if there is none."""
    found: str | None = _BY_OWN_NAME.value(conn, {"name": name})
    return found


def with_name_beginning(conn: Connection, prefix: str) -> list[str]:
    """Return the containers whose own name begins so."""
    # Behind z, the last character of a name, comes the brace.
    rows = BEGINNING.run(conn, {"prefix": prefix, "after": prefix + "{"}).fetchall()
    return [row[0] for row in rows]


def with_name_containing(conn: Connection, part: str) -> list[str]:
    """Return the containers whose own name, with its slash, contains this."""
    return [row[0] for row in CONTAINING.run(conn, {"part": part}).fetchall()]


def only_with_prefix(conn: Connection, prefix: str) -> str | None:
    """Return the only ID that begins so, None if there is none or more than one."""
    if not prefix:
        return None
    found = _BY_PREFIX.run(conn, {"prefix": prefix, "after": prefix + "g"}).fetchall()
    return found[0][0] if len(found) == 1 else None


def by_id_or_name(conn: Connection, reference: str) -> str | None:
    """Return the container with this full ID or one of whose names this is, None if there is none."""
    by_id: str | None = _BY_ID.value(conn, {"id": reference})
    by_name: str | None = by_id or _BY_NAME.value(conn, {"name": reference.removeprefix("/")})
    return by_name


def _each(values: Iterable[object]) -> Select[tuple[object]]:
    return select(func.json_each(_array(values)).table_valued("value").c.value)


def _array(values: Iterable[object]) -> str:
    # SQLite ends a text of JSON at a NUL; nothing that is stored has one.
    return orjson.dumps([value for value in values if not (isinstance(value, str) and "\0" in value)]).decode()
