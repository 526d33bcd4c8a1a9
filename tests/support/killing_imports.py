"""Kill an import of a Docker Engine's data root at each of its steps, and look at what is left each time.

    python tests/support/killing_imports.py ROOT

ROOT holds `data`, which a service has opened before, and the data root `docker`. A step is a statement that SQLite
gets, or a change of the folder; see killing.py. An import is one transaction for each object: of what an undisturbed
import writes, an object's rows are all there, or none of them is. Prints how often how many objects were there.
"""

import asyncio
import json
import shutil
import sys
import tempfile
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

from killing import NOW, run_killed, state
from stored_rows import rows_of

from statesvc import app
from statesvc.cli import logs
from statesvc.settings import Settings

# The column with the owner of a row. The owner of an alias is its parent: the child was imported before.
OWNERS = {
    "containers": ("id",),
    "container_names": ("parent_id", "container_id"),
    "images": ("id",),
    "image_tags": ("image_id",),
    "image_digests": ("image_id",),
    "events": ("actor_id",),
}


def run_import(root: Path) -> None:
    asyncio.run(_import(root))


async def _import(root: Path) -> None:
    settings = Settings(data_root=root / "data", hosts=())
    async with app.opened(settings, clock=lambda: NOW, put_in_force=False) as services:
        report = await services.importers["docker"].run(root / "docker", dry_run=False)
    assert report.complete, report


def objects(path: Path) -> dict[str, list[str]]:
    """Return the rows of each container and image, and under an empty ID those of the service itself."""
    found: dict[str, list[str]] = defaultdict(list)
    for table, rows in rows_of(path).items():
        for row in rows:
            found[_owner(table, row)].append(f"{table} {row}")
    return dict(found)


def _owner(table: str, row: dict[str, Any]) -> str:
    columns = OWNERS.get(table, ("container_id",))
    return next((str(row[column]) for column in columns if row.get(column) is not None), "")


def kill_at_every_step(original: Path) -> Counter[int]:
    """Kill until the import is done before it is killed; count how many objects were there."""
    outcomes: Counter[int] = Counter()
    before = objects(original / "data" / "statesvc.db")
    with tempfile.TemporaryDirectory(dir=original.parent) as folder:
        done = Path(shutil.copytree(original, Path(folder) / "done"))
        run_import(done)
        after, whole = objects(done / "data" / "statesvc.db"), state(done / "data" / "statesvc.db")
        assert set(before) == {""}, "the database has objects before the import"
        for step in range(1, 10_000):
            root = Path(shutil.copytree(original, Path(folder) / str(step)))
            if not run_killed(run_import, root, step):
                break
            database = root / "data" / "statesvc.db"
            state(database)  # fails if it is damaged
            found = objects(database)
            assert all(after.get(owner) == rows for owner, rows in found.items()), f"step {step}: half an object"
            outcomes[len(found) - 1] += 1
            run_import(root)
            assert state(database) == whole, f"step {step}: a second import gives something else"
            shutil.rmtree(root)
    return outcomes


if __name__ == "__main__":
    logs.configure("error", "text")
    print(json.dumps(kill_at_every_step(Path(sys.argv[1]))))
