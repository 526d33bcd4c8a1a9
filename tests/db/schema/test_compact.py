"""A compaction changes nothing but the size, and that only as a whole."""

import os
import stat
from pathlib import Path

import pytest
from damage import zero_half_a_page
from stored_rows import fill, rows_of

from statesvc.db.schema import catalogue, compact, migrate
from statesvc.db.sqlite import make_engine, snapshot
from statesvc.errors import Conflict, Unavailable

NOBODY = 65_534


@pytest.fixture
def path(database_file: Path, tmp_path: Path) -> Path:
    """A database with rows in every table, 5 MB of free pages, and changes that are only in the log."""
    fill(database_file)
    (tmp_path / "data").mkdir()
    path = database_file.rename(tmp_path / "data" / "statesvc.db")
    with make_engine(path, busy_timeout_ms=0, query_only=False).connect() as conn:
        conn.exec_driver_sql("CREATE TABLE large (x BLOB)")
        conn.exec_driver_sql("INSERT INTO large VALUES (zeroblob(5000000))")
        conn.exec_driver_sql("DROP TABLE large")
    return path


def state(path: Path) -> object:
    with snapshot(path) as connection:
        schema = catalogue.described(connection)
    return rows_of(path), schema, migrate.current(path), migrate.written_by(path)


def test_the_file_becomes_small_and_holds_the_same(path: Path) -> None:
    before = state(path)
    done = compact.compact(path)
    assert done.before > 5_000_000
    assert done.after == path.stat().st_size < 1_000_000
    assert list(path.parent.iterdir()) == [path]
    assert state(path) == before
    assert done.rows == sum(map(len, rows_of(path).values()))
    assert compact.compact(path).after == done.after


def test_owner_and_mode_stay(path: Path) -> None:
    path.chmod(0o640)
    if os.geteuid() == 0:
        os.chown(path, NOBODY, NOBODY)
    before = path.stat()
    compact.compact(path)
    after = path.stat()
    assert after.st_ino != before.st_ino
    assert (stat.S_IMODE(after.st_mode), after.st_uid, after.st_gid) == (0o640, before.st_uid, before.st_gid)


@pytest.mark.parametrize("statement", ["BEGIN", "BEGIN IMMEDIATE"])
def test_a_database_that_another_program_has_open_is_left_alone(path: Path, statement: str) -> None:
    with make_engine(path, busy_timeout_ms=0, query_only=False).connect() as conn:
        conn.exec_driver_sql(statement)
        conn.exec_driver_sql("SELECT count(*) FROM events")
        with pytest.raises(Conflict, match=r"another program has .* open"):
            compact.compact(path)
        conn.exec_driver_sql("ROLLBACK")
    assert path.stat().st_size > 5_000_000


def test_a_damaged_database_is_refused_and_stays_as_it_is(path: Path) -> None:
    with make_engine(path, busy_timeout_ms=0, query_only=False).connect() as conn:
        conn.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    zero_half_a_page(path, "ix_events_time")
    before = path.stat().st_size
    with pytest.raises((Conflict, Unavailable), match=r"damaged|malformed"):
        compact.compact(path)
    assert path.stat().st_size == before


def test_a_link_is_not_replaced(path: Path) -> None:
    link = path.with_name("link.db")
    link.symlink_to(path)
    with pytest.raises(Conflict, match="is a link"):
        compact.compact(link)
    assert link.is_symlink()


def test_what_a_killed_compaction_left_is_replaced(path: Path) -> None:
    compact.unfinished(path).write_text("half")
    compact.compact(path)
    assert list(path.parent.iterdir()) == [path]
