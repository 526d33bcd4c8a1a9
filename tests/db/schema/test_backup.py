import os
import stat
import subprocess
import threading
from itertools import count
from pathlib import Path

import pytest
from damage import damage, zero_half_a_page
from stored_rows import WEB, fill, rows_of

from statesvc import __version__
from statesvc.db.schema import backup, catalogue, written_by
from statesvc.db.schema.backup import Backups, copy, verified
from statesvc.db.schema.unfinished import unfinished_folder
from statesvc.db.sqlite import driver, make_engine, snapshot
from statesvc.errors import Conflict, Unavailable


@pytest.fixture
def filled(database_file: Path) -> Path:
    fill(database_file)
    return database_file


def execute(path: Path, *statements: str) -> None:
    with make_engine(path, busy_timeout_ms=5_000, query_only=False).connect() as conn:
        for statement in statements:
            conn.exec_driver_sql(statement)


def backups_in(folder: Path, keep: int, start: int = 1_700_000_000_000_000_000) -> Backups:
    ticks = count(start, 1_000_000_000)
    return Backups(folder, keep, lambda: next(ticks))


def test_a_backup_holds_every_row_also_those_in_the_log_only(filled: Path, tmp_path: Path) -> None:
    made = copy(filled, tmp_path / "copy.db")
    assert rows_of(made.path) == rows_of(filled)
    assert made.rows == sum(map(len, rows_of(filled).values()))


def test_a_backup_is_one_file_that_only_its_owner_can_read(filled: Path, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    made = copy(filled, tmp_path / "there" / "copy.db")
    assert list((tmp_path / "there").iterdir()) == [made.path]
    assert stat.S_IMODE(made.path.stat().st_mode) == 0o600


def test_a_backup_holds_no_free_pages(filled: Path, tmp_path: Path) -> None:
    execute(filled, "CREATE TABLE large (x BLOB)", "INSERT INTO large VALUES (zeroblob(5000000))", "DELETE FROM large")
    execute(filled, "PRAGMA wal_checkpoint(TRUNCATE)")
    assert filled.stat().st_size > 5_000_000
    (tmp_path / "there").mkdir()
    made = copy(filled, tmp_path / "there" / "copy.db")
    assert made.path.stat().st_size < 1_000_000
    assert list((tmp_path / "there").iterdir()) == [made.path]
    assert stat.S_IMODE(made.path.stat().st_mode) == 0o600
    assert rows_of(made.path) == rows_of(filled)
    with snapshot(made.path) as connection:
        assert connection.execute("PRAGMA freelist_count").fetchone() == (0,)
        assert written_by.read_version(connection) == __version__


def test_a_backup_never_overwrites(filled: Path, tmp_path: Path) -> None:
    (tmp_path / "copy.db").write_text("mine")
    with pytest.raises(Conflict, match=r"copy\.db exists already"):
        copy(filled, tmp_path / "copy.db")
    assert (tmp_path / "copy.db").read_text() == "mine"


def test_a_backup_never_replaces_a_link_not_even_one_to_nothing(filled: Path, tmp_path: Path) -> None:
    (tmp_path / "copy.db").symlink_to(tmp_path / "unmounted" / "copy.db")
    with pytest.raises(Conflict, match=r"copy\.db exists already"):
        copy(filled, tmp_path / "copy.db")
    assert (tmp_path / "copy.db").is_symlink()


def test_a_backup_while_others_write_is_one_committed_state(filled: Path, tmp_path: Path) -> None:
    execute(filled, "CREATE TABLE pairs (a INTEGER, b TEXT) STRICT", "CREATE TABLE twins (a INTEGER, b TEXT) STRICT")
    stop, written = threading.Event(), threading.Event()

    def write() -> None:
        with make_engine(filled, busy_timeout_ms=5_000, query_only=False).connect() as conn:
            for number in count():
                conn.exec_driver_sql("BEGIN IMMEDIATE")
                for table in ("pairs", "twins"):  # each transaction adds one row to both
                    conn.exec_driver_sql(f"INSERT INTO {table} VALUES (?, ?)", (number, "x" * 2_000))
                conn.exec_driver_sql("COMMIT")
                if number == 500:
                    written.set()
                if stop.is_set():
                    return

    writer = threading.Thread(target=write)
    writer.start()
    assert written.wait(60)
    made = [copy(filled, tmp_path / f"{n}.db") for n in range(3)]
    stop.set()
    writer.join()
    counts = []
    for each in made:
        rows = rows_of(each.path)
        assert rows["pairs"] == rows["twins"]
        counts.append(len(rows["pairs"]))
    assert counts == sorted(set(counts)), "the writer went on meanwhile"


def test_a_copy_that_differs_is_thrown_away(filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = backup._copy_pages

    def copy_and_alter(source: object, partial: Path) -> None:
        real(source, partial)
        connection = driver.connect(partial, isolation_level=None)
        connection.execute("UPDATE container_labels SET value = 'rear' WHERE value = 'front'")
        connection.close()

    monkeypatch.setattr(backup, "_copy_pages", copy_and_alter)
    with pytest.raises(Unavailable, match="differs from it in container_labels: it was thrown away"):
        copy(filled, tmp_path / "there.db")
    assert not list(tmp_path.glob("there*"))


def test_damaged_rows_do_not_cost_the_backup_and_are_told(filled: Path, tmp_path: Path) -> None:
    damage(filled.parent, "containers", "args", b'["\xff', where=f"id = '{WEB}'")
    execute(filled, "PRAGMA foreign_keys=OFF", "INSERT INTO image_tags VALUES ('gone', 'sha256:gone')")
    made = copy(filled, tmp_path / "there.db")
    first, *others = made.damaged_rows
    assert first == "CHECK constraint failed in containers"
    assert others
    assert all("refers to a row of images that is not there" in line for line in others)
    with snapshot(filled) as before, snapshot(made.path) as after:
        assert catalogue.contents(before) == catalogue.contents(after)


def test_a_copy_with_flipped_bytes_is_told(filled: Path, tmp_path: Path) -> None:
    made = copy(filled, tmp_path / "copy.db").path
    zero_half_a_page(made, "containers")
    with pytest.raises((Conflict, Unavailable), match="damaged"):
        verified(made)


def test_only_the_newest_backups_are_kept(filled: Path, tmp_path: Path) -> None:
    backups = backups_in(tmp_path / "kept", 3)
    taken = [backups.take(filled).path for _ in range(5)]
    assert sorted((tmp_path / "kept").iterdir()) == taken[-3:]


def test_changes_that_fail_again_and_again_leave_every_good_backup(filled: Path, tmp_path: Path) -> None:
    backups = backups_in(tmp_path / "kept", 3)
    good = [backups.take(filled).path for _ in range(3)]
    for _ in range(5):
        with pytest.raises(Unavailable), backups.around(filled):
            raise Unavailable("the disk is full")
    assert sorted((tmp_path / "kept").iterdir()) == good


def test_a_clock_that_went_back_does_not_cost_the_backup_just_taken(filled: Path, tmp_path: Path) -> None:
    later = [
        backups_in(tmp_path / "kept", 2).take(filled).path,
        backups_in(tmp_path / "kept", 2, 10**18 * 3).take(filled),
    ]
    now = backups_in(tmp_path / "kept", 1, 10**18).take(filled).path
    assert list((tmp_path / "kept").iterdir()) == [now]
    assert later


def test_files_of_others_among_the_backups_stay(filled: Path, tmp_path: Path) -> None:
    backups = backups_in(tmp_path / "kept", 1)
    backups.take(filled)
    (tmp_path / "kept" / "before-the-move.db").write_text("mine")
    backups.take(filled)
    assert (tmp_path / "kept" / "before-the-move.db").exists()


def test_what_killed_backups_left_goes_with_the_next_and_what_is_being_written_stays(
    filled: Path, tmp_path: Path
) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    kept = tmp_path / "kept"
    kept.mkdir()
    left = [kept / "a.db.x1.partial", kept / f"b.db.{ended.pid}.partial", kept / f"b.db.{ended.pid}.partial-wal"]
    left[0].mkdir()
    (left[0] / "statesvc.db").write_text("secrets")
    for file in (*left[1:], kept / f"c.db.{os.getpid()}.partial", kept / "mine.txt"):
        file.touch()
    with unfinished_folder(kept, prefix="d.db.", suffix=".partial") as used:
        backups_in(kept, 5).take(filled)
        assert used.is_dir()
    assert not [path for path in left if path.exists()]
    assert {path.name for path in kept.iterdir() if not path.name.startswith("statesvc-")} == {
        f"c.db.{os.getpid()}.partial",
        "mine.txt",
    }


def test_a_folder_that_cannot_be_written_is_told(filled: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Unavailable, match="cannot be written: Not a directory"):
        copy(filled, tmp_path / "file" / "copy.db")


def test_the_digest_of_a_table_changes_with_any_value_and_not_with_the_others(filled: Path) -> None:
    with snapshot(filled) as connection:
        before = catalogue.contents(connection)
    execute(filled, "UPDATE container_specs SET log_path = log_path || ' ' WHERE container_id LIKE 'b%'")
    with snapshot(filled) as connection:
        after = catalogue.contents(connection)
    assert [table for table in before if before[table] != after[table]] == ["container_specs"]
