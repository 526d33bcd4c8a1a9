"""Rebuilds a table in a migration, for changes that SQLite's ALTER TABLE does not support; keeps views and triggers.

`env.py` registers it, so that a revision calls `op.rebuild_table(…)` and imports only `op`. Foreign keys must be off,
as `env.py` sets them: dropping a parent table would empty its children.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from alembic.operations import MigrateOperation, Operations
from sqlalchemy import Connection

_SAVED = "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE type IN ('view', 'trigger') ORDER BY rowid"


class Saved(NamedTuple):
    """A view or trigger, as recorded in `sqlite_schema`."""

    type: str
    name: str
    on: str
    sql: str


@Operations.register_operation("rebuild_table")
class RebuildTable(MigrateOperation):
    """Give a table another definition and keep its rows."""

    def __init__(
        self, table: str, create: str, columns: Mapping[str, str], indexes: Iterable[str], where: str, without: set[str]
    ) -> None:
        self.table, self.create, self.columns = table, create, columns
        self.indexes, self.where, self.without = tuple(indexes), where, without

    @classmethod
    def rebuild_table(
        cls,
        operations: Operations,
        table: str,
        *,
        create: str,
        columns: Mapping[str, str],
        indexes: Iterable[str] = (),
        where: str = "",
        without: Iterable[str] = (),
    ) -> Any:
        """Rebuild a table: `create` is its whole new CREATE TABLE, `columns` maps each new column to an expression over
        the old row, `indexes` are whole CREATE INDEX statements (all old ones go), `where` selects the rows to keep.

        All views and triggers are dropped and created again from their SQL, except those named in `without`: the
        revision creates these itself. Raises RuntimeError if a view or trigger does not fit the new table.
        """
        return operations.invoke(cls(table, create, columns, indexes, where, set(without)))


@Operations.implementation_for(RebuildTable)
def rebuild(operations: Operations, wanted: RebuildTable) -> None:
    """Rebuild the table in the transaction of the migration."""
    connection = operations.get_bind()
    if connection.exec_driver_sql("PRAGMA foreign_keys").scalar():
        raise RuntimeError(
            f"table {wanted.table} cannot be rebuilt with foreign keys on: its children would be emptied"
        )
    saved = _drop_views_and_triggers(connection)
    _replace(connection, wanted)
    _restore(connection, [one for one in saved if one.name not in wanted.without])


def _replace(connection: Connection, wanted: RebuildTable) -> None:
    begin = re.compile(rf'\s*CREATE TABLE "?{re.escape(wanted.table)}"?\s*\(')
    if not begin.match(wanted.create):
        raise RuntimeError(f"the new definition must begin with CREATE TABLE {wanted.table} (")
    new, old = f'"rebuilt_{wanted.table}"', f'"{wanted.table}"'
    named, values = ", ".join(f'"{name}"' for name in wanted.columns), ", ".join(wanted.columns.values())
    kept = f" WHERE {wanted.where}" if wanted.where else ""
    connection.exec_driver_sql(begin.sub(lambda _: f"CREATE TABLE {new} (", wanted.create, count=1))
    connection.exec_driver_sql(f"INSERT INTO {new} ({named}) SELECT {values} FROM {old}{kept}")
    connection.exec_driver_sql(f"DROP TABLE {old}")
    connection.exec_driver_sql(f"ALTER TABLE {new} RENAME TO {old}")
    for index in wanted.indexes:
        connection.exec_driver_sql(index)


def _drop_views_and_triggers(connection: Connection) -> list[Saved]:
    saved = [Saved(*row) for row in connection.exec_driver_sql(_SAVED)]
    for one in sorted(saved, key=lambda one: one.type == "view"):  # triggers first: some are on views
        connection.exec_driver_sql(f'DROP {one.type.upper()} "{one.name}"')
    return saved


def _restore(connection: Connection, saved: list[Saved]) -> None:
    for one in sorted(saved, key=lambda one: one.type == "trigger"):
        connection.exec_driver_sql(one.sql)
    for one in saved:
        _refuse_misfit(connection, one)


def _refuse_misfit(connection: Connection, one: Saved) -> None:
    """Compile a restored view or trigger: CREATE accepts any view, and any trigger whose table exists."""
    try:
        connection.exec_driver_sql(f"EXPLAIN {_use(connection, one)}").close()
    except Exception as error:
        raise RuntimeError(f"{one.type} {one.name} does not fit the rebuilt table: {error}") from error


def _use(connection: Connection, one: Saved) -> str:
    """Return a statement that reads the view or fires the trigger."""
    if one.type == "view":
        return f'SELECT 1 FROM "{one.name}"'
    fired = re.search(
        r"\b(DELETE|INSERT|UPDATE)\b(?:\s+OF\s+\"?(\w+))?",
        one.sql[one.sql.index(one.name) + len(one.name) :],
        re.IGNORECASE,
    )
    assert fired, one.sql
    column = fired[2] or connection.exec_driver_sql(f"SELECT name FROM pragma_table_info('{one.on}')").scalar()
    return {
        "DELETE": f'DELETE FROM "{one.on}"',
        "INSERT": f'INSERT INTO "{one.on}" ("{column}") VALUES (1)',
        "UPDATE": f'UPDATE "{one.on}" SET "{column}" = 1',
    }[fired[1].upper()]
