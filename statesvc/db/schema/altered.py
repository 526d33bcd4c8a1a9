"""A schema that is not the one of its revision, and the objects that somebody else made in the database.

A view of an admin's own would stop every migration that rebuilds a table, and an index or trigger of one would be lost
with the old table. So they are set aside before a migration, in its transaction, and put back after it.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from sqlalchemy import create_engine

from statesvc.db.schema import catalogue
from statesvc.db.sqlite import bare, driver, snapshot
from statesvc.errors import Conflict

Schema = dict[tuple[str, str], list[str]]
_NAMED = 5


@dataclass(frozen=True, slots=True)
class Altered:
    """What differs from the schema of a revision, a sentence each.

    `broken` are tables that are missing or lack something, and objects of another revision; `lacking` are other
    objects of ours that are missing or differ, `added` is all else. `made_by_others` are the views, triggers and
    indexes that no revision has, `added_clauses` what tables have beside ours: a column, for example.
    """

    broken: tuple[str, ...] = ()
    lacking: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    made_by_others: tuple[tuple[str, str], ...] = ()
    added_clauses: tuple[tuple[str, str], ...] = ()

    def refuse_loss(self, connection: driver.Connection) -> None:
        """Raise Conflict if a column that somebody added is gone from its table after a migration."""
        there = catalogue.described(connection)
        for table, clause in self.added_clauses:
            if clause not in there.get(("table", table), [clause]):
                raise Conflict(
                    f"the migration would lose what was added to table {table}, {clause!r}; nothing was changed: copy "
                    "what is in it to a table of your own, and drop it"
                )


def refuse(path: Path, revision: str | None, differences: tuple[str, ...], then: str) -> None:
    """Raise Conflict if there are differences from the schema of a revision. `then` says what to do."""
    if differences:
        more = f" and {len(differences) - _NAMED} more" if len(differences) > _NAMED else ""
        raise Conflict(
            f"the schema of {path} is not that of {revision or 'base'}: {'; '.join(differences[:_NAMED])}{more}; "
            f"nothing was changed: {then}"
        )


def compared(path: Path, wanted: Schema) -> Altered:
    """Return what differs in a database from the schema of its revision."""
    with snapshot(path) as connection:
        there = catalogue.described(connection)
    if not there and not wanted:
        return Altered()
    newest = newest_schema()
    broken: list[str] = []
    lacking: list[str] = []
    added: list[str] = []
    others, clauses = [], []
    for key in sorted(there.keys() | wanted.keys()):
        one = catalogue.differences(
            {key: there[key]} if key in there else {}, {key: wanted[key]} if key in wanted else {}
        )
        if key in wanted:
            clauses += [
                (key[1], clause) for clause in there.get(key, ()) if key[0] == "table" and clause not in wanted[key]
            ]
            lacks = key not in there or set(wanted[key]) - set(there[key])
            (added if not lacks else broken if key[0] == "table" else lacking).extend(one)
        elif key in newest:  # the name of something of ours, which a migration would make
            broken += one
        else:
            added += one
            others += [key] if key[0] != "table" else []
    return Altered(tuple(broken), tuple(lacking), tuple(added), tuple(others), tuple(clauses))


@cache
def newest_schema() -> Schema:
    """Return the schema of the newest revision, as tables, triggers and views are declared."""
    from statesvc.db.schema import triggers  # noqa: F401, PLC0415 - these let create_all make what they declare
    from statesvc.db.schema.tables import metadata  # noqa: PLC0415
    from statesvc.db.views import views  # noqa: F401, PLC0415

    with create_engine("sqlite://", module=driver).connect() as connection:
        metadata.create_all(connection)
        return catalogue.described(bare(connection))


@dataclass(frozen=True, slots=True)
class Object:
    """A view, trigger or index that somebody else made; `worked` is whether it fitted the schema that it was in."""

    kind: str
    name: str
    on: str
    sql: str
    worked: bool

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


def set_aside(connection: driver.Connection, made_by_others: tuple[tuple[str, str], ...]) -> tuple[Object, ...]:
    """Drop these objects, in the transaction of the migration; return what `put_back` needs."""
    rows = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY rowid").fetchall()
    objects = [
        Object(kind, name, on, sql, _misfit(connection, kind, name, on) is None)
        for kind, name, on, sql in rows
        if (kind, name) in made_by_others
    ]
    for one in sorted(objects, key=lambda one: one.kind == "view"):  # triggers first: some are on views
        connection.execute(f"DROP {one.kind.upper()} IF EXISTS {catalogue.quoted(one.name)}")
    return tuple(objects)


def put_back(connection: driver.Connection, objects: tuple[Object, ...]) -> None:
    """Make them again. Raises Conflict for one that worked before and does not fit the present schema."""
    for one in sorted(objects, key=lambda one: one.kind == "trigger"):
        try:
            connection.execute(one.sql)
        except driver.Error as error:
            raise _does_not_fit(one, error) from error
    for one in objects:
        misfit = _misfit(connection, one.kind, one.name, one.on)
        if misfit and one.worked:
            raise _does_not_fit(one, misfit) from misfit


def _does_not_fit(one: Object, error: driver.Error) -> Conflict:
    return Conflict(
        f"the {one}, which is not of statesvc, does not fit the new schema: {error}; nothing was changed: drop it "
        f"(DROP {one.kind.upper()} {catalogue.quoted(one.name)}), and make it again after the migration"
    )


def _misfit(connection: driver.Connection, kind: str, name: str, on: str) -> driver.Error | None:
    """Compile a view, or each trigger of a table; SQLite takes any when it is made, and fails when it is used."""
    try:
        for statement in _uses(connection, kind, name, on):
            connection.execute(f"EXPLAIN {statement}").close()
    except driver.Error as error:
        return error
    return None


def _uses(connection: driver.Connection, kind: str, name: str, on: str) -> tuple[str, ...]:
    if kind == "view":
        return (f"SELECT 1 FROM {catalogue.quoted(name)}",)  # noqa: S608 - names of objects, as below
    if kind != "trigger" or on not in catalogue.tables(connection):
        return ()
    columns = [column for (column,) in connection.execute("SELECT name FROM pragma_table_info(?)", (on,))]
    set_all, table = ", ".join(f"{catalogue.quoted(column)} = NULL" for column in columns), catalogue.quoted(on)
    return f"DELETE FROM {table}", f"INSERT INTO {table} DEFAULT VALUES", f"UPDATE {table} SET {set_all}"  # noqa: S608
