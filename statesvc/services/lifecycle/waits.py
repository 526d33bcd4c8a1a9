"""Waiting for a container to stop, to end next time, or to be gone.

Exits and removals are events in the journal, committed with the change. One reader follows the journal for all waits
and wakes those of the container that an event is about, so that a commit costs the same with one wait and with
thousands. A wait that is woken reads the journal from where it began, so that it misses nothing between two looks.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum

import structlog

from statesvc.db.containers import rows as containers
from statesvc.db.containers import waits
from statesvc.db.containers.rows import Inspection
from statesvc.db.database import Database
from statesvc.domain.state import LIVE
from statesvc.errors import StateError

log = structlog.get_logger(__name__)

PAGE = 500


class Until(StrEnum):
    """What is waited for, in Docker's words."""

    NOT_RUNNING = "not-running"
    NEXT_EXIT = "next-exit"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Exit:
    """How a container ended. `error` says what went wrong when it was started, "" if nothing did."""

    code: int
    error: str = ""


@dataclass(frozen=True, slots=True)
class Wait:
    """A wait that has begun: the container as it was, and the last event before."""

    until: Until
    began: Inspection
    seq: int


class Waiting:
    """All waits that are under way."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiters: dict[str, set[asyncio.Event]] = {}
        self._committed = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._reader: asyncio.Task[None] | None = None
        self._closed = False
        database.on_commit(self._ring)

    def close(self) -> None:
        """End every wait without an answer."""
        self._closed = True
        self._ring()

    async def begin(self, reference: str, until: Until) -> Wait:
        """Begin to wait for a container. Raises NotFound, or InvalidParameter for an ambiguous reference."""
        seq = await self._database.read(waits.last_event)
        return Wait(until, await self._database.read(containers.inspect, reference), seq)

    async def end(self, wait: Wait) -> Exit | None:
        """Return how the container ended, once it did; None if the service stops before."""
        row = wait.began
        last = Exit(row.exit_code, row.error)
        if wait.until == Until.NOT_RUNNING and row.state not in LIVE:
            return last
        async for _ in self._looks(row.id):
            last, over = await self._look(wait, last)
            if over:
                return last
        return None

    async def _look(self, wait: Wait, last: Exit) -> tuple[Exit, bool]:
        """Return how the container ended last, and whether that is what is waited for."""
        # First the state, then the journal: what ends between the two has an event. The other way round, the end of a
        # container that is removed at once would be in neither, and the code of the run before would be told.
        now = await self._database.read(waits.current_state, wait.began.id)
        for ending in await self._database.read(waits.endings, wait.began.id, wait.seq):
            if ending.action == "destroy":
                return Exit(last.code), True  # a removal that went well leaves no error (moby State.SetRemoved)
            if ending.exit_code is not None:
                last = Exit(ending.exit_code)
                if wait.until != Until.REMOVED and ending.action == "die":
                    return last, True
        if now is None:
            return Exit(last.code), True
        if now.state in LIVE:
            return last, False
        ended = now.finished_at != wait.began.finished_at
        return Exit(now.exit_code, now.error), wait.until == Until.NOT_RUNNING or (
            wait.until == Until.NEXT_EXIT and ended
        )

    async def ticks(self, container_id: str, seconds: float) -> AsyncIterator[None]:
        """Yield at once, and then every so often, as long as the container is there and does not live."""
        async for _ in self._looks(container_id, seconds):
            now = await self._database.read(waits.current_state, container_id)
            if now is None or now.state in LIVE:
                return
            yield

    async def _looks(self, container_id: str, seconds: float | None = None) -> AsyncIterator[None]:
        """Yield at once, and after each event about the container or so many seconds, until the service stops."""
        with self._registered(container_id) as bell:
            while not self._closed:
                await self._follow()
                yield
                with suppress(TimeoutError):
                    await asyncio.wait_for(bell.wait(), seconds)
                bell.clear()

    @contextmanager
    def _registered(self, container_id: str) -> Iterator[asyncio.Event]:
        bell = asyncio.Event()
        self._waiters.setdefault(container_id, set()).add(bell)
        try:
            yield bell
        finally:
            bells = self._waiters[container_id]
            bells.discard(bell)
            if not bells:
                del self._waiters[container_id]

    async def _follow(self) -> None:
        """Have the journal followed, from here on at the latest."""
        if self._reader is None or self._reader.done():
            self._loop = asyncio.get_running_loop()
            self._reader = self._loop.create_task(self._wake(await self._database.read(waits.last_event)))

    async def _wake(self, seq: int) -> None:
        try:
            while self._waiters and not self._closed:
                await self._committed.wait()
                self._committed.clear()
                while page := await self._database.read(waits.touched, seq, PAGE):
                    seq = page[-1][0]
                    self._wake_of({container_id for _, container_id in page})
        except StateError as error:
            # A wait that is woken looks for itself, and has the journal followed again.
            log.warning("every wait is woken, as the journal cannot be read", reason=error.message)
        finally:
            self._wake_of(self._waiters.keys())

    def _wake_of(self, container_ids: Iterable[str]) -> None:
        for container_id in container_ids:
            for bell in self._waiters.get(container_id, ()):
                bell.set()

    def _ring(self) -> None:
        loop = self._loop
        if loop is not None:
            with suppress(RuntimeError):  # the loop has ended, and its waits with it
                loop.call_soon_threadsafe(self._committed.set)
