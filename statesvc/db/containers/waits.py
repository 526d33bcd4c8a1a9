"""Queries behind `POST /containers/{name}/wait`."""

from typing import NamedTuple

from sqlalchemy import Connection, bindparam, func, select

from statesvc.db.events import readable_attributes
from statesvc.db.schema.tables import containers, events
from statesvc.db.statements import Query, Statement

_C, _E = containers.c, events.c
_LAST = Statement(select(func.max(_E.seq)))
_TOUCHED = Statement(
    select(_E.seq, _E.actor_id)
    .where(_E.seq > bindparam("seq"), _E.type == "container")
    .order_by(_E.seq)
    .limit(bindparam("limit"))
)
ENDINGS = Statement(
    select(_E.action, _E.attributes)
    .where(
        _E.seq > bindparam("seq"),
        _E.actor_id == bindparam("container_id"),
        _E.type == "container",
        _E.action.in_(["die", "destroy", "start_failed"]),
    )
    .order_by(_E.seq)
)


class CurrentState(NamedTuple):
    """The state of a container now, with how its last run ended."""

    state: str
    exit_code: int
    error: str
    finished_at: int | None


CURRENT_STATE = Query(
    select(_C.state, _C.exit_code, _C.error, _C.finished_at).where(_C.id == bindparam("container_id")), CurrentState
)


class Ending(NamedTuple):
    """An event that ends a run of a container: `die` or `start_failed`, with the code if it has one, or `destroy`."""

    action: str
    exit_code: int | None


def last_event(conn: Connection) -> int:
    """Return the sequence number of the newest event, 0 if there is none."""
    return _LAST.value(conn, {}) or 0


def touched(conn: Connection, seq: int, limit: int) -> list[tuple[int, str]]:
    """Return sequence number and container of the events after a sequence number, oldest first."""
    found: list[tuple[int, str]] = _TOUCHED.run(conn, {"seq": seq, "limit": limit}).fetchall()
    return found


def endings(conn: Connection, container_id: str, seq: int) -> list[Ending]:
    """Return the ends of a container after a sequence number, oldest first."""
    rows = ENDINGS.run(conn, {"container_id": container_id, "seq": seq}).fetchall()
    return [Ending(action, _code(attributes)) for action, attributes in rows]


def current_state(conn: Connection, container_id: str) -> CurrentState | None:
    """Return the state of a container now, None if it is gone."""
    return CURRENT_STATE.first(conn, {"container_id": container_id})


def _code(attributes: str) -> int | None:
    code = readable_attributes(attributes).get("exitCode", "")
    return int(code) if code.removeprefix("-").isdecimal() else None
