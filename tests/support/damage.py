"""Damages rows as bit rot or another program would: without any constraint, reference or trigger."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Text

from statesvc.db.damage.judges import JUDGES
from statesvc.db.damage.raw_rows import checked_tables, texts
from statesvc.db.sqlite import bare, make_engine

# The columns that can be damaged: without a key, a reference or a document of their own.
DOCUMENTS = sorted(JUDGES)
TEXTS = [
    (table.name, column.name)
    for table in checked_tables()
    for column in table.columns
    if column.name in texts(table)
    and isinstance(column.type, Text)
    and not column.primary_key
    and not column.foreign_keys
    and (table.name, column.name) not in JUDGES
]
KINDS = {
    "not text": b'{"a":"\xff"}',
    "not JSON": b'{"a":',
    "another shape": b'"text"',
    "no fields": b"{}",
    "empty": b"",
}


@contextmanager
def lawless(root: Path) -> Iterator[Any]:
    """Yield a driver's connection on which no constraint, reference or trigger holds."""
    engine = make_engine(root / "statesvc.db", busy_timeout_ms=5_000, query_only=False, foreign_keys=False)
    with engine.connect() as conn:
        raw = bare(conn)
        raw.execute("PRAGMA ignore_check_constraints=ON")
        triggers = raw.execute("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
        raw.execute("BEGIN IMMEDIATE")
        for name, _ in triggers:
            raw.execute(f"DROP TRIGGER {name}")
        yield raw
        for _, sql in triggers:
            raw.execute(sql)
        raw.execute("COMMIT")


def zero_half_a_page(path: Path, name: str) -> None:
    """Damage the file of a closed database: zero the first half of the root page of a table or index."""
    with make_engine(path, busy_timeout_ms=5_000, query_only=False).connect() as conn:
        conn.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        (page,) = conn.exec_driver_sql("SELECT rootpage FROM sqlite_schema WHERE name = ?", (name,)).one()
        (size,) = conn.exec_driver_sql("PRAGMA page_size").one()
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(bytes(size // 2))


def damage(root: Path, table: str, column: str, value: bytes, *, where: str = "true") -> int:
    """Write bytes into a column of the selected rows; return their number."""
    kind = "BLOB" if (table, column) == ("images", "config") else "TEXT"
    with lawless(root) as raw:
        return raw.execute(f"UPDATE {table} SET {column} = CAST(? AS {kind}) WHERE {where}", (value,)).rowcount
