"""Clients at work on a disk that fails now and then, and `kill -9`: after a start, each answer is found to be true."""

import errno
import os
import random
import shutil
import threading
import time
from pathlib import Path

import pytest
from faults import EVERY_ERROR, Call, FaultyDisk
from service import Service, running
from truth import claim, create

ROUNDS = int(os.environ.get("FAULTS_ROUNDS", "4"))
SEED = int(os.environ.get("FAULTS_SEED", str(random.randrange(2**32))))
CLIENTS = 6
FILES = ("statesvc.db-wal", "statesvc.db", "statesvc.db-shm")


class Client(threading.Thread):
    """Creates containers, and removes every other one; notes for each name what was claimed last."""

    def __init__(self, service: Service, number: str) -> None:
        super().__init__()
        self.service, self.number = service, number
        self.there: dict[str, bool | None] = {}

    def run(self) -> None:
        """Work until the service is killed."""
        for n in range(100_000):
            name = f"c{self.number}-{n}"
            try:
                self.there[name] = None
                self.there[name] = claim(create(self.service, name))
                if n % 2 and self.there[name]:
                    self.there[name] = None
                    claimed = claim(self.service.call("DELETE", f"/containers/{name}"))
                    self.there[name] = None if claimed is None else not claimed
            except (OSError, ValueError):
                return


def disturb(disk: FaultyDisk, chance: random.Random, seconds: float) -> None:
    """Let calls fail at random, for a time."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        call = chance.choice([Call.WRITE, Call.SYNC, Call.SYNC, Call.READ])
        error = errno.EIO if call is Call.READ else chance.choice(EVERY_ERROR)
        disk.fail(call, chance.choice(FILES), error, skip=chance.randrange(20), count=chance.choice([1, 1, 3, -1]))
        time.sleep(chance.uniform(0.01, 0.15))
        disk.mend()
        time.sleep(chance.uniform(0, 0.05))


def _work_until_killed(root: Path, disk: FaultyDisk, chance: random.Random, clients: list[Client], number: int) -> None:
    with running(root, env=disk.environment) as service:
        clients += [Client(service, f"{number}x{client}") for client in range(CLIENTS)]
        for client in clients:
            client.start()
        disturb(disk, chance, 2)
        service.process.kill()
        for client in clients:
            client.join()


@pytest.mark.kills
def test_answers_are_true_of_what_a_kill_leaves(loaded_root: Path, tmp_path: Path, disk: FaultyDisk) -> None:
    print(f"seed: {SEED}")
    chance = random.Random(SEED)
    root = Path(shutil.copytree(loaded_root, tmp_path / "data"))
    claimed: dict[str, bool | None] = {}
    for number in range(ROUNDS):
        clients: list[Client] = []
        with pytest.raises(AssertionError, match="ended with -9"):
            _work_until_killed(root, disk, chance, clients, number)
        disk.mend()
        for client in clients:
            claimed |= client.there
        with running(root) as service:
            listed = service.call("GET", "/containers/json?all=1").json()
            found = {entry["Names"][0].removeprefix("/") for entry in listed}
            assert service.call("GET", "/statesvc/v1/health").json()["Quarantined"] == 0
        assert {name for name, there in claimed.items() if there} <= found, SEED
        assert not {name for name, there in claimed.items() if there is False} & found, SEED
        # What was unsure is what it is found to be: it stays so from here on.
        claimed = {name: name in found for name in claimed}
    assert len(claimed) > 50 * ROUNDS
