"""The database: one writer, some readers, and the units of work that run on them. Only this module begins and commits.

A unit is a function that takes a connection first and does nothing outside the database.
"""

import asyncio
import os
import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from contextvars import copy_context
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

import structlog
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from statesvc.db.file_uri import file_uri
from statesvc.db.index_room import filled_index, require_room
from statesvc.errors import StateError, Unavailable

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
SCAN_THREADS = 4
_REASONS = {
    "SQLITE_BUSY": "the database is locked by another program",
    "SQLITE_LOCKED": "the database is locked",
    "SQLITE_FULL": "the disk that holds the database is full",
    "SQLITE_READONLY": "the database is read-only",
    "SQLITE_IOERR": "the disk that holds the database reports an error",
    "SQLITE_CORRUPT": "the database file is damaged",
    "SQLITE_NOTADB": "the database file is not a database",
    "SQLITE_CANTOPEN": "the database file cannot be opened",
    "SQLITE_INTERRUPT": "the operation was interrupted",
    "SQLITE_NOMEM": "memory has run out",
}


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
        with closing(_open_read_only(path, busy_timeout_ms)) as connection:
            connection.execute("BEGIN")
            connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
            yield connection
    except driver.Error as error:
        raise unavailable(error) or error from error


@contextmanager
def reading(path: Path, *, busy_timeout_ms: int = 5_000) -> Iterator[Connection]:
    """Yield a new connection that sees one committed state of a file, for commands that run beside the service.

    Text that is not UTF-8 is read, too: it gets U+FFFD in front.

    Raises Unavailable if SQLite cannot read the file.
    """
    engine = make_engine(path, busy_timeout_ms=busy_timeout_ms, query_only=True, checkpoints=False, brief=True)
    try:
        with engine.connect() as connection:
            bare(connection).execute(f"PRAGMA {WHOLE_FILE_CACHE}")
            bare(connection).text_factory = _legible
            bare(connection).execute("BEGIN")
            try:
                yield connection
            finally:
                bare(connection).execute("ROLLBACK")
    except (DBAPIError, driver.Error) as error:
        raise unavailable(error) or error from error


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


def _name(error: BaseException) -> str:
    cause = error.orig if isinstance(error, DBAPIError) else error
    return getattr(cause, "sqlite_errorname", None) or ""


def unavailable(error: BaseException) -> Unavailable | None:
    """Turn an error of the driver into the one that a caller sees; None for an error that is a bug of ours."""
    name = _name(error)
    reason = next((text for prefix, text in _REASONS.items() if name.startswith(prefix)), None)
    if reason is None:
        return None
    # A commit that the disk did not confirm may be found in the log after a crash.
    unsure = name.startswith("SQLITE_IOERR")
    outcome = "look whether it was done before you repeat it" if unsure else "nothing was changed"
    return Unavailable(f"{reason}; {outcome}")


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


@dataclass(slots=True)
class _Unit:
    run: Callable[[Connection], Any]
    loop: asyncio.AbstractEventLoop
    future: "asyncio.Future[Any]"
    result: Any = None
    error: BaseException | None = None

    def settle(self) -> None:
        if self.future.done():  # the caller went away; its unit is finished all the same
            return
        if self.error is None:
            self.future.set_result(self.result)
        else:
            self.future.set_exception(self.error)


@dataclass(slots=True)
class _Aborted(Exception):
    """SQLite rolled the whole transaction back: nothing of the batch is done."""

    error: BaseException


class Database:
    """An open database.

    `read` and `scan` see committed state; `write` answers when its change is committed and synced.
    """

    def __init__(self, path: Path, *, busy_timeout_ms: int = 5_000, checkpoints: bool = True) -> None:
        """Open the database. Raises Unavailable if SQLite cannot open it."""
        check_sqlite_version(tuple(driver.sqlite_version_info))
        self.path = path
        # Called before each write and each new connection. It raises Unavailable if what is written would be lost.
        self.before_write: Callable[[], None] = lambda: None
        # Called after each commit, before it is answered.
        self.after_write: Callable[[], None] = lambda: None
        self._writes: queue.SimpleQueue[_Unit | None] = queue.SimpleQueue()
        self._watchers: list[Callable[[], None]] = []
        # The loop must never wait for a lock, so its own reader has no busy timeout: a thread waits instead.
        engine = partial(make_engine, path, checkpoints=checkpoints)
        self._loop_reader = _connected(engine(busy_timeout_ms=0, query_only=True))
        self._index = filled_index(path)
        self._readers = engine(busy_timeout_ms=busy_timeout_ms, query_only=True)
        self._writer_engine = engine(busy_timeout_ms=busy_timeout_ms, query_only=False)
        self._scans = ThreadPoolExecutor(SCAN_THREADS, thread_name_prefix="statesvc-scan")
        self._local = threading.local()
        self._scan_connections: list[Connection] = []
        self._writer = threading.Thread(target=self._serve_writes, name="statesvc-writer", daemon=True)
        self._writer.start()

    def close(self) -> None:
        """Finish what is queued, then close every connection."""
        self._writes.put(None)
        self._writer.join()
        self._scans.shutdown()
        for connection in (*self._scan_connections, self._loop_reader):
            connection.close()
        if self._index is not None:
            os.close(self._index)

    def on_commit(self, watcher: Callable[[], None]) -> None:
        """Call the watcher after each commit, in the writer's thread. It must return at once."""
        self._watchers.append(watcher)

    def sizes(self) -> tuple[int, int]:
        """Return how many bytes the database and its log have on the disk; 0 for one that is gone. None is opened."""
        return _size(self.path), _size(self.path.with_name(f"{self.path.name}-wal"))

    async def read(self, unit: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a unit of one statement on the event loop itself; if that would have to wait, in a thread.

        One statement is one snapshot. Raises Unavailable when SQLite cannot answer now.
        """
        try:
            return unit(self._loop_reader, *args, **kwargs)
        except (DBAPIError, driver.Error) as error:
            if _is_bad_text(error):
                return _legibly(self._loop_reader, lambda c: unit(c, *args, **kwargs))
            if _name(error).startswith("SQLITE_BUSY"):
                return await self.scan(unit, *args, **kwargs)
            raise unavailable(error) or error from error

    async def scan(self, unit: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a longer reading unit in a thread, on one snapshot."""
        return await asyncio.get_running_loop().run_in_executor(
            self._scans, self._scan, lambda c: unit(c, *args, **kwargs)
        )

    async def write(self, unit: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a unit on the writer, in the caller's context, and answer once its change is durable.

        An error of the unit undoes it, and only it.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        run = copy_context().run
        self._writes.put(_Unit(lambda c: run(unit, c, *args, **kwargs), loop, future))
        return await future

    def _scan(self, run: Callable[[Connection], T]) -> T:
        connection = getattr(self._local, "connection", None)
        if connection is None:
            self.before_write()  # a file in the place of the database is another one
            connection = self._local.connection = _connected(self._readers)
            self._scan_connections.append(connection)
        raw = bare(connection)
        try:
            raw.execute("BEGIN")
            try:
                return _tolerantly(connection, run)
            finally:
                if raw.in_transaction:
                    raw.execute("ROLLBACK")
        except (DBAPIError, driver.Error) as error:
            raise unavailable(error) or error from error

    def _serve_writes(self) -> None:
        with self._writer_engine.connect() as connection:
            while (first := self._writes.get()) is not None:
                batch, last = self._drain(first)
                self._run(connection, batch)
                self._answer(batch)
                if last:
                    break

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

    def _run(self, connection: Connection, batch: list[_Unit]) -> None:
        try:
            self.before_write()
        except Unavailable as error:
            for unit in batch:
                unit.error = error
            return
        try:
            _transact(connection, batch)
            self.after_write()
        except _Aborted as aborted:
            # One unit may have broken the transaction for all: each gets a transaction of its own.
            if len(batch) == 1:
                batch[0].error = unavailable(aborted.error) or aborted.error
                return
            for unit in batch:
                unit.result = unit.error = None
                self._run(connection, [unit])

    def _answer(self, batch: list[_Unit]) -> None:
        for loop in {unit.loop for unit in batch}:
            settled = [unit for unit in batch if unit.loop is loop]
            try:
                loop.call_soon_threadsafe(_settle, settled)
            except RuntimeError:  # the loop is closed: no caller waits for an answer
                log.debug("write finished after its caller had gone", units=len(settled))
        if any(unit.error is None for unit in batch):
            for watcher in self._watchers:
                watcher()


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
    for unit in units:
        unit.settle()


def _transact(connection: Connection, batch: list[_Unit]) -> None:
    """Run the units in one transaction, each undone alone if it fails. Raises _Aborted with nothing done."""
    raw = bare(connection)
    try:
        raw.execute("BEGIN IMMEDIATE")
        if len(batch) == 1:
            # It needs no savepoint, for which SQLite would copy every page that the unit changes.
            _run_unit(connection, batch[0], undo=("ROLLBACK", "BEGIN IMMEDIATE"))
        else:
            for unit in batch:
                raw.execute("SAVEPOINT unit")
                _run_unit(connection, unit, undo=("ROLLBACK TO unit",))
                raw.execute("RELEASE unit")
        raw.execute("COMMIT")
    except driver.Error as error:
        if raw.in_transaction:
            raw.execute("ROLLBACK")
        raise _Aborted(error) from error


def _run_unit(connection: Connection, unit: _Unit, *, undo: tuple[str, ...]) -> None:
    """Run a unit; if it fails, undo it. Raises _Aborted if SQLite has rolled the transaction back by itself."""
    raw = bare(connection)
    try:
        unit.result = _tolerantly(connection, unit.run, undo=undo)
    except Exception as error:
        if not raw.in_transaction:
            raise _Aborted(error) from error
        for statement in undo:
            raw.execute(statement)
        unit.error = error if isinstance(error, StateError) else unavailable(error) or error
