"""SQLite and its driver: how a file is opened, by which connections, and text that is not UTF-8 made legible."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from statesvc.db.failures import unavailable
from statesvc.db.file_uri import file_uri
from statesvc.db.index_room import require_room
from statesvc.errors import Unavailable

if TYPE_CHECKING:  # pysqlite3 has no types of its own, and those of the standard library's driver
    import sqlite3 as driver
else:
    try:
        from pysqlite3 import dbapi2 as driver
    except ImportError:  # no wheel for this platform: the standard library's driver, if its SQLite is sound
        import sqlite3 as driver

__all__ = [
    "SQLITE_VERSION",
    "WHOLE_FILE_CACHE",
    "Connection",
    "Engine",
    "bare",
    "check_sqlite_version",
    "connected",
    "driver",
    "is_bad_text",
    "legible",
    "legibly",
    "make_engine",
    "reading",
    "snapshot",
    "tolerantly",
    "translated",
]

T = TypeVar("T")

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
    connect_to = partial(driver.connect, uri, uri=True, check_same_thread=False)
    # NullPool: each connection here has one owner that keeps it; none is shared or checked out.
    # hide_parameters: an error must not carry environment values into the log.
    engine = create_engine(
        "sqlite://",
        creator=connect_to,
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


def connected(engine: Engine) -> Connection:
    """Return a new connection. Raises Unavailable if SQLite cannot open the file."""
    try:
        return engine.connect()
    except (DBAPIError, driver.Error) as error:
        raise unavailable(error) or error from error


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
            bare(connection).text_factory = legible
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


def is_bad_text(error: BaseException) -> bool:
    """Return whether the driver read text that is not UTF-8: the only error of it without a code of SQLite's."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    return isinstance(cause, driver.OperationalError) and getattr(cause, "sqlite_errorname", None) is None


def legible(stored: bytes) -> str:
    """Decode text. If it is not UTF-8 it gets U+FFFD in front, so that it cannot pass for a valid document."""
    try:
        return stored.decode()
    except UnicodeDecodeError:
        return "\ufffd" + stored.decode("utf-8", "replace")


def legibly(connection: Connection, run: Callable[[Connection], T]) -> T:
    """Run a unit with text that is not UTF-8 made legible. Raises Unavailable."""
    raw = bare(connection)
    before, raw.text_factory = raw.text_factory, legible
    try:
        return run(connection)
    except (DBAPIError, driver.Error) as error:
        raise unavailable(error) or error from error
    finally:
        raw.text_factory = before


def tolerantly(connection: Connection, run: Callable[[Connection], T], *, undo: tuple[str, ...] = ()) -> T:
    """Run a unit; if it reads text that is not UTF-8, undo it and run it again with such text made legible."""
    try:
        return run(connection)
    except (DBAPIError, driver.Error) as error:
        if not is_bad_text(error):
            raise
    for statement in undo:
        bare(connection).execute(statement)
    return legibly(connection, run)
