"""A database with very many containers, made by copying the rows of one: creating a million would take half an hour."""

from pathlib import Path
from typing import Any

from statesvc.db.sqlite import driver

# Every table that has a row of a container, with the column that names it.
_TABLES = {
    "containers": "id",
    "container_specs": "container_id",
    "container_names": "container_id",
    "container_networks": "container_id",
    "container_labels": "container_id",
    "container_mounts": "container_id",
    "container_ports": "container_id",
    "container_health": "container_id",
}
_DAY_NS = 24 * 3_600 * 10**9


def grow(database: Path, until: int, *, analyze: bool = True) -> None:
    """Add copies of one container until there are `until`; ID, name and time of creation differ.

    The service itself never runs ANALYZE.
    """
    connection = driver.connect(str(database), isolation_level=None)
    have = connection.execute("SELECT count(*) FROM containers").fetchone()[0]
    (model,) = connection.execute("SELECT id FROM containers ORDER BY created_at DESC LIMIT 1").fetchone()
    _plan(connection, until - have, [model])
    connection.execute("BEGIN IMMEDIATE")
    for table, owner in _TABLES.items():
        _copy(connection, table, owner, order="fresh.id")
    connection.execute("COMMIT")
    if analyze:
        connection.execute("ANALYZE")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def spread(database: Path, until: int, *, now: int) -> None:
    """Add copies of every container in turn, with their events over the last day, until there are `until`.

    Rows are in the order of creation and IDs are random, as if containers were created one after the other.
    """
    connection = driver.connect(str(database), isolation_level=None)
    # A copy is created within the same second as its model, since the summary contains that second.
    connection.execute("UPDATE containers SET created_at = created_at / 1000000000 * 1000000000")
    models = [found for (found,) in connection.execute("SELECT id FROM containers ORDER BY rowid")]
    _plan(connection, until - len(models), models)
    connection.execute("BEGIN IMMEDIATE")
    for table, owner in _TABLES.items():
        _copy(connection, table, owner, order="fresh.n")
    connection.execute(
        "INSERT INTO events SELECT NULL, :now - :day / 1.0 * (:count - fresh.n) / :count + row_number() OVER (), type,"
        " action, fresh.id, json_set(attributes, '$.name', attributes ->> '$.name' || '-' || fresh.n), revision"
        " FROM fresh CROSS JOIN events WHERE events.actor_id = fresh.model ORDER BY fresh.n, events.seq",
        {"now": now, "day": _DAY_NS, "count": until - len(models)},
    )
    connection.execute("COMMIT")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def _plan(connection: Any, count: int, models: list[str]) -> None:
    """Record the ID of each copy to make, and the container that it copies."""
    connection.execute("CREATE TEMP TABLE fresh (n INTEGER PRIMARY KEY, id TEXT NOT NULL, model TEXT NOT NULL)")
    connection.executemany(
        "INSERT INTO fresh VALUES (?, lower(hex(randomblob(32))), ?)",
        ((number, models[number % len(models)]) for number in range(1, count + 1)),
    )


def _copy(connection: Any, table: str, owner: str, *, order: str) -> None:
    columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    changed = {
        owner: "fresh.id",
        "summary": "replace(summary, fresh.model, fresh.id)",
        "created_at": "created_at + fresh.n",
    }
    if table == "container_names":
        changed["name"] = "name || '-' || fresh.n"
    values = ", ".join(changed.get(column, f"{table}.{column}") for column in columns)
    connection.execute(
        f"INSERT INTO {table} ({', '.join(columns)})"
        f" SELECT {values} FROM fresh CROSS JOIN {table} WHERE {table}.{owner} = fresh.model ORDER BY {order}"
    )
