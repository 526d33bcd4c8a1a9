"""The name of a database file for SQLite: exactly the file that was asked for is opened, or none."""

import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from service import CONFORMANCE, running

from statesvc.db.file_uri import LONGEST_PATH, file_uri
from statesvc.db.sqlite import driver, make_engine, snapshot
from statesvc.errors import InvalidParameter, Unavailable

ODD = (
    "x?1", "x?mode=ro", "x?vfs=none&immutable=1", "x%31", "x%3f", "x%00y", "x#1", "a b", " x ", "quote'\"`", "a;b&c=d",
    "file:x", "file:", ":memory:", "naïve-日本-🐳", "a\u200db", "a\\b", "a\nb", "-x", "~", "$HOME", "*",
)  # fmt: skip
BUSYBOX = CONFORMANCE / "images" / "busybox_latest.tar.gz"
REPOSITORY = Path(__file__).parents[2]


def statesvc(root: Path, *words: object, code: int = 0, at: Path = REPOSITORY) -> str:
    command = [sys.executable, "-m", "statesvc", *map(str, words), "--data-root", str(root)]
    there = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, cwd=at, env=there)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize("name", ODD)
def test_the_file_that_is_opened_is_the_one_that_was_asked_for(name: str, tmp_path: Path) -> None:
    folder = tmp_path / name
    folder.mkdir()
    path = folder / "statesvc.db"
    path.touch()
    with make_engine(path, busy_timeout_ms=0, query_only=False).connect() as conn:
        conn.exec_driver_sql("CREATE TABLE here (x)")
        assert {entry.name for entry in folder.iterdir()} == {"statesvc.db", "statesvc.db-wal", "statesvc.db-shm"}
    with snapshot(path) as connection:
        assert connection.execute("SELECT name FROM sqlite_schema").fetchall() == [("here",)]
    assert [entry.name for entry in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", ["x?1", "x%31", "a b#c'\"", "naïve-日本-🐳"])
def test_commands_work_on_a_data_root_of_any_name(name: str, tmp_path: Path) -> None:
    root, copy = tmp_path / name, tmp_path / f"{name}.copy?mode=ro"
    statesvc(root, "db", "upgrade")
    assert f"{root}/backups/statesvc-" in statesvc(root, "db", "backup")
    assert str(copy) in statesvc(root, "db", "backup", copy)
    statesvc(root, "db", "downgrade", "0001", "--yes")
    assert "restored" in statesvc(root, "db", "restore", copy)
    assert "healthy" in statesvc(root, "check")
    assert "0" in statesvc(root, "sql", "SELECT count(*) FROM v_containers")
    with running(root) as service:
        service.call("POST", "/images/load", BUSYBOX.read_bytes())
        service.create("web")
    assert "web" in statesvc(root, "export", "run", "web")
    (tmp_path / f"{root.name}.log").unlink()
    assert {entry.name for entry in tmp_path.iterdir()} == {root.name, copy.name}
    assert {entry.stat().st_mode & 0o077 for entry in root.rglob("*")} == {0}


def test_two_data_roots_that_differ_behind_a_question_mark_share_nothing(tmp_path: Path) -> None:
    statesvc(tmp_path / "x?1", "db", "upgrade")
    assert "there is no database" in statesvc(tmp_path / "x?2", "db", "current", code=3)
    statesvc(tmp_path / "x?2", "db", "upgrade", "0001")
    assert "newest)" in statesvc(tmp_path / "x?1", "db", "current")
    assert "0001 (newest" in statesvc(tmp_path / "x?2", "db", "current")


@pytest.mark.parametrize("name", ["x?1", "x%31", "x=y?#"])
def test_alembic_opens_the_database_that_x_names(name: str, tmp_path: Path) -> None:
    path = tmp_path / name / "statesvc.db"
    path.parent.mkdir()
    for words in (["upgrade", "head"], ["current"], ["-x", "yes=true", "downgrade", "0001"]):
        command = [sys.executable, "-m", "alembic", "-x", f"database={path}", *words]
        done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, done.stderr
    assert "0001" in statesvc(path.parent, "db", "current")
    assert [entry.name for entry in tmp_path.iterdir()] == [name]


def test_a_relative_data_root_is_one_of_this_folder(tmp_path: Path) -> None:
    statesvc(Path("x?1"), "db", "upgrade", at=tmp_path)
    assert (tmp_path / "x?1" / "statesvc.db").stat().st_size > 0


def test_no_file_is_made_by_opening_one_that_is_gone(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="cannot be opened"), snapshot(tmp_path / "gone.db"):
        pass
    with pytest.raises(driver.OperationalError), closing(driver.connect(file_uri(tmp_path / "gone", "ro"), uri=True)):
        pass
    assert not list(tmp_path.iterdir())


def test_a_path_that_is_too_long_for_sqlite_is_refused_with_the_limit(tmp_path: Path) -> None:
    room = LONGEST_PATH - len(str(tmp_path)) - len("/statesvc.db")
    parts = ["d" * 100] * (room // 101)
    longest = tmp_path.joinpath(*parts, "e" * (room - 101 * len(parts) - 1))
    longest.mkdir(parents=True)
    assert len(str(longest / "statesvc.db")) == LONGEST_PATH
    with closing(driver.connect(file_uri(longest / "statesvc.db", "rwc"), uri=True)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE here (x)")
    with pytest.raises(InvalidParameter, match=f"has 505 bytes, and SQLite opens none of more than {LONGEST_PATH}"):
        file_uri(longest / "statesvc.db1", "rw")
    assert "choose a shorter path" in statesvc(longest.with_name(f"{longest.name}1"), "db", "upgrade", code=2)
