"""Raw rows of every table, text as bytes, so that the damage check can read what the driver would refuse."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import orjson
from sqlalchemy import Connection, Table, Text

from statesvc.db.schema.tables import containers, metadata, quarantine
from statesvc.db.schema.types import Json
from statesvc.db.sqlite import bare

FETCHED_AT_ONCE = 500
Values = tuple[Any, ...]


class StoredRow(NamedTuple):
    """A row: its key as a text (a JSON array if it has several columns), its values by column, text as bytes."""

    key: str
    container_id: str | None
    values: dict[str, Any]


def checked_tables() -> list[Table]:
    """Return the tables whose rows are checked, those that others refer to first."""
    return [table for table in metadata.sorted_tables if table is not quarantine]


def texts(table: Table) -> list[str]:
    """Return the columns of a table that hold text."""
    kinds = {column.name: column.type for column in table.columns}
    for column in table.columns:
        for key in column.foreign_keys:
            kinds[column.name] = key.column.type
    return [name for name, kind in kinds.items() if isinstance(kind, Text | Json)]


def stored(conn: Connection, table: Table, only: tuple[str, str] | None = None) -> Iterator[list[Values]]:
    """Yield the values of every row of a table, or of those with a value in a column, many rows at once."""
    raw = bare(conn)
    names = [column.name for column in table.columns]
    cursor = raw.cursor()
    before, raw.text_factory = raw.text_factory, bytes
    try:
        where = f" WHERE {only[0]} = ?" if only else ""
        every = f"SELECT {', '.join(names)} FROM {table.name}{where}"  # noqa: S608 - names of our own tables
        cursor.execute(every, only[1:] if only else ())
        while chunk := cursor.fetchmany(FETCHED_AT_ONCE):
            raw.text_factory = before
            yield chunk
            raw.text_factory = bytes
    finally:
        raw.text_factory = before


def named(table: Table, row: Values) -> StoredRow:
    """Return a row of a table with the names of its values."""
    values = {column.name: value for column, value in zip(table.columns, row, strict=True)}
    return StoredRow(_key(values, [column.name for column in table.primary_key]), _owner(table, values), values)


def raw_value(conn: Connection, table: str, key: str, column: str) -> bytes | None:
    """Return what is stored in a column, as bytes; None if nothing is, or no such row is found."""
    of = metadata.tables[table]
    if column not in of.columns:
        return None
    keys = [one.name for one in of.primary_key]
    values = orjson.loads(key) if len(keys) > 1 else [key]
    found = (
        bare(conn)
        .execute(
            f"SELECT CAST({column} AS BLOB) FROM {table} WHERE "  # noqa: S608 - names of our own tables
            + " AND ".join(f"{name} = ?" for name in keys),
            values,
        )
        .fetchone()
    )
    return found[0] if found else None


def _key(values: dict[str, Any], keys: list[str]) -> str:
    return key_text([values[name] for name in keys])


def key_text(values: Sequence[object]) -> str:
    """Return the key of a row as one text: a JSON array if it has several columns."""
    parts = [legible(value) for value in values]
    return str(parts[0]) if len(parts) == 1 else orjson.dumps(parts).decode()


def _owner(table: Table, values: dict[str, Any]) -> str | None:
    if table is containers:
        return str(legible(values["id"]))
    owner = values.get("container_id")
    return None if owner is None else str(legible(owner))


def legible(value: object) -> object:
    """Return bytes as the text that can be read of them, anything else as it is."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
