"""Exec processes of containers, recorded as an engine reports their start and end."""

from collections.abc import Mapping
from typing import NamedTuple

import orjson
from sqlalchemy import Connection, bindparam, delete, insert, select, update

from statesvc.db.schema.tables import execs
from statesvc.db.statements import Query, Statement

_E = execs.c


class Exec(NamedTuple):
    """An exec; `process` is the JSON text of its command and settings, never of its environment."""

    id: str
    container_id: str
    state: str
    pid: int
    exit_code: int | None
    process: str
    began_at: int
    ended_at: int | None

    @property
    def running(self) -> bool:
        """Whether it runs."""
        return self.state == "running"


_FIND = Query(select(execs).where(_E.id == bindparam("id")), Exec)
_ADD = Statement(insert(execs))
_END = Statement(
    update(execs)
    .where(_E.id == bindparam("of"))
    .values(state="ended", exit_code=bindparam("code"), ended_at=bindparam("now"))
)
END_ALL = Statement(
    update(execs)
    .where(_E.container_id == bindparam("container"), _E.state == "running")
    .values(state="ended", ended_at=bindparam("now"))
)
FORGET = Statement(
    delete(execs).where(
        _E.container_id == bindparam("container_id"), _E.state == "ended", _E.ended_at < bindparam("before")
    )
)


def find(conn: Connection, exec_id: str) -> Exec | None:
    """Return the exec with this ID, None if there is none (any more)."""
    return _FIND.first(conn, {"id": exec_id})


def begin(
    conn: Connection, exec_id: str, container_id: str, *, pid: int, process: Mapping[str, object], now: int
) -> None:
    """Record an exec that runs from now on."""
    values = {"id": exec_id, "container_id": container_id, "state": "running", "pid": pid, "exit_code": None}
    _ADD.run(conn, values | {"process": orjson.dumps(process).decode(), "began_at": now, "ended_at": None})


def end(conn: Connection, exec_id: str, exit_code: int, now: int) -> None:
    """Record the end of an exec."""
    _END.run(conn, {"of": exec_id, "code": exit_code, "now": now})


def end_all(conn: Connection, container_id: str, now: int) -> None:
    """Record that every exec of a container has ended; their exit codes are not known."""
    END_ALL.run(conn, {"container": container_id, "now": now})


def forget(conn: Connection, container_id: str, before: int) -> None:
    """Delete the execs of a container that ended before a time."""
    FORGET.run(conn, {"container_id": container_id, "before": before})
