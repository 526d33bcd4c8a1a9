"""The database: one writer, some readers, and the units of work that run on them.

A unit is a function that takes a connection first and does nothing outside the database. Only `readers` and `writer`
begin and commit.
"""

import asyncio
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextvars import copy_context
from functools import partial
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy.exc import DBAPIError

from statesvc.db.failures import RETRY_SECONDS, is_corrupt, name_of, unavailable
from statesvc.db.index_room import filled_index
from statesvc.db.readers import Connections, Steps
from statesvc.db.readings import Page, Reading
from statesvc.db.sqlite import (
    Connection,
    bare,
    check_sqlite_version,
    connected,
    driver,
    is_bad_text,
    legibly,
    make_engine,
    tolerantly,
)
from statesvc.db.workers import Workers
from statesvc.db.writer import Unit, Writer
from statesvc.domain.limits import LIMITS, Limits
from statesvc.errors import NOTHING_CHANGED, Unavailable

P = ParamSpec("P")
T = TypeVar("T")

SHORT_THREADS = 4
LONG_THREADS = 2
# One: what a page costs is mostly computing, for which threads wait for each other, and the event loop for all of them.
PAGING_THREADS = 1
# How long a thread may compute while the event loop waits for it, as long as long lists are read: each ping would feel
# Python's own 5 ms then. At all other times a shorter one would make each short read cost more.
SWITCH_SECONDS = 0.0001
USUAL_SWITCH_SECONDS = sys.getswitchinterval()
_CHECKPOINT_NOOP = (3, 51, 0)


class Database:
    """An open database.

    `read` and `scan` see committed state; `write` answers when its change is committed and synced.
    """

    def __init__(
        self, path: Path, *, busy_timeout_ms: int = 5_000, checkpoints: bool = True, limits: Limits = LIMITS
    ) -> None:
        """Open the database. Raises Unavailable if SQLite cannot open it."""
        check_sqlite_version(tuple(driver.sqlite_version_info))
        self.path = path
        self._limits = limits
        # The loop must never wait for a lock, so its own reader has no busy timeout: a thread waits instead.
        engine = partial(make_engine, path, checkpoints=checkpoints)
        self._loop_reader = connected(engine(busy_timeout_ms=0, query_only=True))
        self.page_size: int = bare(self._loop_reader).execute("PRAGMA page_size").fetchone()[0]
        self._index = filled_index(path)
        self._readers = engine(busy_timeout_ms=busy_timeout_ms, query_only=True)
        self._short = Workers("short reads", SHORT_THREADS, limits.scans)
        self._long = Workers("long reads", LONG_THREADS, limits.scans)
        self._paging = Workers("pages of long lists", PAGING_THREADS, limits.scans)
        self._lists = 0
        self._connections = Connections(self._readers, lambda: self._writer.before_write())  # noqa: PLW0108 - it is set later
        self._settled_doubts = 0
        self._writer = Writer(engine(busy_timeout_ms=busy_timeout_ms, query_only=False), path, busy_timeout_ms)

    def guard(self, before_write: Callable[[], None], after_write: Callable[[], None]) -> None:
        """Call one before each write and each new connection, the other after each commit, before it is answered.

        The first raises Unavailable if what is written would be lost.
        """
        self._writer.before_write, self._writer.after_write = before_write, after_write

    def refuse_changes(self, why: str) -> None:
        """Answer each change with this from now on; with "", run them again."""
        self._writer.refusal = why

    def close(self) -> None:
        """Finish what is queued, then close every connection."""
        self._writer.end()
        if self._lists:
            sys.setswitchinterval(USUAL_SWITCH_SECONDS)
        self._connections.interrupt()
        for workers in (self._short, self._long, self._paging):
            workers.close()
        self._connections.close()
        self._loop_reader.close()
        if self._index is not None:
            os.close(self._index)

    def on_commit(self, watcher: Callable[[], None]) -> None:
        """Call the watcher after each commit, in the writer's thread. It must return at once."""
        self._writer.watchers.append(watcher)

    def sizes(self) -> tuple[int, int]:
        """Return how many bytes the database and its log have on the disk; 0 for one that is gone. None is opened."""
        return _size(self.path), _size(self.path.with_name(f"{self.path.name}-wal"))

    def log_pages(self) -> tuple[int, int] | None:
        """Return how many pages the log has, and how many of them are in the database already. None if not known."""
        if driver.sqlite_version_info < _CHECKPOINT_NOOP:  # an older SQLite would make a checkpoint
            return None
        try:
            _, pages, moved = bare(self._loop_reader).execute("PRAGMA wal_checkpoint(NOOP)").fetchone()
        except driver.Error:
            return None
        return (pages, moved) if pages >= 0 else None

    def readings(self) -> tuple[int, float]:
        """Return how many scans hold a snapshot now, and for how many seconds the longest does."""
        return self._connections.held()

    @property
    def in_doubt(self) -> bool:
        """Whether the log may hold a commit that failed, and that a crash would bring back."""
        return self._writer.doubts > self._settled_doubts

    async def settle(self) -> None:
        """Overwrite what the log holds of a commit that failed, by one that changes nothing. Raises Unavailable."""
        doubts = self._writer.doubts
        await self.write(_rewrite_header)
        self._settled_doubts = doubts

    async def read(self, unit: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a unit of one statement on the event loop itself; if that would have to wait, in a thread.

        One statement is one snapshot. Raises Unavailable when SQLite cannot answer now.
        """
        try:
            return unit(self._loop_reader, *args, **kwargs)
        except (DBAPIError, driver.Error) as error:
            if is_bad_text(error):
                return legibly(self._loop_reader, lambda c: unit(c, *args, **kwargs))
            # In a thread it can wait for a lock, and look whether the disk or the file is to blame.
            if is_corrupt(error) or name_of(error).startswith("SQLITE_BUSY"):
                return await self.scan(unit, *args, **kwargs)
            raise unavailable(error) or error from error

    async def scan(self, unit: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a reading unit of several rows in a thread, on one snapshot."""
        return await self._short.run(self._scan, lambda c: unit(c, *args, **kwargs))

    async def scan_long(self, unit: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do the same for a unit that reads many rows: those that read few never wait for it."""
        return await self._long.run(self._scan, lambda c: unit(c, *args, **kwargs))

    async def pages(self, unit: Callable[[Connection], Iterator[Page[T]]], *, is_long: bool = True) -> Reading[T]:
        """Return a reading of one snapshot, page by page, whose first page is read; its holder must close it.

        Raises Unavailable if too many readings go on after their first page.
        """
        steps = Steps(self._connections, unit)
        workers = self._long if is_long else self._short
        step = asyncio.ensure_future(workers.run(self._stepped, steps))
        try:
            first = await asyncio.shield(step)
        except asyncio.CancelledError:  # a page that was begun is finished, and nobody reads on
            step.add_done_callback(partial(_end, steps))
            raise
        advance = partial(self._paging.run, self._stepped, steps)
        reading = Reading(first, steps, advance, self._ended, self._limits.list_seconds)
        if not first.is_last:
            if not self._lists:
                sys.setswitchinterval(SWITCH_SECONDS)
            self._lists += 1
            if self._lists > self._limits.lists:
                reading.close()
                raise Unavailable(
                    f"too many long lists are being sent at this time: try again; {NOTHING_CHANGED}",
                    retry_seconds=RETRY_SECONDS,
                )
        return reading

    @property
    def lists(self) -> int:
        """How many long lists hold a snapshot now."""
        return self._lists

    def _ended(self) -> None:
        self._lists -= 1
        if not self._lists:
            sys.setswitchinterval(USUAL_SWITCH_SECONDS)

    def _stepped(self, steps: Steps[T]) -> Page[T]:
        try:
            try:
                return steps.next()
            except (DBAPIError, driver.Error) as error:
                if steps.has_begun or not is_corrupt(error):
                    raise
                return steps.next()
        except (DBAPIError, driver.Error) as error:
            raise unavailable(error, self.path) or error from error

    async def write(self, unit: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a unit on the writer, in the caller's context, and answer once its change is durable.

        An error of the unit undoes it, and only it. Raises Unavailable if too many wait already.
        """
        if self._writer.waiting >= self._limits.writes:
            raise Unavailable(
                f"too many changes wait to be written at this time: try again; {NOTHING_CHANGED}",
                retry_seconds=RETRY_SECONDS,
            )
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        run = copy_context().run
        self._writer.put(Unit(lambda c: run(unit, c, *args, **kwargs), loop, future, time.monotonic()))
        return await future

    def _scan(self, run: Callable[[Connection], T]) -> T:
        try:
            try:
                return self._scan_once(run)
            except (DBAPIError, driver.Error) as error:
                if not is_corrupt(error):
                    raise
                return self._scan_once(run)
        except (DBAPIError, driver.Error) as error:
            raise unavailable(error, self.path) or error from error

    def _scan_once(self, run: Callable[[Connection], T]) -> T:
        with self._connections.snapshot() as connection:
            return tolerantly(connection, run)


def _rewrite_header(connection: Connection) -> None:
    # Even with the value that it has it is written, which the row of a table would not be.
    raw = bare(connection)
    (version,) = raw.execute("PRAGMA user_version").fetchone()
    raw.execute(f"PRAGMA user_version={version}")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _end(steps: Steps[T], step: asyncio.Future[Page[T]]) -> None:
    if not step.cancelled():
        step.exception()  # nobody else looks at it
    steps.end()
