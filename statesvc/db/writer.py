"""The writer: a thread that runs units in transactions, one for all that are queued, and commits them."""

import asyncio
import queue
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy.exc import DBAPIError

from statesvc.db.failures import is_corrupt, name_of, of_commit, unavailable
from statesvc.db.sqlite import Connection, Engine, bare, driver, tolerantly
from statesvc.errors import NOTHING_CHANGED, StateError, Unavailable, Unsure
from statesvc.faults import Point, passed

log = structlog.get_logger(__name__)

BATCH_LIMIT = 64
END_SECONDS = 3


@dataclass(slots=True)
class Unit:
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


class Writer:
    """Runs the units that are queued, in their order, in a thread of its own; `end` finishes what is queued.

    `doubts` counts the commits that failed and that a crash may bring back.
    """

    def __init__(self, engine: Engine, path: Path, patience_ms: int) -> None:
        self._engine = engine
        self._path = path
        self._patience_ms = patience_ms
        # Called before each transaction. It raises Unavailable if what is written would be lost.
        self.before_write: Callable[[], None] = lambda: None
        # Why no unit is run now, "" if they are.
        self.refusal = ""
        # Called after each commit, before it is answered.
        self.after_write: Callable[[], None] = lambda: None
        self.watchers: list[Callable[[], None]] = []
        self.doubts = 0
        self._units: queue.SimpleQueue[Unit | None] = queue.SimpleQueue()
        self._connection: Connection | None = None
        self._locked_out = False
        self._thread = threading.Thread(target=self._serve, name="statesvc-writer", daemon=True)
        self._thread.start()

    @property
    def waiting(self) -> int:
        """How many units are queued."""
        return self._units.qsize()

    def put(self, unit: Unit) -> None:
        """Queue a unit."""
        self._units.put(unit)

    def end(self) -> None:
        """Finish what is queued, and end the thread; what is held up for too long is not acknowledged."""
        self._units.put(None)
        self._thread.join(END_SECONDS)
        if self._thread.is_alive():
            log.warning("stopped although a disk, or a lock of another program, holds up what is queued")

    def _serve(self) -> None:
        last = False
        while not last and (first := self._units.get()) is not None:
            batch, last = self._drain(first)
            self._run(batch)
            self._answer(batch)
        self._disconnect()

    def _drain(self, first: Unit) -> tuple[list[Unit], bool]:
        batch = [first]
        while len(batch) < BATCH_LIMIT:
            try:
                unit = self._units.get_nowait()
            except queue.Empty:
                break
            if unit is None:
                return batch, True
            batch.append(unit)
        return batch, False

    def _run(self, batch: list[Unit]) -> None:
        """Run the units in one transaction. If it comes to nothing, each gets one of its own."""
        try:
            self.before_write()
            connection = self._begun(batch)
        except Exception as error:
            self._refuse(batch, error)
            return
        try:
            _transact(connection, batch, self._path)
        except Exception as error:
            self.doubts += any(unit.doubt for unit in batch)
            self._undo(connection)
            if len(batch) == 1 and not self._tries_again(batch[0], error):
                if batch[0].error is None:
                    batch[0].refuse(error if isinstance(error, StateError) else unavailable(error, self._path) or error)
                return
            for unit in batch:
                unit.result = unit.error = None
                self._run([unit])
        else:
            self.after_write()

    def _begun(self, batch: list[Unit]) -> Connection:
        """Return the writer's connection in a new transaction; made anew if there is none, as after it failed."""
        if self.refusal:
            raise Unavailable(f"{self.refusal}; {NOTHING_CHANGED}")
        if self._connection is None:
            self._connection, self._locked_out = self._engine.connect(), False
        raw = bare(self._connection)
        if self._locked_out:
            # Another program held the lock all the time that a unit may wait. Those queued behind it waited meanwhile,
            # too: they get what is left of their own time, not one after the other all of it.
            waited_ms = 1_000 * (time.monotonic() - batch[0].queued)
            raw.execute(f"PRAGMA busy_timeout={max(0, self._patience_ms - int(waited_ms))}")
        raw.execute("BEGIN IMMEDIATE")
        if self._locked_out:
            self._locked_out = False
            raw.execute(f"PRAGMA busy_timeout={self._patience_ms}")
        return self._connection

    @staticmethod
    def _tries_again(unit: Unit, error: Exception) -> bool:
        unit.tries += 1
        return is_corrupt(error) and unit.tries == 1

    def _refuse(self, batch: list[Unit], error: Exception) -> None:
        """Answer units whose transaction cannot begin. That is about none of them, so none is tried again alone."""
        over = len(batch)
        if name_of(error).startswith("SQLITE_BUSY"):
            self._locked_out = True
            now = time.monotonic()
            over = max(1, sum(1_000 * (now - unit.queued) >= self._patience_ms for unit in batch))
        elif not isinstance(error, StateError):
            self._disconnect()
        for unit in batch[:over]:
            unit.refuse(unavailable(error, self._path) or error)
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
        connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(DBAPIError, driver.Error):
                connection.close()

    def _answer(self, batch: list[Unit]) -> None:
        for loop in {unit.loop for unit in batch}:
            settled = [unit for unit in batch if unit.loop is loop]
            try:
                loop.call_soon_threadsafe(_settle, settled)
            except RuntimeError:  # the loop is closed: no caller waits for an answer
                log.debug("write finished after its caller had gone", units=len(settled))
        passed(Point.WRITE_ANSWERED)
        if any(unit.error is None for unit in batch):
            for watcher in self.watchers:
                try:
                    watcher()
                except Exception:  # the writer must outlive everything
                    log.exception("what follows a commit failed")


def _settle(units: Iterable[Unit]) -> None:
    passed(Point.WRITE_ANSWERING)
    for unit in units:
        unit.settle()


def _transact(connection: Connection, batch: list[Unit], database: Path) -> None:
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


def _run_unit(connection: Connection, unit: Unit, database: Path, *, undo: tuple[str, ...]) -> None:
    """Run a unit; if it fails, undo it. Raises an error that is not its own: of the transaction, or of the file."""
    raw = bare(connection)
    try:
        unit.result = tolerantly(connection, unit.run, undo=undo)
        passed(Point.WRITE_UNIT)
    except Exception as error:
        if not raw.in_transaction or is_corrupt(error):
            raise
        for statement in undo:
            raw.execute(statement)
        unit.refuse(error if isinstance(error, StateError) else unavailable(error, database) or error)
