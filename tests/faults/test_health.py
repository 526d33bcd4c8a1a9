"""Health tells what a fault leaves, and that it is over."""

import shutil
from contextlib import closing
from pathlib import Path

from faults import Call, FaultyDisk
from service import Service, running
from truth import create

from statesvc.db.sqlite import driver

HEALTH = "/statesvc/v1/health"


def codes(service: Service) -> set[str]:
    answer = service.call("GET", HEALTH)
    assert answer.status == 200, answer
    assert answer.json()["Healthy"] is not bool(answer.json()["Reasons"])
    return {reason["Code"] for reason in answer.json()["Reasons"]}


def test_an_unclean_end_is_told_after_it_and_not_after_a_clean_one(loaded_root: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(loaded_root, tmp_path / "data"))
    for was_clean in (True, False):
        with running(root) as service:
            assert service.call("GET", HEALTH).json()["CleanStart"] is was_clean
            assert codes(service) == (set() if was_clean else {"unclean-end"})
            assert ("not healthy" in service.log_text) is not was_clean
            killed = shutil.copytree(root, tmp_path / f"killed-{was_clean}")  # as kill -9 would leave it now
        if was_clean:
            shutil.rmtree(root)
            killed.rename(root)


def test_a_commit_that_the_disk_did_not_confirm_is_told_until_another_is(faulty: Service, disk: FaultyDisk) -> None:
    with disk.failing(Call.SYNC, "statesvc.db-wal"):
        assert create(faulty, "web").json()["unsure"]
        assert "doubt" in codes(faulty)


def test_checkpoints_that_fail_are_told_once_the_log_grows(faulty: Service, disk: FaultyDisk) -> None:
    """SQLite says nothing of a checkpoint that fails after a commit."""
    assert codes(faulty) == set()
    with disk.failing(Call.WRITE, "statesvc.db"):
        for n in range(3):
            _fill(faulty, n)
            assert create(faulty, f"web-{n}").status == 201  # it is durable: only the checkpoint after it fails
        health = faulty.call("GET", HEALTH).json()
        assert disk.counts()[1]
        assert health["WalWaitingBytes"] > 64 * 2**20
        assert "log-size" in codes(faulty)
    assert create(faulty, "after").status == 201
    assert codes(faulty) == set()


def _fill(service: Service, n: int) -> None:
    """Let another program write 30 MiB, whose own checkpoints are off."""
    with closing(driver.connect(service.data_root / "statesvc.db", isolation_level=None)) as other:
        other.execute("PRAGMA wal_autocheckpoint=0")
        other.execute("BEGIN IMMEDIATE")
        rows = [(str(n), "x" * 60_000)] * 500
        sql = "INSERT INTO events (time, type, action, actor_id, attributes) VALUES (1, 'filler', ?, ?, '{}')"
        other.executemany(sql, rows)
        other.execute("COMMIT")
