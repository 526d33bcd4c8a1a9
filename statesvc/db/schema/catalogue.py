"""Tables, rows, damage and schema of a database file, read with a connection of the driver."""

import hashlib
import marshal
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from statesvc.db.sqlite import driver

FETCHED_AT_ONCE = 2_000
_ALL = 1_000_000
_OF_A_ROW = "CHECK constraint failed in "
VERSION_TABLE = "alembic_version"
# What SQLite, Alembic and Litestream keep in the database for themselves.
_NOT_OURS = ("sqlite_", VERSION_TABLE, "_litestream_")
_TOKEN = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|--[^\n]*|\s+|\w+|[<>=!|]+|.""")


@dataclass(frozen=True, slots=True)
class Contents:
    """The rows of a table: how many, and a digest over all of them in the order in which the table keeps them."""

    rows: int
    digest: str


def tables(connection: driver.Connection) -> list[str]:
    """Return the names of our tables: not SQLite's, Alembic's and Litestream's own."""
    found = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
    return [name for (name,) in found if not name.startswith(_NOT_OURS)]


def has_revisions(connection: driver.Connection) -> bool:
    """Return whether migrations have run on the database, even if all were taken back."""
    return bool(connection.execute("SELECT 1 FROM sqlite_schema WHERE name = ?", (VERSION_TABLE,)).fetchone())


def revision(connection: driver.Connection) -> str | None:
    """Return the revision of the schema, None if the database has none."""
    if not has_revisions(connection):
        return None
    noted: tuple[str] | None = connection.execute(f"SELECT version_num FROM {VERSION_TABLE}").fetchone()  # noqa: S608
    return noted[0] if noted else None


def row_counts(connection: driver.Connection) -> dict[str, int]:
    """Return how many rows each table has."""
    return {
        table: connection.execute(f"SELECT count(*) FROM {quoted(table)}").fetchone()[0]  # noqa: S608 - names of tables
        for table in tables(connection)
    }


def value_counts(connection: driver.Connection) -> dict[str, dict[str, int]]:
    """Return for each table how many rows hold a value in each of its columns."""
    return {table: _values(connection, table) for table in tables(connection)}


def contents(connection: driver.Connection) -> dict[str, Contents]:
    """Return rows and digest of each table."""
    found = {}
    for table in tables(connection):
        digest, rows = hashlib.sha256(), 0
        for chunk in _chunks(connection, table):
            rows += len(chunk)
            # Twice as quick as repr; version 2 is the last that writes equal rows as equal bytes always.
            digest.update(marshal.dumps(chunk, 2))
        found[table] = Contents(rows, digest.hexdigest())
    return found


@dataclass(frozen=True, slots=True)
class Damage:
    """What is wrong, in sentences: with the file, then nothing in it is safe, or with rows, then all others are."""

    file: tuple[str, ...] = ()
    rows: tuple[str, ...] = ()

    @property
    def sentences(self) -> tuple[str, ...]:
        """The sentences about file and rows."""
        return self.file + self.rows

    def beyond(self, before: "Damage") -> tuple[str, ...]:
        """Return what was not there before, or not as often; rows may have got other numbers since."""
        known = Counter(map(_unnumbered, before.sentences))
        known.subtract(map(_unnumbered, self.sentences))
        return tuple(line for line in self.sentences if known[_unnumbered(line)] < 0)


def damage(connection: driver.Connection) -> Damage:
    """Return what SQLite finds wrong with file and constraints, and rows without what they refer to."""
    try:
        found = [line for (line,) in connection.execute(f"PRAGMA integrity_check({_ALL})") if line != "ok"]
    except driver.DatabaseError as error:
        if not getattr(error, "sqlite_errorname", "").startswith("SQLITE_CORRUPT"):
            raise
        found = [str(error)]
    file = tuple(line for line in found if not line.startswith(_OF_A_ROW))
    if file:
        return Damage(file, tuple(line for line in found if line.startswith(_OF_A_ROW)))
    orphans = connection.execute("PRAGMA foreign_key_check")  # finds nothing where pages are damaged
    refers = (f"{table}: row {row} refers to a row of {parent} that is not there" for table, row, parent, _ in orphans)
    return Damage((), (*found, *refers))


def described(connection: driver.Connection) -> dict[tuple[str, str], list[str]]:
    """Return each object of the schema with its clauses: CHECKs, predicates, STRICT, bodies of views and triggers.

    How SQL is quoted, spaced and commented does not count, nor the order of a table's columns.
    """
    rows = connection.execute("SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL")
    return {(kind, name): _clauses(kind, sql) for kind, name, sql in rows if not name.startswith(_NOT_OURS)}


def differences(there: dict[tuple[str, str], list[str]], wanted: dict[tuple[str, str], list[str]]) -> list[str]:
    """Return a sentence for each object or clause that one schema has and the other has not."""
    found = [f"{kind} {name} is missing" for kind, name in wanted.keys() - there.keys()]
    found += [f"{kind} {name} does not belong there" for kind, name in there.keys() - wanted.keys()]
    for kind, name in there.keys() & wanted.keys():
        has, needs = there[kind, name], wanted[kind, name]
        if has != needs:
            extra, lacking = set(has) - set(needs), set(needs) - set(has)
            found.append(f"{kind} {name} has {sorted(extra)} and should have {sorted(lacking)}")
    return sorted(found)


def quoted(name: str) -> str:
    """Return a name as an identifier of SQL."""
    return '"' + name.replace('"', '""') + '"'


def _unnumbered(sentence: str) -> str:
    return re.sub(r"row \w+", "row", sentence)


def _values(connection: driver.Connection, table: str) -> dict[str, int]:
    columns = [name for (name,) in connection.execute("SELECT name FROM pragma_table_info(?)", (table,))]
    counted = ", ".join(f"count({quoted(column)})" for column in columns)
    return dict(zip(columns, connection.execute(f"SELECT {counted} FROM {quoted(table)}").fetchone(), strict=True))  # noqa: S608


def _chunks(connection: driver.Connection, table: str) -> Iterator[list[Any]]:
    keys = connection.execute("SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk", (table,)).fetchall()
    (without_rowid,) = connection.execute("SELECT wr FROM pragma_table_list(?)", (table,)).fetchone()
    order = ", ".join(quoted(key) for (key,) in keys) if without_rowid else "rowid"
    # Bytes as they are stored: text that is no UTF-8 has a digest too.
    before, connection.text_factory = connection.text_factory, bytes
    try:
        rows = connection.execute(f"SELECT * FROM {quoted(table)} ORDER BY {order}")  # noqa: S608
        while chunk := rows.fetchmany(FETCHED_AT_ONCE):
            yield chunk
    finally:
        connection.text_factory = before


def _clauses(kind: str, sql: str) -> list[str]:
    """Return the parts of a definition, in an order that does not depend on how it came to be."""
    parts = [_plain(part) for part in _TOKEN.findall(sql) if not part.isspace() and not part.startswith("--")]
    if kind != "table":
        return [" ".join(parts)]
    first, last = parts.index("("), len(parts) - 1 - parts[::-1].index(")")
    clauses: list[list[str]] = [[]]
    depth = 0
    for part in parts[first + 1 : last]:
        depth += (part == "(") - (part == ")")
        if part == "," and depth == 0:
            clauses.append([])
        else:
            clauses[-1].append(part)
    return [*sorted(" ".join(clause) for clause in clauses), " ".join(parts[last + 1 :])]


def _plain(part: str) -> str:
    return part[1:-1].replace('""', '"') if part.startswith('"') else part
