import os
import stat
from itertools import count
from pathlib import Path

import pytest
from damage import zero_half_a_page
from stored_rows import fill, rows_of

from statesvc.db.schema.backup import Backups, copy
from statesvc.db.schema.restore import restore
from statesvc.db.sqlite import driver, make_engine
from statesvc.errors import Conflict, InvalidParameter, NotFound, Unavailable


@pytest.fixture
def backups(tmp_path: Path) -> Backups:
    ticks = count(1_700_000_000_000_000_000, 1_000_000_000)
    return Backups(tmp_path / "backups", 5, lambda: next(ticks))


@pytest.fixture
def source(database_file: Path, tmp_path: Path) -> Path:
    """A backup with rows in every table, of a database that has lost some since."""
    fill(database_file)
    made = copy(database_file, tmp_path / "source.db").path
    with make_engine(database_file, busy_timeout_ms=0, query_only=False).connect() as conn:
        conn.exec_driver_sql("DELETE FROM containers")
    return made


def test_a_restored_database_is_the_backup_and_the_one_before_is_kept(
    source: Path, database_file: Path, backups: Backups
) -> None:
    before = rows_of(database_file)
    done = restore(source, database_file, backups=backups)
    assert rows_of(database_file) == rows_of(source)
    assert done.replaced
    assert rows_of(done.replaced) == before
    assert stat.S_IMODE(database_file.stat().st_mode) == 0o600
    assert source.exists()


def test_a_log_of_the_replaced_database_is_kept_with_it_and_not_read_into_the_restored_one(
    source: Path, database_file: Path, backups: Backups, tmp_path: Path
) -> None:
    # As a killed service leaves it: what was committed last is in the log alone.
    writer = make_engine(database_file, busy_timeout_ms=0, query_only=False, checkpoints=False).connect()
    writer.exec_driver_sql(
        "INSERT INTO events (time, type, action, actor_id, attributes) VALUES (1, 'x', 'last', 'x', '{}')"
    )
    killed = tmp_path / "killed" / "statesvc.db"
    killed.parent.mkdir()
    for suffix in ("", "-wal"):
        killed.with_name(f"statesvc.db{suffix}").write_bytes(Path(f"{database_file}{suffix}").read_bytes())
    writer.close()
    done = restore(source, killed, backups=backups)
    assert done.replaced
    assert any(row["action"] == "last" for row in rows_of(done.replaced)["events"])
    assert rows_of(killed) == rows_of(source)


def test_a_damaged_database_is_replaced_and_kept_as_it_was(source: Path, database_file: Path, backups: Backups) -> None:
    database_file.write_bytes(b"this is no database, and was one" * 300)
    database_file.with_name("statesvc.db-wal").write_bytes(b"nor is this a log" * 300)
    done = restore(source, database_file, backups=backups)
    assert done.replaced
    assert done.replaced.read_bytes().startswith(b"this is no database")
    assert rows_of(database_file) == rows_of(source)


def test_a_link_is_no_backup(source: Path, database_file: Path, tmp_path: Path, backups: Backups) -> None:
    link = tmp_path / "linked.db"
    link.symlink_to(source)
    before = rows_of(database_file)
    with pytest.raises(InvalidParameter, match=f"is a link to {source}"):
        restore(link, database_file, backups=backups)
    assert rows_of(database_file) == before


def test_a_missing_database_is_restored(source: Path, tmp_path: Path, backups: Backups) -> None:
    done = restore(source, tmp_path / "new.db", backups=backups)
    assert done.replaced is None
    assert rows_of(tmp_path / "new.db") == rows_of(source)


def test_a_database_that_another_program_has_open_is_left_alone(
    source: Path, database_file: Path, backups: Backups
) -> None:
    shell = driver.connect(database_file, isolation_level=None)
    shell.execute("SELECT count(*) FROM events").fetchone()
    before = rows_of(database_file)
    with pytest.raises(Conflict, match=r"another program has .* open .* nothing was changed"):
        restore(source, database_file, backups=backups)
    shell.close()
    assert rows_of(database_file) == before
    assert [entry.name for entry in database_file.parent.glob("*restored*")] == []


@pytest.mark.parametrize(
    ("content", "kind", "message"),
    [
        (None, NotFound, "there is no file"),
        (b"hello" * 1_000, Unavailable, "is not a database"),
        (b"", InvalidParameter, "is not a database of statesvc"),
    ],
    ids=["missing", "no database", "empty"],
)
def test_what_is_no_backup_is_refused_and_nothing_changed(
    source: Path, database_file: Path, backups: Backups, tmp_path: Path, content: bytes | None, kind: type, message: str
) -> None:
    before, odd = rows_of(database_file), tmp_path / "odd.db"
    if content is not None:
        odd.write_bytes(content)
    with pytest.raises(kind, match=message):
        restore(odd, database_file, backups=backups)
    assert rows_of(database_file) == before


def test_a_damaged_backup_is_refused(source: Path, database_file: Path, backups: Backups) -> None:
    zero_half_a_page(source, "containers")
    before = rows_of(database_file)
    with pytest.raises((Conflict, Unavailable), match=r"damaged"):
        restore(source, database_file, backups=backups)
    assert rows_of(database_file) == before


def test_a_backup_with_damaged_rows_is_restored_and_told(source: Path, database_file: Path, backups: Backups) -> None:
    connection = driver.connect(source, isolation_level=None)
    connection.execute("INSERT INTO image_tags VALUES ('gone', 'sha256:gone')")
    connection.close()
    done = restore(source, database_file, backups=backups)
    assert any("refers to a row of images that is not there" in line for line in done.backup.damaged_rows)
    assert rows_of(database_file) == rows_of(source)


def test_a_newer_backup_is_refused(source: Path, database_file: Path, backups: Backups) -> None:
    connection = driver.connect(source, isolation_level=None)
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.execute("PRAGMA user_version = 9000001")
    connection.close()
    with pytest.raises(Conflict, match=r"install statesvc 9\.0\.1 or newer"):
        restore(source, database_file, backups=backups)


def test_the_database_is_no_backup_of_itself(database_file: Path, backups: Backups, tmp_path: Path) -> None:
    os.link(database_file, tmp_path / "link.db")
    for itself in (database_file, tmp_path / "link.db"):
        with pytest.raises(InvalidParameter, match="is the database itself"):
            restore(itself, database_file, backups=backups)


def test_what_a_killed_restore_left_goes_with_the_next(source: Path, database_file: Path, backups: Backups) -> None:
    for name in ("statesvc.db.restored", "statesvc.db.restored.17.partial", "statesvc.db.restored.17.partial-journal"):
        database_file.with_name(name).write_bytes(b"half")
    restore(source, database_file, backups=backups)
    assert not list(database_file.parent.glob("*restored*"))
