"""Kill an operation on a data root at each of its steps, and look at what is left each time.

    python tests/support/killing.py upgrade|downgrade|backup|restore|compact ROOT

A step is a statement that SQLite gets, a page copy, or a change of the folder. Each is tried in a forked process on a
copy of ROOT, which `kill -9` ends just before that step. Prints how often the database was the one before or the one
after. A process of its own, since one that has threads or open databases must not fork.
"""

import json
import os
import shutil
import signal
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from stored_rows import rows_of

from statesvc.db.schema import catalogue, compact, migrate, restore
from statesvc.db.schema.backup import Backups, verified
from statesvc.db.sqlite import snapshot

STEPS = {"execute", "executemany", "backup", "link", "rename", "unlink", "fsync", "ftruncate"}
NOW = 1_700_000_000_000_000_000


def backups(root: Path) -> Backups:
    return Backups(root / "backups", 3, lambda: NOW)


OPERATIONS: dict[str, Callable[[Path], Any]] = {
    "upgrade": lambda root: migrate.bring_up_to_date(root / "statesvc.db", backups=backups(root)),
    "downgrade": lambda root: migrate.downgrade(root / "statesvc.db", "-1", backups=backups(root)),
    "backup": lambda root: backups(root).take(root / "statesvc.db"),
    "restore": lambda root: restore.restore(root / "backup.db", root / "statesvc.db", backups=backups(root)),
    "compact": lambda root: compact.compact(root / "statesvc.db"),
}


def state(path: Path) -> Any:
    """Return schema and rows of a sound database."""
    with snapshot(path) as connection:
        assert catalogue.damage(connection) == catalogue.Damage()
        found = catalogue.described(connection)
    return found, rows_of(path)


def run_killed(operation: Callable[[Path], Any], root: Path, step: int) -> bool:
    """Run an operation and kill it at a step; return whether it reached the step."""
    child = os.fork()
    if child == 0:
        _kill_at(step)
        operation(root)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL, status
        return True
    assert os.WEXITSTATUS(status) == 0, f"the operation failed at step {step}"
    return False


def _kill_at(step: int) -> None:
    seen = 0

    def count(_frame: FrameType, event: str, called: Any) -> None:
        nonlocal seen
        if event == "c_call" and getattr(called, "__name__", "") in STEPS:
            seen += 1
            if seen == step:
                os.kill(os.getpid(), signal.SIGKILL)

    threading.setprofile(count)  # also in threads started later
    sys.setprofile(count)


def judge(root: Path, before: Any, after: Any) -> str:
    """Return whether the database is the one before or after. Fails for any other, and for an incomplete backup."""
    found = state(root / "statesvc.db")
    assert found in (before, after), "the database is neither the one before nor the one after"
    for kept in (root / "backups").glob("*.db"):
        verified(kept)
        assert state(kept) in (before, after), kept
    return "before" if found == before else "after"


def kill_at_every_step(name: str, original: Path) -> Counter[str]:
    """Kill the operation at each step in turn, until it is done before it is killed; count what was left."""
    operation, before = OPERATIONS[name], state(original / "statesvc.db")
    outcomes: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(dir=original.parent) as folder:
        done = Path(shutil.copytree(original, Path(folder) / "done"))
        operation(done)
        after = state(done / "statesvc.db")
        for step in range(1, 10_000):
            root = Path(shutil.copytree(original, Path(folder) / str(step)))
            if not run_killed(operation, root, step):
                break
            outcomes[judge(root, before, after)] += 1
            if step % 5 == 0:
                _go_on(name, operation, root, after)
            shutil.rmtree(root)
    return outcomes


def _go_on(name: str, operation: Callable[[Path], Any], root: Path, after: Any) -> None:
    """Assert that the operation can be repeated after it was killed."""
    if name == "downgrade" and state(root / "statesvc.db") == after:
        return
    # A second later, as a new name for a backup is one of a new time.
    for kept in (root / "backups").glob("*.db"):
        kept.rename(kept.with_name(kept.name.replace("T2213", "T2212")))
    operation(root)
    assert state(root / "statesvc.db") == after, "it cannot be done again"


if __name__ == "__main__":
    print(json.dumps(kill_at_every_step(sys.argv[1], Path(sys.argv[2]))))
