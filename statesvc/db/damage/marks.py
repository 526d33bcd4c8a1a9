"""Marks on rows that cannot be read. A mark moves nothing: the row keeps its name, is listed, and can be removed."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, bindparam, delete, func, select
from sqlalchemy.dialects.sqlite import insert

from statesvc.db.damage.finding import Mark
from statesvc.db.damage.raw_rows import raw_value
from statesvc.db.schema.tables import containers, quarantine
from statesvc.db.statements import Statement

_Q = quarantine.c
_MARKS = select(_Q.table_name, _Q.key, _Q.column_name, _Q.container_id, _Q.reason, _Q.since)
_OF_CONTAINERS = Statement(
    select(_Q.container_id, _Q.table_name, _Q.column_name, _Q.reason)
    .where(_Q.container_id.is_not(None))
    .order_by(_Q.since)
)
_REMOVE = Statement(
    delete(quarantine).where(
        _Q.table_name == bindparam("of_table"), _Q.key == bindparam("of_key"), _Q.column_name == bindparam("of_column")
    )
)


def put(conn: Connection, mark: Mark) -> bool:
    """Mark a row, and store what is in it; an existing mark stays. Return whether it is new."""
    statement = insert(quarantine).values(
        table_name=mark.table,
        key=mark.key,
        column_name=mark.column,
        # A damaged ID, or one that only an orphan names, is no container's: the mark then stays when containers go.
        container_id=select(containers.c.id).where(containers.c.id == mark.container_id).scalar_subquery(),
        reason=mark.reason,
        raw=raw_value(conn, mark.table, mark.key, mark.column),
        since=mark.since,
    )
    marked = conn.execute(statement.on_conflict_do_nothing().returning(_Q.key)).first()
    return marked is not None


def remove(conn: Connection, table: str, key: str, column: str) -> None:
    """Delete a mark."""
    _REMOVE.run(conn, {"of_table": table, "of_key": key, "of_column": column})


def every(conn: Connection, limit: int) -> list[Mark]:
    """Return the marks, the newest first, at most `limit`."""
    rows = conn.execute(_MARKS.order_by(_Q.since.desc(), _Q.table_name, _Q.key, _Q.column_name).limit(limit))
    return [Mark(*row) for row in rows]


def count(conn: Connection) -> int:
    """Return how many marks there are."""
    return conn.execute(select(func.count()).select_from(quarantine)).scalar_one()


def of_containers(conn: Connection) -> Mapping[str, str]:
    """Return the marked containers, each with the reason of its first mark in half a sentence."""
    rows: Sequence[tuple[str, str, str, str]] = _OF_CONTAINERS.run(conn, {}).fetchall()
    reasons: dict[str, str] = {}
    for container_id, table, column, reason in rows:
        reasons.setdefault(container_id, f"{table}.{column} {reason}" if column else f"{table} {reason}")
    return reasons
