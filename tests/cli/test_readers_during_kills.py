"""Readers and backups of a service that is written to and killed: nothing that it acknowledged is lost."""

import http.client
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from service import Service, running

from statesvc.db.schema.backup import verified
from statesvc.db.sqlite import snapshot

KILLS = 10
CREATES_BEFORE_A_KILL = 40
CLIENTS = 3
QUESTION = "SELECT count(*) FROM v_containers"


@pytest.fixture
def shell() -> str:
    """The distribution's `sqlite3`."""
    program = shutil.which("sqlite3")
    if program is None:
        if os.environ.get("CI"):
            pytest.fail("the `sqlite3` shell is not installed")
        pytest.skip("the `sqlite3` shell is not installed")
    return program


@contextmanager
def again_and_again(commands: list[list[str]]) -> Iterator[list[int]]:
    """Run each command in a loop of its own meanwhile; yields how often each was done. Fails if one failed."""
    over, done, failures = threading.Event(), [0] * len(commands), []

    def loop(number: int) -> None:
        while not over.is_set():
            ran = subprocess.run(commands[number], capture_output=True, text=True, check=False, timeout=60)
            done[number] += 1
            if ran.returncode:
                failures.append(f"{commands[number]} ended with {ran.returncode}: {ran.stderr}")

    with ThreadPoolExecutor(len(commands)) as threads:
        loops = [threads.submit(loop, number) for number in range(len(commands))]
        try:
            yield done
        finally:
            over.set()
    for one in loops:
        one.result()
    assert failures == []


def write_until_killed(root: Path, run: int) -> dict[str, str]:
    """Serve, create containers from some clients at once, and kill the service; return what was acknowledged."""
    acknowledged: dict[str, str] = {}
    enough = threading.Event()

    def create(service: Service, client: int) -> None:
        number = 0
        with suppress(OSError, http.client.HTTPException):  # it is killed
            while True:
                name = f"c{run}-{client}-{number}"
                acknowledged[name] = service.create(name)
                number += 1
                if len(acknowledged) >= CREATES_BEFORE_A_KILL:
                    enough.set()

    with ThreadPoolExecutor(CLIENTS) as clients, suppress(ServiceKilled), running(root) as service:
        writers = [clients.submit(create, service, client) for client in range(CLIENTS)]
        reached = enough.wait(60)
        service.process.kill()
        for writer in writers:
            writer.result()
        assert reached, "the service takes no creates"
        raise ServiceKilled
    return acknowledged


class ServiceKilled(Exception):
    """Leaves `running` without an orderly stop."""


@pytest.mark.kills
def test_nothing_acknowledged_is_lost_beside_readers_backups_and_kills(
    loaded_root: Path, tmp_path: Path, shell: str
) -> None:
    root = tmp_path / "data"
    shutil.copytree(loaded_root, root)
    statesvc = [sys.executable, "-m", "statesvc"]
    commands = [
        [shell, "-readonly", "-cmd", ".timeout 10000", str(root / "statesvc.db"), QUESTION],
        [*statesvc, "sql", QUESTION, "--data-root", str(root)],
        [*statesvc, "db", "backup", "--data-root", str(root)],
    ]
    acknowledged: dict[str, str] = {}
    with again_and_again(commands) as done:
        for run in range(KILLS):
            acknowledged |= write_until_killed(root, run)
    assert all(done), done
    with snapshot(root / "statesvc.db") as database:
        assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        there = dict(database.execute("SELECT name, container_id FROM container_names"))
    lost = {name for name, container in acknowledged.items() if there.get(name) != container}
    assert not lost, f"{len(lost)} of {len(acknowledged)} acknowledged containers are lost"
    kept = list((root / "backups").glob("*.db"))
    assert kept
    for backup in kept:
        verified(backup)
