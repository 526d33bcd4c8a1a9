"""Release a migration: keep a database of its schema, with rows in every table, and the digest of its file.

    .venv/bin/python tests/migrations/make_golden.py 0002

As SQL text, since a reader can judge it in a diff, and it outlives SQLite's file format. What is kept stays.
"""

import hashlib
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
GOLDEN = HERE / "golden"
RELEASED = HERE / "released.json"


def released() -> dict[str, str]:
    """Return the digest of each released migration."""
    return json.loads(RELEASED.read_text()) if RELEASED.exists() else {}


def digest(revision: str) -> str:
    """Return the digest of a migration's file as it is now."""
    from statesvc.db.schema import migrate

    (file,) = (migrate.scripts() / "versions").glob(f"{revision}_*.py")
    return "sha256:" + hashlib.sha256(file.read_bytes()).hexdigest()


def make(revision: str) -> str:
    """Return the SQL text of a database with this revision's schema and rows in every table."""
    from stored_rows import fill

    from statesvc.db.schema import migrate
    from statesvc.db.sqlite import snapshot

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "statesvc.db"
        migrate.upgrade(path, revision)
        fill(path)
        with snapshot(path) as connection:
            return "".join(f"{line};\n" for line in _dump(connection))


def load(revision: str, path: Path) -> None:
    """Make a database file from the kept text."""
    from statesvc.db.sqlite import driver

    connection = driver.connect(path, isolation_level=None)
    connection.executescript((GOLDEN / f"{revision}.sql").read_text())
    connection.execute("PRAGMA journal_mode=WAL")
    connection.close()


def _dump(connection: Any) -> Iterator[str]:
    yield "PRAGMA foreign_keys=OFF"
    yield "BEGIN"
    for pragma in ("application_id", "user_version"):
        yield f"PRAGMA {pragma} = {connection.execute(f'PRAGMA {pragma}').fetchone()[0]}"
    objects = connection.execute(
        "SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid"
    ).fetchall()
    for kind, name, sql in objects:
        if kind == "table":
            yield sql
            columns = [row[0] for row in connection.execute("SELECT name FROM pragma_table_info(?)", (name,))]
            quoted = " || ', ' || ".join(f'quote("{column}")' for column in columns)
            for (values,) in connection.execute(f'SELECT {quoted} FROM "{name}"'):
                yield f'INSERT INTO "{name}" VALUES ({values})'
    yield from (sql for kind, _, sql in objects if kind != "table")
    yield "COMMIT"


def main(revision: str) -> None:
    """Keep golden database and digest of a revision. Refuses one that is released."""
    file = GOLDEN / f"{revision}.sql"
    if revision in released() or file.exists():
        sys.exit(f"{revision} is released: it does not change any more")
    GOLDEN.mkdir(exist_ok=True)
    file.write_text(make(revision))
    RELEASED.write_text(json.dumps(released() | {revision: digest(revision)}, indent=2) + "\n")
    print(f"kept {file}")


if __name__ == "__main__":
    sys.path.insert(0, str(HERE.parent))
    main(*sys.argv[1:])
