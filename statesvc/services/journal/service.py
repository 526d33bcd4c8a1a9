"""The journal of events: written with each change, read back by time or by number, followed live."""

import asyncio
import threading
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from statesvc.db import events
from statesvc.db.database import Database
from statesvc.db.sqlite import Connection
from statesvc.domain.event import Event
from statesvc.domain.times import Clock
from statesvc.errors import Gone

_FOREVER = 2**63 - 1
# How many pages at the end of the journal its followers share.
_SHARED = 8
WOKEN_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class Span:
    """The time range of an events request, in nanoseconds. Without `since` it starts at the request."""

    since: int | None = None
    until: int | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a reader continues: after the event `seq`, up to and including the event `last`."""

    seq: int
    last: int = _FOREVER


class Journal:
    """Reads the events in commit order; calls `note` with table and key of an unreadable event."""

    def __init__(self, database: Database, clock: Clock, note: Callable[[str, str], None]) -> None:
        self._database = database
        self._note = note
        self._clock = clock
        self._bells: defaultdict[asyncio.AbstractEventLoop, set[asyncio.Event]] = defaultdict(set)
        self._lock = threading.Lock()
        self._commits = 0
        self._ended = (-1, -1)
        self._pages: dict[int, list[Event]] = {}
        self._closed = False
        database.on_commit(self._wake)

    def close(self) -> None:
        """End every stream."""
        self._closed = True
        self._wake()

    @property
    def readers(self) -> int:
        """The number of streams that follow the journal now."""
        with self._lock:
            return sum(map(len, self._bells.values()))

    def is_shared(self, page: list[Event]) -> bool:
        """Return whether followers at the same place get this page, too; one of the history has only one reader."""
        return self._pages.get(page[0].seq - 1) is page

    async def follow(self, span: Span) -> AsyncIterator[list[Event]]:
        """Yield the events of a span in pages: first the recorded events, then each as it is committed."""
        with self._listening() as bell:
            last = await self._database.read(events.last)
            if span.since is not None:
                async for page in self._recorded(span, last):
                    yield page
            async for page in self._live(last, bell, until=span.until):
                yield page

    async def place(self, after: int | None, *, until: int | None = None, follow: bool = True) -> Place:
        """Return the place after the event `after`; None begins with the oldest event.

        Raises Gone if later events were already removed, or if the journal has not reached `after` yet.
        """
        oldest, newest = await self._database.read(events.ends)
        place = max(oldest - 1, 0) if after is None else after
        if place > newest:
            message = (
                f"the journal ends at event {newest}: it cannot be resumed after event {place}; take a new snapshot"
            )
            raise Gone(message, oldest)
        _refuse_gap(place, oldest)
        ends = [_FOREVER if until is None else until, _FOREVER if follow else newest]
        return Place(place, min(ends))

    async def resume(self, place: Place) -> AsyncGenerator[list[Event]]:
        """Yield each event after a place once, in pages: first the recorded events, then each as it is committed.

        Raises Gone if the reader is so slow that the events it needs next were removed.
        """
        with self._listening() as bell:
            seq = place.seq
            while not self._closed and (page := await self._database.scan(_whole_page, seq, place.last)):
                seq = page[-1].seq
                yield self._note_unreadable(page)
            async for page in self._live(seq, bell, last=place.last):
                yield page

    async def _recorded(self, span: Span, last: int) -> AsyncIterator[list[Event]]:
        seq, until = 0, _FOREVER if span.until is None else span.until
        while not self._closed and (page := await self._scan(seq, last, span.since or 0, until)):
            yield page
            seq = page[-1].seq

    def _note_unreadable(self, page: list[Event]) -> list[Event]:
        for event in page:
            if events.UNREADABLE in event.attributes:
                self._note("events", str(event.seq))
        return page

    async def _scan(self, seq: int, last: int, since: int, until: int) -> list[Event]:
        page = await self._database.scan(events.between, seq=seq, last=last, since=since, until=until)
        return self._note_unreadable(page)

    async def _live(
        self, seq: int, bell: asyncio.Event, *, until: int | None = None, last: int = _FOREVER
    ) -> AsyncIterator[list[Event]]:
        while not self._closed:
            left = None if until is None else (until - self._clock()) / 1_000_000_000
            if left is not None and left <= 0:
                return
            while seq < last and (page := await self._next(seq)):
                seq = page[-1].seq
                yield page if seq <= last else [event for event in page if event.seq <= last]
            if seq >= last:
                return
            if left is None:
                await bell.wait()
            else:
                try:
                    await asyncio.wait_for(bell.wait(), left)
                except TimeoutError:
                    return
            bell.clear()

    async def _next(self, seq: int) -> list[Event]:
        """Return the page after an event; streams at the same place share one read.

        A page stays valid whatever is committed later; an empty page only until the next commit.
        """
        commits = self._commits
        if (seq, commits) == self._ended:
            return []
        page = self._pages.get(seq)
        if page is None:
            page = self._note_unreadable(await self._database.read(events.after, seq))
            if not page:
                self._ended = (seq, commits)
                return page
            if page[0].seq > seq + 1:
                _refuse_gap(seq, (await self._database.read(events.ends))[0])
            while len(self._pages) >= _SHARED:
                self._pages.pop(next(iter(self._pages)), None)
            self._pages[seq] = page
        return page

    @contextmanager
    def _listening(self) -> Iterator[asyncio.Event]:
        bell, loop = asyncio.Event(), asyncio.get_running_loop()
        with self._lock:
            self._bells[loop].add(bell)
        try:
            yield bell
        finally:
            with self._lock:
                self._bells[loop].discard(bell)
                if not self._bells[loop]:
                    del self._bells[loop]

    def _wake(self) -> None:
        self._commits += 1
        with self._lock:
            loops = list(self._bells)
        for loop in loops:
            with suppress(RuntimeError):  # the loop has ended, and its streams with it
                loop.call_soon_threadsafe(self._ring, loop)

    def _ring(self, loop: asyncio.AbstractEventLoop) -> None:
        with self._lock:
            bells = list(self._bells.get(loop, ()))
        _ring_some(loop, bells)


def _ring_some(loop: asyncio.AbstractEventLoop, bells: list[asyncio.Event]) -> None:
    """Wake some readers, and the others in the next rounds of the loop: other requests have their turn in between."""
    for bell in bells[:WOKEN_AT_ONCE]:
        bell.set()
    if left := bells[WOKEN_AT_ONCE:]:
        loop.call_soon(_ring_some, loop, left)


def _whole_page(conn: Connection, seq: int, last: int) -> list[Event]:
    _refuse_gap(seq, events.ends(conn)[0])
    return events.after(conn, seq, last=last)


def _refuse_gap(seq: int, oldest: int) -> None:
    if seq + 1 < oldest:
        raise Gone(f"some events after {seq} were removed: the oldest is {oldest} now; take a new snapshot", oldest)
