"""Core statements compiled once, for the paths where building a result object costs more than the query.

A point read costs 17 µs this way and 55 µs through Connection.execute. What comes back is what SQLite stores: integers
for flags, text for JSON.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from operator import itemgetter
from typing import Any, Generic, NamedTuple, TypeVar

from sqlalchemy import BindParameter, Connection, Select
from sqlalchemy.dialects import sqlite
from sqlalchemy.dialects.sqlite.base import SQLiteCompiler
from sqlalchemy.sql import ClauseElement

from statesvc.db.sqlite import bare, driver

R = TypeVar("R", bound=NamedTuple)


class _Compiler(SQLiteCompiler):
    """Writes constants into the text: a bound one hides from the planner that a partial index fits."""

    def visit_bindparam(self, bindparam: BindParameter[Any], *args: Any, **options: Any) -> str:
        if not bindparam.required:
            options["literal_binds"] = True
        text: str = super().visit_bindparam(bindparam, *args, **options)  # type: ignore[no-untyped-call]
        return text


_DIALECT = sqlite.dialect()
_DIALECT.statement_compiler = _Compiler


class Statement:
    """A statement and its named parameters: each run gives all of them and no other.

    Raises TypeError for one that is missing or unknown. An INSERT of a whole table has its columns for parameters.
    """

    def __init__(self, statement: ClauseElement) -> None:
        compiled = statement.compile(dialect=_DIALECT)
        order: Sequence[str] = compiled.positiontup or ()  # type: ignore[attr-defined]
        self.sql = str(compiled)
        self.parameters = frozenset(order)
        self._count = len(self.parameters)
        self._in_order = _in_order(order)

    def run(self, conn: Connection, parameters: Mapping[str, object]) -> driver.Cursor:
        """Run the statement; return the driver's cursor."""
        return bare(conn).execute(self.sql, self._bound(parameters))

    def run_many(self, conn: Connection, parameters: Iterable[Mapping[str, object]]) -> None:
        """Run the statement once for each set of parameters."""
        bare(conn).executemany(self.sql, [self._bound(each) for each in parameters])

    def value(self, conn: Connection, parameters: Mapping[str, object]) -> Any:
        """Return the first column of the first row, None if there is none."""
        row = self.run(conn, parameters).fetchone()
        return None if row is None else row[0]

    def _bound(self, parameters: Mapping[str, object]) -> tuple[object, ...]:
        if len(parameters) == self._count:  # as many, and none is missing: none is unknown
            try:
                return self._in_order(parameters)
            except KeyError:
                pass
        missing, unknown = self.parameters - parameters.keys(), parameters.keys() - self.parameters
        raise TypeError(f"missing parameters {sorted(missing)}, unknown parameters {sorted(unknown)}: {self.sql}")


class Query(Statement, Generic[R]):
    """A statement that finds rows; `row` is the NamedTuple of its columns.

    Raises TypeError if its fields are not named as the columns are, in their order.
    """

    def __init__(self, statement: Select[Any], row: type[R]) -> None:
        super().__init__(statement)
        columns = tuple(column.name for column in statement.selected_columns)
        if columns != row._fields:
            raise TypeError(f"the columns {columns} are not the fields of {row.__name__}: {row._fields}")
        self.row = row
        # What NamedTuple's _make does, without a call of Python for each row.
        self._make: Callable[[Sequence[object]], R] = partial(tuple.__new__, row)

    def all(self, conn: Connection, parameters: Mapping[str, object]) -> list[R]:
        """Return every row."""
        return list(map(self._make, self.run(conn, parameters).fetchall()))

    def each(self, conn: Connection, parameters: Mapping[str, object]) -> Iterator[R]:
        """Yield the rows, each as it is asked for; the connection can do nothing else that writes meanwhile."""
        return map(self._make, self.run(conn, parameters))

    def first(self, conn: Connection, parameters: Mapping[str, object]) -> R | None:
        """Return the first row, None if there is none."""
        row = self.run(conn, parameters).fetchone()
        return None if row is None else self._make(row)


def _in_order(names: Sequence[str]) -> Callable[[Mapping[str, object]], tuple[object, ...]]:
    """Return what puts values into the order of their names."""
    if not names:
        return lambda _: ()
    if len(names) == 1:
        (name,) = names
        return lambda values: (values[name],)
    return itemgetter(*names)
