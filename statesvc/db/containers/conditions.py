"""The conditions that filters put on a list of containers.

Values that a client sends go into a statement as one JSON array each: their number has no limit that SQLite would set.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson
from sqlalchemy import (
    BindParameter,
    ColumnClause,
    ColumnElement,
    Connection,
    Select,
    Text,
    and_,
    bindparam,
    func,
    literal_column,
    not_,
    or_,
    select,
    tuple_,
    union_all,
)

from statesvc.db.prefixes import BEHIND_DIGITS
from statesvc.db.schema.tables import (
    container_health,
    container_labels,
    container_mounts,
    container_networks,
    container_ports,
    containers,
)
from statesvc.db.statements import Statement
from statesvc.domain import health
from statesvc.domain.state import LIVE, State

Value = BindParameter[Any]
Clause = ColumnElement[bool]

_C, _H = containers.c, container_health.c
# The plus keeps SQLite from using the index of states.
_STATE_AS_IT_IS: ColumnClause[str] = literal_column("+containers.state", Text)
_PLACE = Statement(select(_C.created_at, _C.id).where(_C.id == bindparam("id")))


class Shape(NamedTuple):
    """A condition without its values: conditions of one shape share a compiled statement."""

    clause: Callable[..., Clause]
    values: int
    parts: tuple["Shape", ...]

    def made(self, names: Iterator[str]) -> Clause:
        """Return the clause over bind parameters that are named so."""
        bound: list[Value] = [bindparam(next(names)) for _ in range(self.values)]
        return self.clause(*bound, *(part.made(names) for part in self.parts))


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition: `clause` makes it of a bind parameter for each value, and of the clauses of its parts.

    A statement is compiled once for each shape: building and compiling it costs more than a search in an index.
    """

    clause: Callable[..., Clause]
    values: tuple[object, ...] = ()
    parts: tuple["Condition", ...] = ()

    @property
    def shape(self) -> Shape:
        """The condition without its values."""
        return Shape(self.clause, len(self.values), tuple(part.shape for part in self.parts))

    def bound(self) -> Iterator[object]:
        """Yield its values and those of its parts, in the order in which the shape names them."""
        yield from self.values
        for part in self.parts:
            yield from part.bound()


class PortRange(NamedTuple):
    """Ports from the first to the last, of one protocol."""

    first: int
    last: int
    protocol: str


def live(*, searched: bool = True) -> Condition:
    """The container has a process; `searched` as for state_in."""
    return state_in(LIVE, searched=searched)


def removable() -> Condition:
    """The container has no process, and is not being removed."""
    return Condition(_not_in_state, (_array(sorted({*LIVE, State.REMOVING})),))


def _not_in_state(states: Value) -> Clause:
    return _C.state.not_in(_each(states))


def ids(container_ids: Iterable[str]) -> Condition:
    """The container is one of these."""
    return Condition(_is_one_of, (_array(container_ids),))


def _is_one_of(container_ids: Value) -> Clause:
    return _C.id.in_(_each(container_ids))


def state_in(states: Iterable[str], *, searched: bool = True) -> Condition:
    """The container is in one of these states.

    Unless `searched`, SQLite uses the index of another condition: most containers are in one of very few states.
    """
    return Condition(_searched_by_state if searched else _in_state, (_array(sorted(states)),))


def _searched_by_state(states: Value) -> Clause:
    return _C.state.in_(_each(states))


def _in_state(states: Value) -> Clause:
    return _STATE_AS_IT_IS.in_(_each(states))


def exit_code_in(codes: Iterable[int]) -> Condition:
    """The container has run and ended with one of these codes."""
    return Condition(_ended_with, (_array(codes), _array(sorted(LIVE))))


def _ended_with(codes: Value, live_states: Value) -> Clause:
    ended = _C.state.not_in(_each(live_states))
    return and_(_C.exit_code.in_(_each(codes)), ended, _C.started_at.is_not(None))


def health_in(statuses: Iterable[str]) -> Condition:
    """The container has one of these health statuses; one without health checks has the status none."""
    return Condition(_has_health, (_array(sorted(statuses)),))


def _has_health(statuses: Value) -> Clause:
    return func.coalesce(_H.status, health.NONE).in_(_each(statuses))


def image_in(image_ids: Iterable[str]) -> Condition:
    """The container was made from one of these images."""
    return Condition(_made_from, (_array(image_ids),))


def _made_from(image_ids: Value) -> Clause:
    return _C.image_id.in_(_each(image_ids))


def managed(*, wanted: bool) -> Condition:
    """The container is, or is not, a task of a cluster's service."""
    return Condition(_managed, (int(wanted),))


def _managed(wanted: Value) -> Clause:
    return _C.managed == wanted


def labelled(key: str, value: str | None) -> Condition:
    """The container has the label, with this value if one is given."""
    return Condition(_labelled, (key,) if value is None else (key, value))


def _labelled(key: Value, value: Value | None = None) -> Clause:
    labels = container_labels.c
    owners = select(labels.container_id).where(labels.key == key)
    return _C.id.in_(owners if value is None else owners.where(labels.value == value))


def lacks_one(conditions: Sequence[Condition]) -> Condition:
    """One of the conditions at least does not hold."""
    return Condition(_lacks_one, (), tuple(conditions))


def _lacks_one(*clauses: Clause) -> Clause:
    return not_(and_(*clauses))


def uses_volume(wanted: Sequence[str]) -> Condition:
    """Something of this name, of this source without a name, or at this destination is mounted in the container."""
    return Condition(_uses_volume, (_array(wanted),))


def _uses_volume(wanted: Value) -> Clause:
    mounts, chosen = container_mounts.c, _each(wanted)
    unnamed = and_(mounts.volume.is_(None), mounts.source.in_(chosen))
    meant = or_(mounts.volume.in_(chosen), unnamed, mounts.destination.in_(chosen))
    return _C.id.in_(select(mounts.container_id).where(meant))


def in_network(wanted: Sequence[str]) -> Condition:
    """The container has a network of this name, or one whose ID has it as a prefix."""
    # An empty prefix matches every network ID.
    return Condition(_in_any_network) if "" in wanted else Condition(_in_network, (_array(wanted),))


def _in_any_network() -> Clause:
    return _C.id.in_(select(container_networks.c.container_id))


def _in_network(wanted: Value) -> Clause:
    networks = container_networks.c
    asked = func.json_each(wanted).table_valued("value", name="asked")
    value = asked.c.value
    by_name = select(networks.container_id).select_from(asked).join(container_networks, networks.name == value)
    known = networks.network_id != ""  # as the index has it
    begins = and_(known, networks.network_id >= value, networks.network_id < value.op("||")(BEHIND_DIGITS))
    by_id = select(networks.container_id).select_from(asked).join(container_networks, begins)
    return _C.id.in_(union_all(by_name, by_id))


def has_port(*, published: Sequence[PortRange], exposed: Sequence[PortRange]) -> Condition:
    """A port of the container is reachable now: on the host under one of the first, or inside under one of the others.

    A port that is not reachable on the host counts as published at 0.
    """
    ranges = (_array(map(list, published)), _array(map(list, exposed)))
    at_zero = [asked.protocol for asked in published if asked.first == 0]
    return Condition(_has_port, (*ranges, _array(at_zero)) if at_zero else ranges)


def _has_port(published: Value, exposed: Value, at_zero: Value | None = None) -> Clause:
    ports = container_ports.c
    searches = [_with_port(published, ports.public_port), _with_port(exposed, ports.private_port)]
    if at_zero is not None:
        unpublished = and_(ports.public_port.is_(None), ports.protocol.in_(_each(at_zero)))
        searches.append(select(ports.container_id).where(unpublished))
    return _C.id.in_(union_all(*searches))


def _with_port(ranges: Value, port: ColumnElement[int | None]) -> Select[tuple[str]]:
    asked = func.json_each(ranges).table_valued("value", name="asked")
    first, last, protocol = (func.json_extract(asked.c.value, f"$[{at}]") for at in range(3))
    fits = and_(port >= first, port <= last, container_ports.c.protocol == protocol)
    return select(container_ports.c.container_id).select_from(asked).join(container_ports, fits)


def created_relative_to(conn: Connection, container_id: str, *, before: bool) -> Condition:
    """The container was created before, or after, this one."""
    return Condition(_created_before if before else _created_after, _place(conn, container_id))


def _created_before(time: Value, container_id: Value) -> Clause:
    return tuple_(_C.created_at, _C.id) < tuple_(time, container_id)


def _created_after(time: Value, container_id: Value) -> Clause:
    return tuple_(_C.created_at, _C.id) > tuple_(time, container_id)


def is_older(conn: Connection, container_id: str, than: str) -> bool:
    """Return whether the first of two containers comes after the other in a list."""
    return _place(conn, container_id) < _place(conn, than)


def created_until(time: int) -> Condition:
    """The container was not created after this time."""
    return Condition(_created_until, (time,))


def _created_until(time: Value) -> Clause:
    return _C.created_at <= time


def _place(conn: Connection, container_id: str) -> tuple[int, str]:
    place: tuple[int, str] = _PLACE.run(conn, {"id": container_id}).fetchone()
    return place


def _each(array: Value) -> Select[tuple[object]]:
    return select(func.json_each(array).table_valued("value").c.value)


def _array(values: Iterable[object]) -> str:
    # SQLite ends a text of JSON at a NUL; nothing that is stored has one.
    return orjson.dumps([value for value in values if not (isinstance(value, str) and "\0" in value)]).decode()
