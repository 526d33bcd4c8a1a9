"""The journal: an event for each change, in commit order, with the client that asked and the row after the change."""

from collections.abc import Iterator
from typing import Any

import orjson
from sqlalchemy import Connection, Select, Text, bindparam, delete, func, insert, literal, select

from statesvc.db.damage.judges import fault
from statesvc.db.schema.tables import container_names, containers, events
from statesvc.db.sqlite import driver
from statesvc.db.statements import Statement
from statesvc.domain import asker
from statesvc.domain.asker import Asker
from statesvc.domain.event import Event

# The only attribute of an event whose stored attributes cannot be read: it says why.
UNREADABLE = "statesvc.damaged"
# A page of the journal: at most so many events, and it ends with the event that exceeds so many bytes of attributes.
PAGE = 200
PAGE_BYTES = 1 << 20

_E, _C, _N = events.c, containers.c, container_names.c
# The columns of a container that can change. Never a document: environment values must not get into the journal.
NARROW = (
    _C.state,
    _C.pid,
    _C.exit_code,
    _C.error,
    _C.oom_killed,
    _C.started_at,
    _C.finished_at,
    _C.restart_count,
    _C.started_before,
    _C.manually_stopped,
    _C.runtime_name,
    _C.runtime_id,
    _C.script_digest,
    _C.engine,
    _C.attempt,
    _C.prepared_at,
)
_NAME = select(_N.name).where(_N.container_id == _C.id, _N.kind == "primary").scalar_subquery()
_PAIRS: list[Any] = []
for _column in NARROW:
    _PAIRS += [literal(_column.name, Text), _column]
_ROW = (
    select(func.json_object(*_PAIRS, literal("name"), _NAME))
    .where(_C.id == bindparam("container_id"))
    .scalar_subquery()
)
_WRITTEN = [column.name for column in events.columns if column.name not in {"seq", "row_values"}]
_APPEND = Statement(insert(events).values({name: bindparam(name) for name in _WRITTEN}))
_APPEND_WITH_ROW = Statement(insert(events).values({name: bindparam(name) for name in _WRITTEN} | {"row_values": _ROW}))


def _stored() -> Select[Any]:
    return select(*events.columns)


AFTER = Statement(
    _stored().where(_E.seq > bindparam("seq"), _E.seq <= bindparam("last")).order_by(_E.seq).limit(bindparam("limit"))
)
_SINCE = Statement(
    _stored()
    .where(
        _E.seq > bindparam("seq"),
        _E.seq <= bindparam("last"),
        _E.time >= bindparam("since"),
        _E.time <= bindparam("until"),
    )
    .order_by(_E.seq)
    .limit(bindparam("limit"))
)
ENDS = Statement(select(select(func.min(_E.seq)).scalar_subquery(), select(func.max(_E.seq)).scalar_subquery()))
_OLDEST = Statement(select(_E.seq, _E.time).order_by(_E.seq).limit(bindparam("limit")))
_TRIM = Statement(delete(events).where(_E.seq <= bindparam("seq")))
_FOREVER = 2**63 - 1
_NOBODY = Asker()


def append(conn: Connection, event: Event) -> None:
    """Append an event, with the client that asked and the container's row as it is now.

    Call it after the change that it describes. The last event of a container has no row.
    """
    by = asker.current.get() or _NOBODY
    row = {
        "time": event.time,
        "type": event.type,
        "action": event.action,
        "actor_id": event.actor_id,
        "attributes": orjson.dumps(dict(event.attributes), option=orjson.OPT_SORT_KEYS).decode(),
        "revision": event.revision,
        "peer_pid": by.pid,
        "peer_uid": by.uid,
        "peer_gid": by.gid,
        "agent": by.agent,
    }
    if event.revision is None or event.action == "destroy":
        _APPEND.run(conn, row)
    else:
        _APPEND_WITH_ROW.run(conn, row | {"container_id": event.actor_id})


def ends(conn: Connection) -> tuple[int, int]:
    """Return the sequence numbers of the oldest event that is stored and of the newest, 0 if there is none."""
    oldest, newest = ENDS.run(conn, {}).fetchone()
    return oldest or 0, newest or 0


def last(conn: Connection) -> int:
    """Return the sequence number of the newest event, 0 if there is none."""
    return ends(conn)[1]


def after(conn: Connection, seq: int, limit: int = PAGE, *, last: int = _FOREVER) -> list[Event]:
    """Return a page of the events behind a sequence number and up to another, oldest first."""
    return list(_page(AFTER.run(conn, {"seq": seq, "last": last, "limit": limit})))


def between(conn: Connection, *, seq: int, last: int, since: int, until: int, limit: int = PAGE) -> list[Event]:
    """Return a page of the events of a span of time, behind one sequence number and up to another, oldest first."""
    keys = {"seq": seq, "last": last, "since": since, "until": until, "limit": limit}
    return list(_page(_SINCE.run(conn, keys)))


def trim(conn: Connection, *, keep: int, older_than: int, limit: int) -> int:
    """Delete the oldest events beyond the number to keep or older than a time, at most `limit`; return how many.

    The newest always stays: SQLite numbers the next event after it, so that no number is given twice. No gap is left
    between events, so that a reader sees by the number alone what it missed.
    """
    newest = last(conn)
    gone = []
    for seq, time in _OLDEST.run(conn, {"limit": limit}).fetchall():
        if seq == newest or (seq > newest - keep and time >= older_than):
            break
        gone.append(seq)
    if gone:
        _TRIM.run(conn, {"seq": gone[-1]})
    return len(gone)


def _page(rows: driver.Cursor) -> Iterator[Event]:
    size = 0
    for row in rows:
        yield _event(row)
        size += len(row[5])
        if size > PAGE_BYTES:  # labels may be large
            rows.close()
            return


def _event(row: tuple[Any, ...]) -> Event:
    seq, time, type_, action, actor_id, attributes, revision, pid, uid, gid, agent, values = row
    return Event(
        type_,
        action,
        actor_id,
        time,
        readable_attributes(attributes),
        revision,
        seq,
        None if values is None else _values(values),
        None if pid is None and agent is None else Asker(pid, uid, gid, agent),
    )


def readable_attributes(stored: str) -> dict[str, str]:
    """Return the attributes of an event; if they cannot be read, one attribute that says why."""
    # Faster than the judge of this column, which gives the reason once something is wrong.
    try:
        found = orjson.loads(stored)
    except orjson.JSONDecodeError:
        found = None
    if isinstance(found, dict) and all(type(value) is str for value in found.values()):
        return found
    return {UNREADABLE: fault("events", "attributes", stored) or ""}


def _values(stored: str) -> dict[str, object] | None:
    try:
        found = orjson.loads(stored)
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None
