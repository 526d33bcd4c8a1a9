"""Core statements compiled once, for the paths where building a result object costs more than the query.

A point read costs 17 µs this way and 55 µs through Connection.execute. What comes back is what SQLite stores: integers
for flags, text for JSON.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql import ClauseElement

R = TypeVar("R", bound=tuple[Any, ...])

_DIALECT = sqlite.dialect()


class Prepared(Generic[R]):
    """A statement with named parameters; `row` is the NamedTuple of its columns, in their order."""

    def __init__(self, statement: ClauseElement, row: type[R] = tuple) -> None:  # type: ignore[assignment]
        compiled = statement.compile(dialect=_DIALECT)
        self.sql = str(compiled)
        self.columns = tuple(column.name for column in getattr(statement, "selected_columns", ()))
        self._constants = compiled.params
        self._order = compiled.positiontup or []  # type: ignore[attr-defined]
        self._make = getattr(row, "_make", tuple)

    def all(self, conn: Connection, parameters: Mapping[str, Any] | None = None) -> list[R]:
        """Return every row."""
        return list(map(self._make, self.run(conn, parameters).fetchall()))

    def first(self, conn: Connection, parameters: Mapping[str, Any] | None = None) -> R | None:
        """Return the first row, None if there is none."""
        row = self.run(conn, parameters).fetchone()
        return None if row is None else self._make(row)

    def value(self, conn: Connection, parameters: Mapping[str, Any] | None = None) -> Any:
        """Return the first column of the first row, None if there is none."""
        row = self.run(conn, parameters).fetchone()
        return None if row is None else row[0]

    def run(self, conn: Connection, parameters: Mapping[str, Any] | None = None) -> Any:
        """Run the statement; return the driver's cursor."""
        return _raw(conn).execute(self.sql, self._bound(parameters or {}))

    def run_many(self, conn: Connection, parameters: Iterable[Mapping[str, Any]]) -> None:
        """Run the statement once for each set of parameters."""
        _raw(conn).executemany(self.sql, [self._bound(each) for each in parameters])

    def _bound(self, parameters: Mapping[str, Any]) -> list[Any]:
        constants = self._constants
        return [parameters[name] if name in parameters else constants[name] for name in self._order]


def _raw(conn: Connection) -> Any:
    return conn.connection.driver_connection
