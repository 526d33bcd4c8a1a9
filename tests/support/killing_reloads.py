"""Kill a reload, or a start with its sweep, at each of its steps, and check the state after a restart each time.

    python tests/support/killing_reloads.py reload|start ROOT

ROOT holds `data` and the `daemon.json` that is to come into force. A step is a statement that SQLite gets, or a change
of the folder; see killing.py. Prints how often the version in force was the one before or the one after.
"""

import asyncio
import json
import shutil
import sys
import tempfile
from collections import Counter
from pathlib import Path

from held_scripts import broken_promises, half_versions
from killing import run_killed

from statesvc import app
from statesvc.cli import logs
from statesvc.db.sqlite import snapshot
from statesvc.settings import Settings


def settings(root: Path) -> Settings:
    return Settings(data_root=root / "data", config_file=root / "daemon.json", hosts=(), history_versions=1)


async def _reload(root: Path) -> None:
    chosen = settings(root)
    async with app.opened(chosen, put_in_force=False) as services:
        await services.runtimes.reload()


async def _start(root: Path) -> None:
    chosen = settings(root)
    async with app.opened(chosen) as services:
        await app.swept(services, chosen)


OPERATIONS = {"reload": lambda root: asyncio.run(_reload(root)), "start": lambda root: asyncio.run(_start(root))}


def in_force(root: Path) -> int:
    with snapshot(root / "data" / "statesvc.db") as database:
        (version,) = database.execute("SELECT current_version FROM service_state").fetchone()
    return int(version)


def held(root: Path) -> list[tuple[str, int, str]]:
    """Return the runtime and script that each container is locked to."""
    with snapshot(root / "data" / "statesvc.db") as database:
        return database.execute("SELECT id, runtime_id, script_digest FROM containers ORDER BY id").fetchall()


def main(name: str, original: Path) -> Counter[str]:
    """Kill at every step until the operation is done before it is killed; count which version was in force."""
    operation, before, locked = OPERATIONS[name], in_force(original), held(original)
    outcomes: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(dir=original.parent) as folder:
        for step in range(1, 10_000):
            root = Path(shutil.copytree(original, Path(folder) / str(step), symlinks=True))
            if not run_killed(operation, root, step):
                break
            assert half_versions(root / "data") == [], f"step {step}"
            assert held(root) == locked, f"step {step}"
            outcomes["before" if in_force(root) == before else "after"] += 1
            _restart(root, step)
            assert held(root) == locked, f"step {step}"
            shutil.rmtree(root)
    return outcomes


def _restart(root: Path, step: int) -> None:
    """Assert that a start repairs what the killed process left, and that a second start has nothing to do."""
    OPERATIONS["start"](root)
    assert broken_promises(root / "data") == [], f"step {step}"
    version = in_force(root)
    OPERATIONS["start"](root)
    assert (in_force(root), broken_promises(root / "data")) == (version, []), f"step {step}"


if __name__ == "__main__":
    logs.configure("error", "text")
    print(json.dumps(main(sys.argv[1], Path(sys.argv[2]))))
