"""The journal: one row for each thing that happened, in commit order."""

from collections.abc import Iterable

import orjson
from sqlalchemy import Connection, Row, bindparam, func, insert, select

from statesvc.db.prepared import Statement
from statesvc.db.tables import events
from statesvc.domain.event import Event
from statesvc.domain.stored import fault

# The attribute of an event whose own cannot be read.
UNREADABLE = "statesvc.damaged"
_E = events.c
_APPEND = Statement(insert(events))
_AFTER = select(events).where(_E.seq > bindparam("seq")).order_by(_E.seq).limit(bindparam("limit"))
_SINCE = (
    select(events)
    .where(
        _E.seq > bindparam("seq"),
        _E.seq <= bindparam("last"),
        _E.time >= bindparam("since"),
        _E.time <= bindparam("until"),
    )
    .order_by(_E.seq)
    .limit(bindparam("limit"))
)


def append(conn: Connection, event: Event) -> None:
    """Write the event behind all others."""
    _APPEND.run(
        conn,
        {
            "time": event.time,
            "type": event.type,
            "action": event.action,
            "actor_id": event.actor_id,
            "attributes": orjson.dumps(dict(event.attributes), option=orjson.OPT_SORT_KEYS).decode(),
            "revision": event.revision,
        },
    )


def last(conn: Connection) -> int:
    """Return the sequence number of the newest event, 0 if there is none."""
    return conn.execute(select(func.max(_E.seq))).scalar() or 0


def after(conn: Connection, seq: int, limit: int) -> list[Event]:
    """Return the events behind a sequence number, oldest first, at most `limit`."""
    return _events(conn.execute(_AFTER, {"seq": seq, "limit": limit}))


def between(conn: Connection, *, seq: int, last: int, since: int, until: int, limit: int) -> list[Event]:
    """Return the events of a span of time, behind one sequence number and up to another, oldest first."""
    keys = {"seq": seq, "last": last, "since": since, "until": until, "limit": limit}
    return _events(conn.execute(_SINCE, keys))


def _events(rows: Iterable[Row[tuple[int, int, str, str, str, str, int | None]]]) -> list[Event]:
    return [
        Event(row.type, row.action, row.actor_id, row.time, attributes(row.attributes), row.revision, row.seq)
        for row in rows
    ]


def attributes(stored: str) -> dict[str, str]:
    """Return the attributes of an event; of those that cannot be read, only why."""
    # Quicker than to judge each: what is an object, and nothing else, was written as one of strings.
    try:
        found = orjson.loads(stored)
    except orjson.JSONDecodeError:
        found = None
    if isinstance(found, dict) and all(type(value) is str for value in found.values()):
        return found
    return {UNREADABLE: fault("events", "attributes", stored) or ""}
