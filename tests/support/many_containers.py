"""Very many containers, by SQL: to create them one by one would take minutes."""

import hashlib
from pathlib import Path
from typing import Any

from damage import lawless

_TABLES = {
    "containers": "id",
    "container_specs": "container_id",
    "container_labels": "container_id",
    "container_networks": "container_id",
    "container_names": "container_id",
}


def clone(root: Path, name: str, count: int) -> None:
    """Give the container of a name so many younger copies, called `NAME-1`, `NAME-2`, and so on."""
    with lawless(root) as raw:
        (model,) = raw.execute("SELECT container_id FROM container_names WHERE name = ?", (name,)).fetchone()
        for table, key in _TABLES.items():
            cursor = raw.execute(f"SELECT * FROM {table} WHERE {key} = ?", (model,))
            columns = [column[0] for column in cursor.description]
            rows = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
            copies = [_copy(row, key, model, number) for number in range(1, count + 1) for row in rows]
            places = ", ".join("?" * len(columns))
            raw.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})", copies)


def _copy(row: dict[str, Any], key: str, model: str, number: int) -> tuple[Any, ...]:
    made = hashlib.sha256(f"{model} {number}".encode()).hexdigest()
    changed = {
        key: made,
        "name": f"{row.get('name')}-{number}" if row.get("kind") == "primary" else row.get("name"),
        "created_at": row.get("created_at", 0) + number,
        "summary": row.get("summary", "").replace(model, made),
    }
    return tuple(changed.get(column, value) for column, value in row.items())
