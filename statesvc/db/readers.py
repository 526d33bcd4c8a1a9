"""Connections that read, each lent to one reader at a time, and units that read page by page."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

from sqlalchemy.exc import DBAPIError

from statesvc.db.readings import Page
from statesvc.db.sqlite import Connection, Engine, bare, connected, driver, is_bad_text, legible

T = TypeVar("T")

IDLE_CONNECTIONS = 4


class Connections:
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
            connection = connected(self._engine)
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


class Steps(Generic[T]):
    """Runs a unit that yields pages, one page at a time, on a connection that it keeps until the end."""

    def __init__(self, connections: Connections, unit: Callable[[Connection], Iterator[Page[T]]]) -> None:
        self._connections = connections
        self._unit = unit
        self._connection: Connection | None = None
        self._pages: Iterator[Page[T]] = iter(())
        self._done = 0

    @property
    def has_begun(self) -> bool:
        """Whether a page was read, so that the next one cannot be read on another snapshot."""
        return self._done > 0

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
            if not is_bad_text(error):
                raise
        # Text that is not UTF-8: from the beginning, with such text made legible. The pages before had none.
        bare(connection).text_factory = legible
        self._pages = self._unit(connection)
        for _ in range(self._done):
            next(self._pages)
        return next(self._pages)
