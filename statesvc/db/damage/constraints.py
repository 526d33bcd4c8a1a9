"""The types and CHECKs of the schema, checked in every row: SQLite checks them at a write, and names no row later.

A value gets past a CHECK, a NOT NULL or the type of its column where they were switched off, or when bytes change on
the disk.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import CheckConstraint, Connection, Integer, LargeBinary, Table, Text

from statesvc.db.damage.raw_rows import checked_tables, key_text, legible
from statesvc.db.schema.tables import containers, metadata
from statesvc.db.schema.types import Flag, Json
from statesvc.db.sqlite import bare

_STRING = re.compile(r"'[^']*'")
_TYPES = {Text: "text", Json: "text", Integer: "integer", Flag: "integer", LargeBinary: "blob"}


class Constraint(NamedTuple):
    """An expression in SQL that is false for a wrong value of a column, and half a sentence about such a value."""

    column: str
    condition: str
    reason: str


class Broken(NamedTuple):
    """A value that breaks a constraint: its row and column, and half a sentence that says which."""

    table: str
    key: str
    column: str
    container_id: str | None
    reason: str


@cache
def of_table(table: Table) -> tuple[Constraint, ...]:
    """Return the types of a table's columns and its CHECKs, each under the first column that it names."""
    return (*_types(table), *sorted(_checks(table)))


def broken(conn: Connection) -> Iterator[Broken]:
    """Yield every value that breaks a constraint of its table."""
    for table in checked_tables():
        yield from _of_table(conn, table)


def broken_of(conn: Connection, container_id: str) -> Iterator[Broken]:
    """Yield the values that break a constraint in the rows of a container."""
    for table in checked_tables():
        column = "id" if table is containers else "container_id"
        if column in table.columns:
            yield from _of_table(conn, table, (column, container_id))


def broken_in(conn: Connection, table: str, key: str) -> Iterator[Broken]:
    """Yield the values that break a constraint in a row of a table with one key."""
    of = metadata.tables[table]
    (column,) = of.primary_key
    yield from _of_table(conn, of, (column.name, key))


def _of_table(conn: Connection, table: Table, only: tuple[str, str] | None = None) -> Iterator[Broken]:
    demanded, keys = of_table(table), [column.name for column in table.primary_key]
    owner = "container_id" if "container_id" in table.columns else "id" if table is containers else "NULL"
    asked = ", ".join((*keys, owner, *(f"NOT ({one.condition})" for one in demanded)))
    all_hold = " AND ".join(f"({one.condition})" for one in demanded)
    where = f"NOT ({all_hold})" + (f" AND {only[0]} = ?" if only else "")
    every = f"SELECT {asked} FROM {table.name} WHERE {where}"  # noqa: S608 - names and constraints of our own tables
    for row in _as_bytes(conn, every, only[1:] if only else ()):
        key, of, fails = key_text(row[: len(keys)]), row[len(keys)], row[len(keys) + 1 :]
        first = {one.column: one for one, failed in reversed([*zip(demanded, fails, strict=True)]) if failed}
        for one in first.values():
            yield Broken(table.name, key, one.column, None if of is None else str(legible(of)), one.reason)


def _as_bytes(conn: Connection, query: str, values: tuple[str, ...]) -> list[Any]:
    """Return the rows, text as bytes: what breaks a constraint need not be text."""
    raw = bare(conn)
    before, raw.text_factory = raw.text_factory, bytes
    try:
        found: list[Any] = raw.execute(query, values).fetchall()
    finally:
        raw.text_factory = before
    return found


def _types(table: Table) -> Iterator[Constraint]:
    for column in table.columns:
        kind = _TYPES[type(column.type)]
        allowed = (kind, "null") if column.nullable else (kind,)
        listed = ", ".join(f"'{one}'" for one in allowed)
        yield Constraint(column.name, f"typeof({column.name}) IN ({listed})", f"is not {' or '.join(allowed)}")


def _checks(table: Table) -> Iterator[Constraint]:
    for column in table.columns:
        yield from (_constraint(one, column.name) for one in column.constraints if isinstance(one, CheckConstraint))
    for one in table.constraints:
        if isinstance(one, CheckConstraint):
            words = re.findall(r"\w+", _STRING.sub("", str(one.sqltext)))
            yield _constraint(one, next(word for word in words if word in table.columns))


def _constraint(check: CheckConstraint, column: str) -> Constraint:
    return Constraint(column, str(check.sqltext), f"is not what {check.name} allows")
