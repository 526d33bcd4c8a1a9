"""The database: one writer, some readers, and the units of work that run on them. Only this module begins and commits.

A unit is a function that takes a connection first and does nothing outside the database.
"""

import asyncio
import os
import queue
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from contextvars import copy_context
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, TypeVar

import structlog
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from statesvc.db.failures import RETRY_SECONDS, is_corrupt, name_of, of_commit, unavailable
from statesvc.db.file_uri import file_uri
from statesvc.db.index_room import filled_index, require_room
from statesvc.db.readings import Page, Reading
from statesvc.db.workers import Workers
from statesvc.domain.limits import LIMITS, Limits
from statesvc.errors import NOTHING_CHANGED, StateError, Unavailable, Unsure
from statesvc.faults import Point, passed

if TYPE_CHECKING:  # pysqlite3 has no types of its own, and those of the standard library's driver
    import sqlite3 as driver
else:
    try:
        from pysqlite3 import dbapi2 as driver
    except ImportError:  # no wheel for this platform: the standard library's driver, if its SQLite is sound
        import sqlite3 as driver

__all__ = [
    "SQLITE_VERSION",
    "Connection",
    "Database",
    "bare",
    "check_sqlite_version",
    "driver",
    "make_engine",
    "reading",
    "snapshot",
    "translated",
    "unavailable",
]

P = ParamSpec("P")
T = TypeVar("T")

log = structlog.get_logger(__name__)

# Every connection. FULL: an acknowledged change must survive power loss.
PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "trusted_schema=OFF",
    "cell_size_check=ON",
    "journal_size_limit=67108864",
)
# For callers that read the whole file. IDs are random, so indexes have rows in another order than tables: with SQLite's
# 2 MiB each page is read again and again, and integrity_check takes twice as long with 100,000 containers.
WHOLE_FILE_CACHE = f"cache_size=-{64 * 1024}"
SQLITE_VERSION: str = driver.sqlite_version
BATCH_LIMIT = 64
SHORT_THREADS = 4
LONG_THREADS = 2
# One: what a page costs is mostly computing, for which threads wait for each other, and the event loop for all of them.
PAGING_THREADS = 1
# How long a thread may compute while the event loop waits for it, as long as long lists are read: each ping would feel
# Python's own 5 ms then. At all other times a shorter one would make each short read cost more.
SWITCH_SECONDS = 0.0001
USUAL_SWITCH_SECONDS = sys.getswitchinterval()
IDLE_CONNECTIONS = 4
_CHECKPOINT_NOOP = (3, 51, 0)


def check_sqlite_version(version: tuple[int, ...]) -> None:
    """Raise Unavailable if this SQLite can lose committed pages.

    The WAL-reset race is in 3.7.0 to 3.51.2, and mended in 3.44.6 and 3.50.7 of the older branches.
    """
    mended = version >= (3, 51, 3) or (3, 50, 7) <= version < (3, 51) or (3, 44, 6) <= version < (3, 45)
    if not mended:
        shown = ".".join(map(str, version))
        raise Unavailable(
            f"SQLite {shown} can lose committed data (the WAL-reset race); install pysqlite3 0.6.1 or newer, "
            "or a Python that is built with SQLite 3.51.3 or newer"
        )


def make_engine(
    path: Path,
    *,
    busy_timeout_ms: int,
    query_only: bool,
    foreign_keys: bool = True,
    checkpoints: bool = True,
    brief: bool = False,
) -> Engine:
    """Make an engine for a file that is there, whose connections never begin a transaction by themselves.

    `brief` is for a look at a file that may be on a full disk. Raises Unavailable if SQLite has no room to open it.
    Without `checkpoints` they never move the log into the file either: another program (Litestream) does.
    """
    # Not by a URL of SQLAlchemy's: what is in the path would be read as a part of it.
    uri = file_uri(path, "rw", brief=brief)
    if "immutable" not in uri:
        require_room(path)
    connected = partial(driver.connect, uri, uri=True, check_same_thread=False)
    # NullPool: each connection here has one owner that keeps it; none is shared or checked out.
    # hide_parameters: an error must not carry environment values into the log.
    engine = create_engine(
        "sqlite://",
        creator=connected,
        module=driver,
        poolclass=NullPool,
        isolation_level="AUTOCOMMIT",
        hide_parameters=True,
    )

    @event.listens_for(engine, "connect")
    def connect(connection: driver.Connection, _record: object) -> None:
        connection.isolation_level = None
        for pragma in (f"busy_timeout={busy_timeout_ms}", *PRAGMAS):
            connection.execute(f"PRAGMA {pragma}")
        if not foreign_keys:
            connection.execute("PRAGMA foreign_keys=OFF")
        if not checkpoints:
            connection.execute("PRAGMA wal_autocheckpoint=0")
        if query_only:
            connection.execute("PRAGMA query_only=ON")

    return engine


@contextmanager
def snapshot(path: Path, *, busy_timeout_ms: int = 5_000) -> Iterator[driver.Connection]:
    """Yield a new connection of the driver that sees one committed state of a file while others write to it.

    It writes nothing, and makes no checkpoint unless it is the last to close a log. Raises Unavailable if SQLite cannot
    read the file.
    """
    try:
        with closing(_open_read_only(path, busy_timeout_ms)) as connection, translated(path):
            connection.execute("BEGIN")
            connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
            yield connection
    except driver.Error as error:
        # Frames of the error hold a connection that could not be set up, and with it the file.
        raise unavailable(error, path) or error from error


@contextmanager
def reading(path: Path, *, busy_timeout_ms: int = 5_000) -> Iterator[Connection]:
    """Yield a new connection that sees one committed state of a file, for commands that run beside the service.

    Text that is not UTF-8 is read, too: it gets U+FFFD in front.

    Raises Unavailable if SQLite cannot read the file.
    """
    engine = make_engine(path, busy_timeout_ms=busy_timeout_ms, query_only=True, checkpoints=False, brief=True)
    try:
        with engine.connect() as connection, translated(path):
            bare(connection).execute(f"PRAGMA {WHOLE_FILE_CACHE}")
            bare(connection).text_factory = _legible
            bare(connection).execute("BEGIN")
            try:
                yield connection
            finally:
                bare(connection).execute("ROLLBACK")
    except (DBAPIError, driver.Error) as error:
        # Frames of the error hold a connection that could not be set up, and with it the file.
        raise unavailable(error, path) or error from error


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Raise errors of the driver as callers understand them, while the file is open: its disk can be looked at then."""
    try:
        yield
    except (DBAPIError, driver.Error) as error:
        raise unavailable(error, path) or error from error


def _open_read_only(path: Path, busy_timeout_ms: int) -> driver.Connection:
    # Not mode=ro: SQLite does not even parse CHECK constraints then, and integrity_check would pass over them.
    url = file_uri(path, "rw", brief=True)
    if "immutable" not in url:
        require_room(path)
    connection = driver.connect(url, uri=True, isolation_level=None, timeout=busy_timeout_ms / 1_000)
    for pragma in (
        "query_only=ON",
        "wal_autocheckpoint=0",
        "trusted_schema=OFF",
        "cell_size_check=ON",
        WHOLE_FILE_CACHE,
    ):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def bare(connection: Connection) -> driver.Connection:
    """Return the driver's own connection under one of SQLAlchemy's."""
    return connection.connection.driver_connection  # type: ignore[return-value]


def _is_bad_text(error: BaseException) -> bool:
    """Return whether the driver read text that is not UTF-8: the only error of it without a code of SQLite's."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    return isinstance(cause, driver.OperationalError) and getattr(cause, "sqlite_errorname", None) is None


def _legible(stored: bytes) -> str:
    """Decode text. If it is not UTF-8 it gets U+FFFD in front, so that it cannot pass for a valid document."""
    try:
        return stored.decode()
    except UnicodeDecodeError:
        return "\ufffd" + stored.decode("utf-8", "replace")


def _legibly(connection: Connection, run: Callable[[Connection], T]) -> T:
    raw = bare(connection)
    before, raw.text_factory = raw.text_factory, _legible
    try:
        return run(connection)
    except (DBAPIError, driver.Error) as error:
        raise unavailable(error) or error from error
    finally:
        raw.text_factory = before


def _tolerantly(connection: Connection, run: Callable[[Connection], T], *, undo: tuple[str, ...] = ()) -> T:
    """Run a unit; if it reads text that is not UTF-8, undo it and run it again with such text made legible."""
    try:
        return run(connection)
    except (DBAPIError, driver.Error) as error:
        if not _is_bad_text(error):
            raise
    for statement in undo:
        bare(connection).execute(statement)
    return _legibly(connection, run)


class _Connections:
    """The connections of threads that read: each is lent to one reader at a time, in a transaction."""

    def __init__(self, engine: Engine, before_opening: Callable[[], None]) -> None:
        """Open connections of the engine as they are needed. `before_opening` may raise Unavailable."""
        self._engine = engine
        self._before_opening = before_opening
        self._lock = threading.Lock()
        self._open: set[Connection] = set()
        self._lent: dict[Connection, float] = {}
        self._idle: list[Connection] = []
        self._is_closed = False

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """Yield a connection that sees one committed state."""
        connection = self.begin()
        try:
            yield connection
        finally:
            self.end(connection)

    def begin(self) -> Connection:
        """Return a connection that sees one committed state, until it is ended."""
        with self._lock:
            connection = self._idle.pop() if self._idle else None
        if connection is None:
            self._before_opening()  # a file in the place of the database is another one
            connection = _connected(self._engine)
            with self._lock:
                self._open.add(connection)
        try:
            bare(connection).execute("BEGIN")
        except driver.Error:
            self._drop(connection)
            raise
        self._lent[connection] = time.monotonic()
        return connection

    def held(self) -> tuple[int, float]:
        """Return how many snapshots are held now, and for how many seconds the longest is."""
        began = list(self._lent.values())
        return len(began), time.monotonic() - min(began) if began else 0.0

    def end(self, connection: Connection, *, keeps: bool = True) -> None:
        """Take a connection back, or close it: one that has read much has many pages in memory."""
        del self._lent[connection]
        raw = bare(connection)
        raw.text_factory = str
        try:
            if raw.in_transaction:
                raw.execute("ROLLBACK")
        except driver.Error:
            self._drop(connection)
            return
        with self._lock:
            if keeps := keeps and not self._is_closed and len(self._idle) < IDLE_CONNECTIONS:
                self._idle.append(connection)
        if not keeps:
            self._drop(connection)

    def interrupt(self) -> None:
        """End what is being read now, with an error."""
        with self._lock:
            for connection in self._open:
                bare(connection).interrupt()

    def close(self) -> None:
        """Close those that are not lent; the others are closed when they are given back."""
        with self._lock:
            self._is_closed = True
            idle, self._idle = self._idle, []
        for connection in idle:
            self._drop(connection)

    def _drop(self, connection: Connection) -> None:
        with self._lock:
            self._open.discard(connection)
        connection.close()


class _Steps(Generic[T]):
    """Runs a unit that yields pages, one page at a time, on a connection that it keeps until the end."""

    def __init__(self, connections: _Connections, unit: Callable[[Connection], Iterator[Page[T]]]) -> None:
        self._connections = connections
        self._unit = unit
        self._connection: Connection | None = None
        self._pages: Iterator[Page[T]] = iter(())
        self._done = 0

    def next(self) -> Page[T]:
        """Return the next page; after the last one, and after an error, the connection is given back."""
        try:
            if self._connection is None:
                self._connection = self._connections.begin()
                self._pages = self._unit(self._connection)
            page = self._tolerant_next(self._connection)
        except BaseException:
            self.end()
            raise
        self._done += 1
        if page.is_last:
            self.end()
        return page

    def end(self) -> None:
        """Give the connection back, if that was not done yet."""
        connection, self._connection, self._pages = self._connection, None, iter(())
        if connection is not None:
            self._connections.end(connection, keeps=self._done <= 1)

    def _tolerant_next(self, connection: Connection) -> Page[T]:
        try:
            return next(self._pages)
        except (DBAPIError, driver.Error) as error:
            if not _is_bad_text(error):
                raise
        # Text that is not UTF-8: from the beginning, with such text made legible. The pages before had none.
        bare(connection).text_factory = _legible
        self._pages = self._unit(connection)
        for _ in range(self._done):
            next(self._pages)
        return next(self._pages)


@dataclass(slots=True)
class _Unit:
    run: Callable[[Connection], Any]
    loop: asyncio.AbstractEventLoop
    future: "asyncio.Future[Any]"
    queued: float
    result: Any = None
    error: BaseException | None = None
    tries: int = 0
    doubt: Unsure | None = None
    """Set once its change was in a commit that failed and may be found in the log all the same."""

    def refuse(self, error: BaseException) -> None:
        """Let it fail. It is not told that nothing was changed if that is in doubt."""
        self.error = self.doubt or error

    def settle(self) -> None:
        if self.future.done():  # the caller went away; its unit is finished all the same
            return
        if self.error is None:
            self.future.set_result(self.result)
        else:
            self.future.set_exception(self.error)


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
        # Called before each write and each new connection. It raises Unavailable if what is written would be lost.
        self.before_write: Callable[[], None] = lambda: None
        # Called after each commit, before it is answered.
        self.after_write: Callable[[], None] = lambda: None
        self._writes: queue.SimpleQueue[_Unit | None] = queue.SimpleQueue()
        self._watchers: list[Callable[[], None]] = []
        # The loop must never wait for a lock, so its own reader has no busy timeout: a thread waits instead.
        engine = partial(make_engine, path, checkpoints=checkpoints)
        self._loop_reader = _connected(engine(busy_timeout_ms=0, query_only=True))
        self.page_size: int = bare(self._loop_reader).execute("PRAGMA page_size").fetchone()[0]
        self._index = filled_index(path)
        self._readers = engine(busy_timeout_ms=busy_timeout_ms, query_only=True)
        self._writer_engine = engine(busy_timeout_ms=busy_timeout_ms, query_only=False)
        self._short = Workers("short reads", SHORT_THREADS, limits.scans)
        self._long = Workers("long reads", LONG_THREADS, limits.scans)
        self._paging = Workers("pages of long lists", PAGING_THREADS, limits.scans)
        self._lists = 0
        self._connections = _Connections(self._readers, lambda: self.before_write())  # noqa: PLW0108 - it is set later
        self._writing: Connection | None = None
        self._patience_ms = busy_timeout_ms
        self._locked_out = False
        self._doubts = self._settled_doubts = 0
        self._writer = threading.Thread(target=self._serve_writes, name="statesvc-writer", daemon=True)
        self._writer.start()

    def close(self) -> None:
        """Finish what is queued, then close every connection."""
        self._writes.put(None)
        self._writer.join()
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
        self._watchers.append(watcher)

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
        return self._doubts > self._settled_doubts

    async def settle(self) -> None:
        """Overwrite what the log holds of a commit that failed, by one that changes nothing. Raises Unavailable."""
        doubts = self._doubts
        await self.write(_rewrite_header)
        self._settled_doubts = doubts

    async def read(self, unit: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a unit of one statement on the event loop itself; if that would have to wait, in a thread.

        One statement is one snapshot. Raises Unavailable when SQLite cannot answer now.
        """
        try:
            return unit(self._loop_reader, *args, **kwargs)
        except (DBAPIError, driver.Error) as error:
            if _is_bad_text(error):
                return _legibly(self._loop_reader, lambda c: unit(c, *args, **kwargs))
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
        steps = _Steps(self._connections, unit)
        first = await (self._long if is_long else self._short).run(self._stepped, steps)
        advance = partial(self._paging.run, self._stepped, steps)
        reading = Reading(first, steps, advance, self._ended, self._limits.list_seconds)
        if not first.is_last:
            if not self._lists:
                sys.setswitchinterval(SWITCH_SECONDS)
            self._lists += 1
            if self._lists > self._limits.lists:
                reading.close()
                raise Unavailable(
                    "too many long lists are being sent at this time: try again", retry_seconds=RETRY_SECONDS
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

    def _stepped(self, steps: _Steps[T]) -> Page[T]:
        try:
            return steps.next()
        except (DBAPIError, driver.Error) as error:
            raise unavailable(error, self.path) or error from error

    async def write(self, unit: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a unit on the writer, in the caller's context, and answer once its change is durable.

        An error of the unit undoes it, and only it. Raises Unavailable if too many wait already.
        """
        if self._writes.qsize() >= self._limits.writes:
            raise Unavailable(
                f"too many changes wait to be written at this time: try again; {NOTHING_CHANGED}",
                retry_seconds=RETRY_SECONDS,
            )
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        run = copy_context().run
        self._writes.put(_Unit(lambda c: run(unit, c, *args, **kwargs), loop, future, time.monotonic()))
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
            return _tolerantly(connection, run)

    def _serve_writes(self) -> None:
        last = False
        while not last and (first := self._writes.get()) is not None:
            batch, last = self._drain(first)
            self._run(batch)
            self._answer(batch)
        self._disconnect()

    def _drain(self, first: _Unit) -> tuple[list[_Unit], bool]:
        batch = [first]
        while len(batch) < BATCH_LIMIT:
            try:
                unit = self._writes.get_nowait()
            except queue.Empty:
                break
            if unit is None:
                return batch, True
            batch.append(unit)
        return batch, False

    def _run(self, batch: list[_Unit]) -> None:
        """Run the units in one transaction. If it comes to nothing, each gets one of its own."""
        try:
            self.before_write()
            connection = self._begun(batch)
        except Exception as error:
            self._refuse(batch, error)
            return
        try:
            _transact(connection, batch, self.path)
        except Exception as error:
            self._doubts += any(unit.doubt for unit in batch)
            self._undo(connection)
            if len(batch) == 1 and not self._tries_again(batch[0], error):
                if batch[0].error is None:
                    batch[0].refuse(error if isinstance(error, StateError) else unavailable(error, self.path) or error)
                return
            for unit in batch:
                unit.result = unit.error = None
                self._run([unit])
        else:
            self.after_write()

    def _begun(self, batch: list[_Unit]) -> Connection:
        """Return the writer's connection in a new transaction; made anew if there is none, as after it failed."""
        if self._writing is None:
            self._writing, self._locked_out = self._writer_engine.connect(), False
        raw = bare(self._writing)
        if self._locked_out:
            # Another program held the lock all the time that a unit may wait. Those queued behind it waited meanwhile,
            # too: they get what is left of their own time, not one after the other all of it.
            waited_ms = 1_000 * (time.monotonic() - batch[0].queued)
            raw.execute(f"PRAGMA busy_timeout={max(0, self._patience_ms - int(waited_ms))}")
        raw.execute("BEGIN IMMEDIATE")
        if self._locked_out:
            self._locked_out = False
            raw.execute(f"PRAGMA busy_timeout={self._patience_ms}")
        return self._writing

    @staticmethod
    def _tries_again(unit: _Unit, error: Exception) -> bool:
        unit.tries += 1
        return is_corrupt(error) and unit.tries == 1

    def _refuse(self, batch: list[_Unit], error: Exception) -> None:
        """Answer units whose transaction cannot begin. That is about none of them, so none is tried again alone."""
        over = len(batch)
        self._locked_out = name_of(error).startswith("SQLITE_BUSY")
        if self._locked_out:
            now = time.monotonic()
            over = max(1, sum(1_000 * (now - unit.queued) >= self._patience_ms for unit in batch))
        elif not isinstance(error, StateError):
            self._disconnect()
        for unit in batch[:over]:
            unit.refuse(unavailable(error, self.path) or error)
        if batch[over:]:  # they came later and may wait on, for which the others do not wait
            self._answer(batch[:over])
            self._run(batch[over:])

    def _undo(self, connection: Connection) -> None:
        """Leave a transaction that failed; a connection that cannot is given up, and what it held is undone by that."""
        raw = bare(connection)
        try:
            if raw.in_transaction:
                raw.execute("ROLLBACK")
        except driver.Error:
            self._disconnect()

    def _disconnect(self) -> None:
        connection, self._writing = self._writing, None
        if connection is not None:
            with suppress(DBAPIError, driver.Error):
                connection.close()

    def _answer(self, batch: list[_Unit]) -> None:
        for loop in {unit.loop for unit in batch}:
            settled = [unit for unit in batch if unit.loop is loop]
            try:
                loop.call_soon_threadsafe(_settle, settled)
            except RuntimeError:  # the loop is closed: no caller waits for an answer
                log.debug("write finished after its caller had gone", units=len(settled))
        passed(Point.WRITE_ANSWERED)
        if any(unit.error is None for unit in batch):
            for watcher in self._watchers:
                try:
                    watcher()
                except Exception:  # the writer must outlive everything
                    log.exception("what follows a commit failed")


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


def _connected(engine: Engine) -> Connection:
    """Return a new connection. Raises Unavailable if SQLite cannot open the file."""
    try:
        return engine.connect()
    except (DBAPIError, driver.Error) as error:
        raise unavailable(error) or error from error


def _settle(units: Iterable[_Unit]) -> None:
    passed(Point.WRITE_ANSWERING)
    for unit in units:
        unit.settle()


def _transact(connection: Connection, batch: list[_Unit], database: Path) -> None:
    """Run the units in a transaction that has begun, each undone alone if it fails, and commit it.

    Raises what made the whole transaction fail: nothing of it is done, except that a unit may have a doubt afterwards.
    """
    raw = bare(connection)
    passed(Point.WRITE_BEGUN)
    if len(batch) == 1:
        # It needs no savepoint, for which SQLite would copy every page that the unit changes.
        _run_unit(connection, batch[0], database, undo=("ROLLBACK", "BEGIN IMMEDIATE"))
    else:
        for unit in batch:
            raw.execute("SAVEPOINT unit")
            _run_unit(connection, unit, database, undo=("ROLLBACK TO unit",))
            raw.execute("RELEASE unit")
    passed(Point.WRITE_DONE)
    try:
        raw.execute("COMMIT")
        passed(Point.WRITE_COMMITTED)
    except driver.Error as error:
        doubt = of_commit(error)
        for unit in batch:
            if unit.error is None:
                unit.doubt = doubt or unit.doubt
        raise


def _run_unit(connection: Connection, unit: _Unit, database: Path, *, undo: tuple[str, ...]) -> None:
    """Run a unit; if it fails, undo it. Raises an error that is not its own: of the transaction, or of the file."""
    raw = bare(connection)
    try:
        unit.result = _tolerantly(connection, unit.run, undo=undo)
        passed(Point.WRITE_UNIT)
    except Exception as error:
        if not raw.in_transaction or is_corrupt(error):
            raise
        for statement in undo:
            raw.execute(statement)
        unit.refuse(error if isinstance(error, StateError) else unavailable(error, database) or error)
