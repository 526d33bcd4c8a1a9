"""The rule of answers: what each claims, and what is there after a crash."""

import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from service import Answer, Service

from statesvc.db.sqlite import driver

# A container and the events about it are one change.
_WITHOUT_EVENT = "SELECT id FROM containers WHERE id NOT IN (SELECT actor_id FROM events WHERE action = 'create')"
_WITHOUT_ROW = """
    SELECT actor_id FROM events WHERE action = 'create' AND actor_id NOT IN (SELECT id FROM containers)
    AND actor_id NOT IN (SELECT actor_id FROM events WHERE action = 'destroy')
"""


def claim(answer: Answer) -> bool | None:
    """Return whether an answer says that the change was made: None if it says that this is unsure.

    2xx is durable, 4xx and 503 "nothing was changed" deny it, and every other answer says that it is unsure.
    """
    if answer.status < 300:
        return True
    body = answer.json()
    if body.get("unsure"):
        assert "look whether" in body["message"], answer
        assert "nothing was changed" not in body["message"], answer
        assert "retry-after" not in answer.headers, answer
        return None
    assert 400 <= answer.status < 500 or (answer.status == 503 and "nothing was changed" in answer.message), answer
    return False


def keeps_to(answer: Answer, *, done: bool) -> bool:
    """Return whether an answer is true of what was found after a crash."""
    claimed = claim(answer)
    return claimed is None or claimed is done


@contextmanager
def after_a_crash(data_root: Path) -> Iterator[driver.Connection]:
    """Yield the database as `kill -9` would leave it now: its files as they are, without what only memory has."""
    with tempfile.TemporaryDirectory(dir=data_root.parent) as folder:
        shutil.copy(data_root / "statesvc.db", folder)
        with suppress(FileNotFoundError):  # the last one to close a database removes its log
            shutil.copy(data_root / "statesvc.db-wal", folder)
        with closing(driver.connect(Path(folder) / "statesvc.db")) as connection:
            yield connection


def names_after_a_crash(data_root: Path) -> set[str]:
    """Return the names of all containers that would be there after `kill -9`."""
    with after_a_crash(data_root) as connection:
        names = {name for (name,) in connection.execute("SELECT name FROM container_names")}
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        assert connection.execute(_WITHOUT_EVENT).fetchall() == []
        assert connection.execute(_WITHOUT_ROW).fetchall() == []
    return names


@contextmanager
def writes_wait(data_root: Path) -> Iterator[None]:
    """Hold the database's lock inside the block, as another program would: what is queued meanwhile shares a commit."""
    with closing(driver.connect(data_root / "statesvc.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def created_at_once(service: Service, names: list[str]) -> "dict[str, Answer]":
    """Create containers with all of these names at the same time; return the answers."""
    with ThreadPoolExecutor(len(names)) as pool:
        return dict(zip(names, pool.map(lambda name: create(service, name), names), strict=True))


def create(service: Service, name: str) -> Answer:
    """Create a container; return the answer, whatever it is."""
    return service.call("POST", "/containers/create", {"Image": "busybox:latest"}, query={"name": name})
