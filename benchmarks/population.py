"""A database with very many containers, made by copying the rows of one: creating a million would take half an hour."""

from pathlib import Path
from typing import Any

from statesvc.db.engine import driver

# Every table that has a row of a container, with the column that names it.
_TABLES = {
    "containers": "id",
    "container_specs": "container_id",
    "container_names": "container_id",
    "container_networks": "container_id",
    "container_labels": "container_id",
}


def grow(database: Path, until: int, *, analyze: bool = True) -> None:
    """Add copies of one container until there are so many; ID, name and time of creation differ.

    The service itself never has SQLite look at what is in the tables.
    """
    connection = driver.connect(str(database), isolation_level=None)
    have = connection.execute("SELECT count(*) FROM containers").fetchone()[0]
    (model,) = connection.execute("SELECT id FROM containers ORDER BY created_at DESC LIMIT 1").fetchone()
    connection.execute("CREATE TEMP TABLE fresh (n INTEGER PRIMARY KEY, id TEXT NOT NULL)")
    connection.execute(
        "INSERT INTO fresh WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ?)"
        " SELECT n, lower(hex(randomblob(32))) FROM numbers",
        (until - have,),
    )
    connection.execute("BEGIN IMMEDIATE")
    for table, owner in _TABLES.items():
        _copy(connection, table, owner, model)
    connection.execute("COMMIT")
    if analyze:
        connection.execute("ANALYZE")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


def _copy(connection: Any, table: str, owner: str, model: str) -> None:
    columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})")]
    changed = {owner: "fresh.id", "summary": "replace(summary, :model, fresh.id)", "created_at": "created_at + fresh.n"}
    if table == "container_names":
        changed["name"] = "name || '-' || fresh.n"
    values = ", ".join(changed.get(column, f"{table}.{column}") for column in columns)
    connection.execute(
        f"INSERT INTO {table} ({', '.join(columns)})"
        f" SELECT {values} FROM {table} CROSS JOIN fresh WHERE {table}.{owner} = :model ORDER BY fresh.id",
        {"model": model},
    )
