import asyncio
import os
import resource
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from statesvc.db import writer as engine
from statesvc.db.database import Database
from statesvc.db.sqlite import Connection, bare, check_sqlite_version, driver, make_engine
from statesvc.errors import InvalidParameter, Unavailable, Unsure


@pytest.fixture
async def database(database_file: Path) -> AsyncIterator[Database]:
    opened = Database(database_file)
    yield opened
    opened.close()


pytestmark = pytest.mark.anyio


def put(conn: Connection, action: str) -> None:
    conn.exec_driver_sql(
        "INSERT INTO events (time, type, action, actor_id, attributes) VALUES (1, 'test', ?, 'x', '{}')", (action,)
    )


def actions(conn: Connection) -> list[str]:
    return [row[0] for row in conn.exec_driver_sql("SELECT action FROM events ORDER BY seq")]


def put_and_fail(conn: Connection, action: str) -> None:
    put(conn, action)
    raise InvalidParameter(action)


async def test_a_write_is_seen_by_the_next_read_and_scan(database: Database) -> None:
    await database.write(put, "a")
    assert await database.read(actions) == ["a"]
    assert await database.scan(actions) == ["a"]


async def test_a_failing_unit_leaves_nothing_and_answers_its_error(database: Database) -> None:
    with pytest.raises(InvalidParameter):
        await database.write(put_and_fail, "a")
    assert await database.read(actions) == []


async def test_a_unit_that_is_alone_and_meets_no_text_is_run_again_from_the_beginning(database: Database) -> None:
    def put_and_read(conn: Connection) -> str:
        put(conn, "once")
        text: str = bare(conn).execute("SELECT CAST(x'fffe' AS TEXT)").fetchone()[0]
        return text

    assert (await database.write(put_and_read)).startswith("\ufffd")
    assert await database.read(actions) == ["once"]


async def test_units_that_share_a_commit_fail_alone(database: Database, stall: Callable[[], None]) -> None:
    units = [database.write(put_and_fail if n % 3 == 0 else put, str(n)) for n in range(9)]
    tasks = [asyncio.ensure_future(unit) for unit in units]
    await asyncio.sleep(0)
    stall()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert [isinstance(answer, InvalidParameter) for answer in answers] == [n % 3 == 0 for n in range(9)]
    assert await database.read(actions) == ["1", "2", "4", "5", "7", "8"]


@pytest.fixture
async def stall(database: Database) -> Callable[[], None]:
    """Keep the writer busy until the function is called, so that what is queued meanwhile shares a commit."""
    gate, waiting = threading.Event(), threading.Event()

    def wait(_conn: Connection) -> None:
        waiting.set()
        gate.wait(10)

    asyncio.ensure_future(database.write(wait))  # noqa: RUF006 - its answer is of no interest
    await asyncio.sleep(0)
    assert waiting.wait(10)
    return gate.set


async def test_queued_units_share_a_commit(database: Database, stall: Callable[[], None]) -> None:
    commits: list[int] = []
    database.on_commit(lambda: commits.append(1))
    tasks = [asyncio.ensure_future(database.write(put, str(n))) for n in range(20)]
    await asyncio.sleep(0)
    stall()
    await asyncio.gather(*tasks)
    assert len(commits) <= 2  # the stalled unit's, and one for the twenty


async def test_a_unit_that_ends_the_transaction_does_not_take_its_neighbours_along(
    database: Database, stall: Callable[[], None]
) -> None:
    """As SQLITE_FULL does: it rolls back everything, released savepoints included."""

    def abort(conn: Connection) -> None:
        raw: Any = conn.connection.driver_connection
        raw.execute("ROLLBACK")
        raise driver.OperationalError("database or disk is full")

    units = [database.write(put, "before"), database.write(abort), database.write(put, "after")]
    tasks = [asyncio.ensure_future(unit) for unit in units]
    await asyncio.sleep(0)
    stall()
    answers = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(answer) for answer in answers] == [type(None), driver.OperationalError, type(None)]
    assert await database.read(actions) == ["before", "after"]


async def test_a_failed_commit_acknowledges_nothing(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    real = engine.bare

    class FailsToCommit:
        def __init__(self, raw: Any) -> None:
            self.raw = raw

        def __getattr__(self, name: str) -> Any:
            return getattr(self.raw, name)

        def execute(self, sql: str) -> Any:
            if sql == "COMMIT":
                error = driver.OperationalError("disk I/O error")
                error.sqlite_errorname = "SQLITE_IOERR"
                raise error
            return self.raw.execute(sql)

    monkeypatch.setattr(engine, "bare", lambda connection: FailsToCommit(real(connection)))
    with pytest.raises(Unavailable, match="reports an error; look whether it was done"):
        await database.write(put, "a")
    monkeypatch.setattr(engine, "bare", real)
    assert await database.read(actions) == []
    await database.write(put, "b")
    assert await database.read(actions) == ["b"]


async def test_a_full_disk_is_told_and_reads_go_on(database: Database) -> None:
    await database.write(put, "a")

    def fill(conn: Connection) -> None:
        conn.exec_driver_sql("PRAGMA max_page_count=1")
        for _ in range(10_000):
            put(conn, "x" * 4000)

    with pytest.raises(Unavailable, match="is full; nothing was changed"):
        await database.write(fill)
    assert await database.read(actions) == ["a"]


async def test_a_bug_in_a_unit_reaches_its_caller_only(database: Database) -> None:
    def bug(_conn: Connection) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await database.write(bug)
    await database.write(put, "a")
    assert await database.read(actions) == ["a"]


async def test_what_a_caller_began_is_finished_though_it_went_away(
    database: Database, stall: Callable[[], None]
) -> None:
    task = asyncio.ensure_future(database.write(put, "a"))
    await asyncio.sleep(0)
    task.cancel()
    stall()
    await database.write(put, "b")
    assert await database.read(actions) == ["a", "b"]


async def test_readers_cannot_write(database: Database) -> None:
    with pytest.raises(Unavailable, match="read-only"):
        await database.read(put, "a")
    with pytest.raises(Unavailable, match="read-only"):
        await database.scan(put, "a")


async def test_a_scan_sees_one_snapshot(database: Database) -> None:
    between, written = threading.Event(), threading.Event()

    def twice(conn: Connection) -> tuple[list[str], list[str]]:
        first = actions(conn)
        between.set()
        written.wait(10)
        return first, actions(conn)

    scanning = asyncio.ensure_future(database.scan(twice))
    await asyncio.to_thread(between.wait, 10)
    await database.write(put, "a")
    written.set()
    assert await scanning == ([], [])


async def test_closing_finishes_what_is_queued(database_file: Path) -> None:
    opened = Database(database_file)
    tasks = [asyncio.ensure_future(opened.write(put, str(n))) for n in range(5)]
    await asyncio.sleep(0)
    opened.close()
    await asyncio.gather(*tasks)
    with make_engine(database_file, busy_timeout_ms=0, query_only=True).connect() as conn:
        assert len(actions(conn)) == 5


async def test_fifty_names_raced_for_by_many_have_fifty_winners(database: Database) -> None:
    def take(conn: Connection, reference: str) -> bool:
        found = conn.exec_driver_sql("SELECT 1 FROM events WHERE actor_id = ?", (reference,)).first()
        if found:
            return False
        sql = "INSERT INTO events (time, type, action, actor_id, attributes) VALUES (1, 'test', 'take', ?, '{}')"
        conn.exec_driver_sql(sql, (reference,))
        return True

    won = await asyncio.gather(*(database.write(take, f"name{n % 50}") for n in range(400)))
    assert sum(won) == 50


@pytest.mark.parametrize("version", [(3, 40, 1), (3, 51, 2), (3, 44, 5), (3, 50, 6), (3, 45, 0)])
async def test_a_sqlite_that_can_lose_data_is_refused(version: tuple[int, ...]) -> None:
    with pytest.raises(Unavailable, match="install pysqlite3"):
        check_sqlite_version(version)


@pytest.mark.parametrize("version", [(3, 51, 3), (3, 53, 4), (3, 44, 6), (3, 50, 7), (4, 0, 0)])
async def test_a_sound_sqlite_is_accepted(version: tuple[int, ...]) -> None:
    check_sqlite_version(version)


WRITER = """
    import asyncio, sys
    from pathlib import Path
    from statesvc.db.database import Database

    def put(conn, n):
        columns = "time, type, action, actor_id, attributes"
        conn.exec_driver_sql(f"INSERT INTO events ({columns}) VALUES (?, 't', 'a', 'x', '{{}}')", (n,))

    async def client(database, first):
        for n in range(first, 1_000_000, 4):
            await database.write(put, n)
            print(n, flush=True)

    async def main():
        database = Database(Path(sys.argv[1]))
        await asyncio.gather(*(client(database, first) for first in range(4)))

    asyncio.run(main())
"""


def test_everything_acknowledged_survives_a_kill(database_file: Path) -> None:
    acknowledged: set[int] = set()
    for _ in range(3):
        command = [sys.executable, "-c", textwrap.dedent(WRITER), str(database_file)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout
            lines = [process.stdout.readline() for _ in range(200)]
            os.kill(process.pid, signal.SIGKILL)
            lines += process.stdout.readlines()
        acknowledged |= {int(line) for line in lines if line.endswith("\n")}
    with make_engine(database_file, busy_timeout_ms=0, query_only=True).connect() as conn:
        kept = {row[0] for row in conn.exec_driver_sql("SELECT time FROM events")}
        assert conn.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
    assert len(acknowledged) >= 200
    assert acknowledged - kept == set()


def autocheckpoint(conn: Connection) -> int:
    return conn.exec_driver_sql("PRAGMA wal_autocheckpoint").scalar_one()


def put_much(conn: Connection) -> None:
    for _ in range(1_500):  # a page each, more than SQLite lets a log grow by itself
        put(conn, "x" * 4_000)


def bytes_of(path: Path, *suffixes: str) -> list[int]:
    return [path.with_name(f"{path.name}{suffix}").stat().st_size for suffix in suffixes]


async def test_checkpoints_are_left_to_another_program_on_every_connection(database_file: Path) -> None:
    opened = Database(database_file, checkpoints=False)
    try:
        assert [await ask(autocheckpoint) for ask in (opened.read, opened.scan, opened.write)] == [0, 0, 0]
        before = bytes_of(database_file, "")
        await opened.write(put_much)
        await opened.write(put, "after")
        assert bytes_of(database_file, "") == before
        assert bytes_of(database_file, "-wal") > [1_500 * 4_096]
    finally:
        opened.close()


async def test_the_service_makes_checkpoints_unless_told_otherwise(database: Database, database_file: Path) -> None:
    before = bytes_of(database_file, "")
    await database.write(put_much)
    await database.write(put, "after")
    assert bytes_of(database_file, "") > before


class FailsAt:
    """The driver's connection, whose statement of this text fails with these errors, one after the other."""

    def __init__(self, raw: Any, failing: str, errors: list[str]) -> None:
        self.raw, self.failing, self.errors = raw, failing, errors

    def __getattr__(self, name: str) -> Any:
        return getattr(self.raw, name)

    def execute(self, sql: str, *args: Any) -> Any:
        if sql == self.failing and self.errors:
            error = driver.OperationalError("it fails")
            error.sqlite_errorname = self.errors.pop(0)
            raise error
        return self.raw.execute(sql, *args)


def failing(monkeypatch: pytest.MonkeyPatch, statement: str, *errors: str) -> None:
    real, left = engine.bare, list(errors)
    monkeypatch.setattr(engine, "bare", lambda connection: FailsAt(real(connection), statement, left))


async def at_once(database: Database, stall: Callable[[], None], *units: Any) -> list[BaseException | None]:
    tasks = [asyncio.ensure_future(database.write(*unit)) for unit in units]
    await asyncio.sleep(0)
    stall()
    return await asyncio.gather(*tasks, return_exceptions=True)


@pytest.mark.parametrize("second", ["SQLITE_FULL", "SQLITE_IOERR", "SQLITE_READONLY"])
async def test_units_that_fail_again_alone_after_a_commit_failed_are_unsure(
    database: Database, stall: Callable[[], None], monkeypatch: pytest.MonkeyPatch, second: str
) -> None:
    """The first commit may be in the log, whatever the second try says."""
    failing(monkeypatch, "COMMIT", "SQLITE_IOERR", *[second] * 3)
    answers = await at_once(database, stall, (put, "a"), (put_and_fail, "b"), (put, "c"), (put, "d"))
    assert [type(answer) for answer in answers] == [Unsure, InvalidParameter, Unsure, type(None)]
    assert await database.read(actions) == ["d"]


async def test_a_unit_that_is_refused_alone_after_a_commit_failed_is_unsure(
    database: Database, stall: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    failing(monkeypatch, "COMMIT", "SQLITE_IOERR")

    def put_once(conn: Connection, seen: list[int]) -> None:
        seen.append(1)
        if len(seen) > 1:
            raise InvalidParameter("not again")
        put(conn, "a")

    answers = await at_once(database, stall, (put_once, []), (put, "b"))
    assert [type(answer) for answer in answers] == [Unsure, type(None)]


@pytest.mark.parametrize("error", ["SQLITE_IOERR", "SQLITE_NOMEM", "SQLITE_ERROR", "SQLITE_CORRUPT"])
async def test_no_commit_that_may_be_in_the_log_is_denied(
    database: Database, monkeypatch: pytest.MonkeyPatch, error: str
) -> None:
    failing(monkeypatch, "COMMIT", error, error)
    with pytest.raises(Unsure, match="look whether it was done before you repeat it"):
        await database.write(put, "a")


async def test_a_read_that_the_disk_refuses_changed_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(_conn: Connection) -> None:
        error = driver.OperationalError("disk I/O error")
        error.sqlite_errorname = "SQLITE_IOERR"
        raise error

    for ask in (database.read, database.scan, database.write):
        with pytest.raises(Unavailable, match="reports an error; nothing was changed") as raised:
            await ask(refused)
        assert type(raised.value) is Unavailable


@pytest.mark.parametrize("statement", ["ROLLBACK", "BEGIN IMMEDIATE"])
async def test_the_writer_outlives_statements_that_fail_when_a_transaction_is_left_or_begun(
    database: Database, monkeypatch: pytest.MonkeyPatch, statement: str
) -> None:
    failing(monkeypatch, statement, "SQLITE_IOERR", "SQLITE_IOERR")
    with pytest.raises((Unavailable, InvalidParameter)):
        await asyncio.wait_for(database.write(put_and_fail, "a"), 10)
    for name in ("b", "c"):
        with suppress(Unavailable):
            await asyncio.wait_for(database.write(put, name), 10)
    await asyncio.wait_for(database.write(put, "d"), 10)
    assert "d" in await database.read(actions)
    assert "a" not in await database.read(actions)


async def test_the_writer_outlives_a_watcher_that_fails(database: Database) -> None:
    def fails() -> None:
        raise ZeroDivisionError

    seen: list[int] = []
    database.on_commit(fails)
    database.on_commit(lambda: seen.append(1))
    await asyncio.wait_for(database.write(put, "a"), 10)
    await asyncio.wait_for(database.write(put, "b"), 10)
    assert len(seen) >= 1


@pytest.fixture
def without_descriptors() -> Iterator[Callable[[], None]]:
    """Take every descriptor that this process may still have, when it is called; give them back at the end."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (0, before[1]))
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


async def test_what_cannot_connect_for_want_of_descriptors_is_unavailable_and_connects_later(
    database: Database, without_descriptors: Callable[[], None]
) -> None:
    """The writer's thread died of it, so that every write hung; a scan answered with a bug."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    without_descriptors()
    for ask, unit in ((database.write, lambda conn: put(conn, "a")), (database.scan, actions)):
        with pytest.raises(Unavailable, match="cannot be opened; nothing was changed") as raised:
            await asyncio.wait_for(ask(unit), 10)
        assert raised.value.retry_seconds
    resource.setrlimit(resource.RLIMIT_NOFILE, before)
    await asyncio.wait_for(database.write(put, "a"), 10)
    assert await database.scan(actions) == ["a"]


async def test_all_that_wait_for_a_lock_of_another_program_are_answered_when_their_own_time_is_over(
    database_file: Path,
) -> None:
    """Each batch, and each unit of a batch alone, waited the whole time after the other."""
    opened = Database(database_file, busy_timeout_ms=300)
    with closing(driver.connect(database_file, isolation_level=None)) as other:
        await opened.write(put, "before")
        other.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        tasks = [asyncio.ensure_future(opened.write(put, str(n))) for n in range(200)]
        await asyncio.sleep(0.2)
        late = asyncio.ensure_future(opened.write(put, "late"))
        answers = await asyncio.gather(*tasks, return_exceptions=True)
        waited = time.monotonic() - began
        assert not late.done()  # it has time left
        other.execute("ROLLBACK")
        await late
    assert {(type(answer), str(answer), answer.retry_seconds) for answer in answers} == {
        (Unavailable, "the database is locked by another program; nothing was changed", 1)
    }
    assert waited < 0.3 * 3  # 200 times 0.3 before
    assert await opened.read(actions) == ["before", "late"]
    opened.close()


async def test_a_stop_does_not_wait_for_ever_for_what_a_disk_holds_up(
    database_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "END_SECONDS", 0.1)
    database, answers = Database(database_file), threading.Event()
    held_up = asyncio.create_task(database.write(lambda _conn: answers.wait(30)))
    await asyncio.sleep(0.05)
    database.close()
    assert not held_up.done()
    answers.set()
    assert await held_up
