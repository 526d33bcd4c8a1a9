"""Files of the data root are removed or replaced while the service has them open, or before it starts."""

import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from service import Answer, Service, running

from statesvc.db.schema import migrate
from statesvc.errors import Conflict


def create(service: Service, name: str) -> Answer:
    return service.call("POST", "/containers/create", {"Image": "busybox:latest"}, query={"name": name})


def reasons(service: Service) -> dict[str, str]:
    answer = service.call("GET", "/statesvc/v1/health")
    assert answer.status == 200, answer.body
    health = answer.json()
    assert health["Healthy"] == (not health["Reasons"])
    return {reason["Code"]: reason["Message"] for reason in health["Reasons"]}


def start_fails(root: Path, code: int) -> str:
    command = [sys.executable, "-m", "statesvc", "serve", "-H", f"unix://{root}.sock", "--data-root", str(root)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr.splitlines()[-1]


def moved_away(root: Path) -> None:
    root.rename(root.with_name("away"))


def replaced(root: Path) -> None:
    root.rename(root.with_name("away"))
    root.mkdir(mode=0o700)
    migrate.upgrade(root / "statesvc.db")


def without(name: str) -> Callable[[Path], None]:
    def remove(root: Path) -> None:
        (root / name).rename(root.with_name(f"{name}.away"))

    return remove


def database_replaced(root: Path) -> None:
    without("statesvc.db")(root)
    shutil.copy(root.with_name("statesvc.db.away"), root / "statesvc.db")


LOSSES = {
    "removed": (moved_away, "folder"),
    "replaced": (replaced, "folder"),
    "lock": (without("lock"), "lock file"),
    "database": (without("statesvc.db"), "database"),
    "database-replaced": (database_replaced, "database"),
    "log": (without("statesvc.db-wal"), "log"),
    "index": (without("statesvc.db-shm"), "index of the log"),
}


@pytest.mark.parametrize("loss", LOSSES)
def test_a_change_that_would_be_lost_is_refused_and_health_says_why(own_service: Service, loss: str) -> None:
    lose, what = LOSSES[loss]
    kept = own_service.create("before")
    lose(own_service.data_root)
    refused = create(own_service, "after")
    assert refused.status == 503, refused.body
    assert f"the {what} " in refused.message
    assert "nothing was changed" in refused.message
    assert f"the {what} " in reasons(own_service)["data-root"]
    assert own_service.call("GET", f"/containers/{kept}/json").status == 200
    assert own_service.call("GET", "/containers/after/json").status == 404
    assert own_service.log_text.count("is not in its place") == 1
    for _ in range(6):  # lists open connections of their own
        assert own_service.call("GET", "/containers/json?all=1").status in {200, 503}
    assert own_service.answers()


@pytest.mark.parametrize("name", ["lock", "statesvc.db-shm"])
def test_a_lock_or_index_that_is_removed_needs_a_new_start_only(loaded_root: Path, tmp_path: Path, name: str) -> None:
    root = tmp_path / "data"
    shutil.copytree(loaded_root, root)
    with running(root) as service:
        service.create("web")
        (root / name).unlink()
        for message in (create(service, "late").message, reasons(service)["data-root"]):
            assert "start it again, which makes a new one: nothing is lost" in message
            assert "restore" not in message
    with running(root) as service:
        assert service.call("GET", "/containers/web/json").status == 200
        assert set(reasons(service)) <= {"unclean-end"}
        assert create(service, "late").status == 201


def test_what_was_put_back_is_served_again(own_service: Service) -> None:
    root = own_service.data_root
    moved_away(root)
    assert create(own_service, "web").status == 503
    root.with_name("away").rename(root)
    assert create(own_service, "web").status == 201
    assert reasons(own_service) == {}


def test_a_log_that_is_removed_costs_nothing_if_the_service_is_stopped(loaded_root: Path, tmp_path: Path) -> None:
    root = tmp_path / "data"
    shutil.copytree(loaded_root, root)
    with running(root) as service:
        service.create("web")
        (root / "statesvc.db-wal").unlink()
        assert create(service, "late").status == 503
    with running(root) as service:
        assert service.call("GET", "/containers/web/json").status == 200
        assert set(reasons(service)) <= {"unclean-end"}


@pytest.mark.parametrize("name", ["lock", "statesvc.db-wal"])
def test_no_second_service_starts_on_a_data_root_that_is_served(own_service: Service, name: str) -> None:
    (own_service.data_root / name).unlink()
    assert "in use by another statesvc" in start_fails(own_service.data_root, 4)
    assert own_service.answers()


def serve_and_kill(root: Path, *, write: bool) -> None:
    with running(root) as service:
        if write:
            service.create("web")
        service.process.kill()
        service.process.wait()


@pytest.fixture
def killed(loaded_root: Path, tmp_path: Path) -> Path:
    """A data root whose service was killed after it had acknowledged a container."""
    root = tmp_path / "data"
    shutil.copytree(loaded_root, root)
    with pytest.raises(AssertionError, match="ended with -9"):
        serve_and_kill(root, write=True)
    return root


def test_a_log_that_is_gone_after_an_unclean_end_is_told(killed: Path) -> None:
    (killed / "statesvc.db-wal").unlink()
    with running(killed) as service:
        assert "what it acknowledged last may be lost" in reasons(service)["log-lost"]
        assert "ended without closing the database" in service.log_text
    with running(killed) as service:
        assert set(reasons(service)) <= {"unclean-end"}


def zeros(log: bytes) -> bytes:
    return bytes(len(log))


def garbage(log: bytes) -> bytes:
    return b"garbage!" * (len(log) // 8)


def cut(log: bytes) -> bytes:
    return log[: len(log) // 2]


def without_its_last_frame(log: bytes) -> bytes:
    return log[: -(24 + 4096)]


def overwritten(log: bytes) -> bytes:
    return log[:-4000] + b"oops" + log[-3996:]


@pytest.mark.parametrize("damage", [zeros, garbage, cut, without_its_last_frame, overwritten, lambda _: b""])
def test_a_log_that_is_damaged_after_an_unclean_end_is_told(killed: Path, damage: Callable[[bytes], bytes]) -> None:
    log = killed / "statesvc.db-wal"
    log.write_bytes(damage(log.read_bytes()))
    with running(killed) as service:
        assert "may be lost" in reasons(service)["log-lost"]
        assert "is there" not in reasons(service)["unclean-end"]


def test_no_loss_is_told_of_a_log_that_is_whole(killed: Path) -> None:
    with running(killed) as service:
        assert service.call("GET", "/containers/web/json").status == 200
        assert reasons(service).keys() == {"unclean-end"}


def test_an_upgrade_by_hand_tells_of_a_lost_log_too(killed: Path) -> None:
    (killed / "statesvc.db-wal").unlink()
    command = [sys.executable, "-m", "statesvc", "db", "upgrade", "--data-root", str(killed)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert "what it acknowledged last may be lost" in done.stderr


@pytest.mark.parametrize("command", [["check"], ["db", "current"], ["sql", "SELECT 1"]], ids=" ".join)
def test_no_loss_is_told_after_an_unclean_end_whose_log_was_read(killed: Path, command: list[str]) -> None:
    subprocess.run([sys.executable, "-m", "statesvc", *command, "--data-root", str(killed)], check=True, timeout=60)
    with running(killed) as service:
        assert service.call("GET", "/containers/web/json").status == 200
        assert set(reasons(service)) <= {"unclean-end"}


def test_no_loss_is_told_of_a_service_that_wrote_nothing(loaded_root: Path, tmp_path: Path) -> None:
    root = tmp_path / "data"
    shutil.copytree(loaded_root, root)
    with pytest.raises(AssertionError, match="ended with -9"):
        serve_and_kill(root, write=False)
    (root / "statesvc.db-wal").unlink()
    with running(root) as service:
        assert set(reasons(service)) <= {"unclean-end"}


def test_no_new_database_is_made_beside_the_log_of_a_lost_one(killed: Path) -> None:
    log = (killed / "statesvc.db-wal").read_bytes()
    (killed / "statesvc.db").rename(killed.with_name("away.db"))
    assert "put the database back" in start_fails(killed, 4)
    assert (killed / "statesvc.db-wal").read_bytes() == log
    killed.with_name("away.db").rename(killed / "statesvc.db")
    with running(killed) as service:
        assert service.call("GET", "/containers/web/json").status == 200


@pytest.mark.parametrize("end", ["killed", "stopped"])
def test_a_database_that_was_emptied_is_no_new_one(killed: Path, end: str) -> None:
    if end == "stopped":
        with running(killed):
            pass
    kept = killed / "backups" / "kept.db"
    kept.parent.mkdir(exist_ok=True)
    migrate.upgrade(kept)
    before = {path: path.read_bytes() for path in killed.glob("statesvc.db-wal")}
    assert bool(before) == (end == "killed")
    (killed / "statesvc.db").write_bytes(b"")
    for _ in range(2):
        assert "is empty, but" in start_fails(killed, 4)
        assert (killed / "statesvc.db").stat().st_size == 0
        assert {path: path.read_bytes() for path in killed.glob("statesvc.db-wal")} == before
    command = [sys.executable, "-m", "statesvc", "db"]
    refused = subprocess.run([*command, "upgrade", "--data-root", str(killed)], check=False, timeout=60)
    assert refused.returncode == 4
    subprocess.run([*command, "restore", str(kept), "--data-root", str(killed)], check=True, timeout=60)
    with running(killed) as service:
        assert service.call("GET", "/containers/web/json").status == 404


@pytest.mark.parametrize("beside", ["reserve", "idempotency.key", "backups/a.db", "runtimes/a", "statesvc.db-wal"])
def test_an_empty_database_beside_what_only_a_used_one_has_is_refused(tmp_path: Path, beside: str) -> None:
    (tmp_path / "statesvc.db").touch()
    (tmp_path / beside).parent.mkdir(exist_ok=True)
    (tmp_path / beside).write_bytes(b"kept")
    with pytest.raises(Conflict, match=r"is empty, but .* shows that it was in use: restore a backup"):
        migrate.bring_up_to_date(tmp_path / "statesvc.db")
    assert (tmp_path / beside).read_bytes() == b"kept"


def test_the_empty_file_of_a_first_start_that_was_killed_becomes_a_database(tmp_path: Path) -> None:
    root = tmp_path / "data"
    root.mkdir(mode=0o700)
    (root / "statesvc.db").touch(mode=0o600)
    (root / "lock").write_text(json.dumps({"pid": 1, "socket": "", "open": False}))
    with running(root) as service:
        assert reasons(service).keys() == {"unclean-end"}


def test_a_restore_beside_the_log_of_a_lost_database_does_not_read_it(killed: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "statesvc", "db"]
    empty = tmp_path / "empty"
    empty.mkdir()
    migrate.upgrade(empty / "statesvc.db")
    (killed / "statesvc.db").unlink()
    where = ["--data-root", str(killed)]
    subprocess.run([*command, "restore", str(empty / "statesvc.db"), *where], check=True, timeout=60)
    assert [path.name.endswith("-replaced.db-wal") for path in (killed / "backups").iterdir()] == [True]
    done = subprocess.run([*command, "check", "--json", *where], capture_output=True, check=False, timeout=60)
    assert json.loads(done.stdout)["Healthy"]
    with running(killed) as service:
        assert service.call("GET", "/containers/web/json").status == 404


def test_changes_are_refused_once_health_knows_that_the_database_was_overwritten(
    own_service: Service, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    with running(other):
        pass
    root = own_service.data_root
    checkpointed = sqlite3.connect(root / "statesvc.db")
    checkpointed.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    checkpointed.close()
    with (root / "statesvc.db").open("r+b") as file:
        file.write((other / "statesvc.db").read_bytes())
        file.truncate()
    assert "overwritten by that of another installation" in reasons(own_service)["unreadable"]
    refused = own_service.call("POST", "/containers/prune")
    assert refused.status == 503
    assert "restore a backup; nothing was changed" in refused.message


def test_health_answers_when_every_file_is_gone(own_service: Service) -> None:
    for entry in own_service.data_root.iterdir():
        if entry.is_file():
            entry.unlink()
    found = reasons(own_service)
    assert "was removed while the service has it open" in found["data-root"]
    shutil.rmtree(own_service.data_root)
    assert "folder" in reasons(own_service)["data-root"]
