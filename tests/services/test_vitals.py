"""Each thing that can go wrong with what the service lives on is a reason, and a log line when it turns."""

import asyncio
import os
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import structlog

from statesvc.app import Services
from statesvc.db import writer as engine
from statesvc.db.sqlite import Connection, bare, driver
from statesvc.domain.times import SECOND
from statesvc.errors import Unsure
from statesvc.host.measures import FreeSpace, descriptors_left, free_space, snapshot_holders
from statesvc.services import vitals
from statesvc.services.vitals import MIB, Vitals

pytestmark = pytest.mark.anyio

WELL = Vitals(
    now=10_000 * SECOND,
    started_at=0,
    clean_start=True,
    log_size=64 * MIB,
    log_waiting=4 * MIB,
    checkpointed_at=0,
    readings=0,
    reading_seconds=0.0,
    other_readers=(),
    in_doubt=False,
    free=FreeSpace(64 * MIB, 1),
    descriptors_left=16,
    dropped_log_lines=3,
    log_fault="",
)
ILL: list[tuple[str, dict[str, Any], str]] = [
    ("log-size", {"log_size": 65 * MIB, "log_waiting": 9 * MIB, "checkpointed_at": WELL.now}, "has 65 MiB"),
    ("log-size", {"log_size": 65 * MIB, "log_waiting": None}, "has 65 MiB"),
    ("checkpoint", {"log_waiting": 9 * MIB, "checkpointed_at": WELL.now - 60 * SECOND}, "9 MiB of the log wait"),
    ("doubt", {"in_doubt": True}, "may come back after a crash"),
    ("disk", {"free": FreeSpace(64 * MIB - 1, 1)}, "has 63 MiB left"),
    ("disk", {"free": FreeSpace(64 * MIB, 0)}, "no room for another file"),
    ("descriptors", {"descriptors_left": 15}, "15 descriptors are left"),
    ("log-lines", {"log_fault": "No space left on device"}, "No space left on device; 3 were dropped"),
    ("unclean-end", {"clean_start": False, "started_at": WELL.now - 3_600 * SECOND}, "was killed"),
]


def test_every_condition_is_tried() -> None:
    assert {code for code, _, _ in ILL} == {condition.code for condition in vitals.CONDITIONS}


@pytest.mark.parametrize(
    "well",
    [
        {},
        {"log_size": 65 * MIB},  # all of it is in the database: it is cut with the next change
        {"log_waiting": 9 * MIB, "checkpointed_at": WELL.now - 59 * SECOND},
        {"log_waiting": None},
        {"free": FreeSpace(64 * MIB, None)},
        {"free": None},
        {"clean_start": False},  # more than an hour ago
    ],
)
def test_at_the_edge_all_is_well(well: dict[str, Any]) -> None:
    assert list(vitals.reasons(replace(WELL, **well))) == []


@pytest.mark.parametrize(("code", "ill", "told"), ILL)
def test_what_is_beyond_is_a_reason(code: str, ill: dict[str, Any], told: str) -> None:
    (reason,) = vitals.reasons(replace(WELL, **ill))
    assert (reason.code, told in reason.message) == (code, True), reason


@pytest.mark.parametrize(
    ("holds", "told"),
    [
        ({"other_readers": (7, 8)}, "process 7, 8 holds a snapshot"),
        ({"reading_seconds": 90.0}, "a read of the service holds a snapshot for 90 s"),
        ({}, "no checkpoint succeeds"),
    ],
)
def test_what_holds_the_log_is_named(holds: dict[str, Any], told: str) -> None:
    (reason,) = vitals.reasons(replace(WELL, log_waiting=9 * MIB, **holds))
    assert told in reason.message


async def codes(services: Services) -> set[str]:
    return {reason.code for reason in (await services.system.health()).reasons}


def put_much(conn: Connection) -> None:
    rows = [("x" * 4_000,)] * 3_000
    sql = "INSERT INTO events (time, type, action, actor_id, attributes) VALUES (1, 't', ?, 'x', '{}')"
    bare(conn).executemany(sql, rows)


async def test_a_reader_that_holds_the_log_is_told_and_all_is_well_after_it(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vitals, "MOST_LOG_BYTES", 8 * MIB)
    assert await codes(services) == set()
    with closing(driver.connect(services.database.path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM events").fetchone()
        await services.database.write(put_much)
        assert await codes(services) == {"log-size"}
        for _ in range(70):  # the clock goes on by a second with each look
            services.site.clock()
        assert await codes(services) == {"log-size", "checkpoint"}
    await services.database.settle()  # any commit makes the checkpoint
    assert await codes(services) == set()


async def test_a_snapshot_of_another_process_is_seen(services: Services) -> None:
    index = services.database.path.with_name("statesvc.db-shm")
    program = (
        "import sys; from statesvc.db.sqlite import driver\n"
        "reader = driver.connect(sys.argv[1], isolation_level=None)\n"
        "reader.execute('BEGIN'); reader.execute('SELECT count(*) FROM events').fetchone()\n"
        "print('reads', flush=True); sys.stdin.read()\n"
    )
    assert snapshot_holders(index) == ()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, str(services.database.path), stdin=-1, stdout=-1
    )
    assert process.stdout
    assert process.stdin
    await process.stdout.readline()
    try:
        assert (await services.system.health()).vitals.other_readers == (process.pid,)
    finally:
        process.stdin.close()
        await process.wait()
    assert (await services.system.health()).vitals.other_readers == ()


async def test_own_reads_are_counted(services: Services) -> None:
    began, end = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def slow(_conn: Connection) -> None:
        loop.call_soon_threadsafe(began.set)
        asyncio.run_coroutine_threadsafe(end.wait(), loop).result(10)

    reading = asyncio.ensure_future(services.database.scan(slow))
    await began.wait()
    own, seconds = services.database.readings()
    assert own == 1
    assert seconds > 0
    end.set()
    await reading
    assert services.database.readings() == (0, 0.0)


async def test_a_doubt_is_told_until_it_is_settled(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    real = engine.bare

    class FailsToCommit:
        def __init__(self, raw: Any) -> None:
            self.raw = raw

        def __getattr__(self, name: str) -> Any:
            return getattr(self.raw, name)

        def execute(self, sql: str, *args: Any) -> Any:
            if sql == "COMMIT":
                error = driver.OperationalError("disk I/O error")
                error.sqlite_errorname = "SQLITE_IOERR"
                raise error
            return self.raw.execute(sql, *args)

    monkeypatch.setattr(engine, "bare", lambda connection: FailsToCommit(real(connection)))
    with pytest.raises(Unsure):
        await services.database.write(put_much)
    monkeypatch.setattr(engine, "bare", real)
    assert await codes(services) == {"doubt"}
    await services.database.write(lambda _conn: None)  # it writes nothing, and so overwrites nothing
    assert await codes(services) == {"doubt"}
    pages = services.database.log_pages()
    await services.database.settle()
    assert services.database.log_pages() != pages
    assert await codes(services) == set()


async def test_one_line_is_logged_when_it_turns(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    with structlog.testing.capture_logs() as lines:
        await codes(services)
        monkeypatch.setattr(vitals, "LEAST_FREE_BYTES", 2**62)
        for _ in range(3):
            assert await codes(services) == {"disk"}
        monkeypatch.undo()
        for _ in range(3):
            assert await codes(services) == set()
    assert [(line["log_level"], line["event"]) for line in lines] == [
        ("warning", "not healthy"),
        ("info", "healthy again"),
    ]
    assert lines[0]["reasons"][0].startswith("disk: ")


def test_what_is_left_is_measured(tmp_path: Path) -> None:
    before = descriptors_left()
    opened = [os.open(tmp_path, os.O_RDONLY) for _ in range(5)]
    assert before - descriptors_left() == 5
    for descriptor in opened:
        os.close(descriptor)
    free = free_space(tmp_path)
    assert free is not None
    assert free.bytes > 0
    assert free_space(tmp_path / "nosuch") is None
