"""The journal of events: written with each change, read back by time, followed live."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from dataclasses import dataclass

from statesvc.db import events, images
from statesvc.db.engine import Connection, Database
from statesvc.domain.event import Event
from statesvc.domain.image_config import parse_image_config
from statesvc.domain.stored import fault
from statesvc.domain.times import Clock

PAGE = 500
_FOREVER = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Span:
    """The times an events request is about, in nanoseconds; None for the start of the request, and for no end."""

    since: int | None = None
    until: int | None = None


class Journal:
    """The events in commit order; `note` is told table and key of those that cannot be read."""

    def __init__(self, database: Database, clock: Clock, note: Callable[[str, str], None]) -> None:
        self._database = database
        self._note = note
        self._clock = clock
        self._waiting: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()
        self._lock = threading.Lock()
        self._closed = False
        database.on_commit(self._wake)

    def close(self) -> None:
        """End every stream."""
        self._closed = True
        self._wake()

    async def follow(self, span: Span) -> AsyncIterator[list[Event]]:
        """Yield the events of a span, first those that are recorded, then each as it is committed, until it ends."""
        bell = asyncio.Event()
        waiter = (asyncio.get_running_loop(), bell)
        with self._lock:
            self._waiting.add(waiter)
        try:
            last = await self._database.read(events.last)
            if span.since is not None:
                async for page in self._recorded(span, last):
                    yield page
            async for page in self._live(span, last, bell):
                yield page
        finally:
            with self._lock:
                self._waiting.discard(waiter)

    async def _recorded(self, span: Span, last: int) -> AsyncIterator[list[Event]]:
        seq, until = 0, _FOREVER if span.until is None else span.until
        while page := await self._scan(seq, last, span.since or 0, until):
            yield self._note_unreadable(page)
            seq = page[-1].seq

    def _note_unreadable(self, page: list[Event]) -> list[Event]:
        for event in page:
            if events.UNREADABLE in event.attributes:
                self._note("events", str(event.seq))
        return page

    async def _scan(self, seq: int, last: int, since: int, until: int) -> list[Event]:
        return await self._database.scan(events.between, seq=seq, last=last, since=since, until=until, limit=PAGE)

    async def _live(self, span: Span, seq: int, bell: asyncio.Event) -> AsyncIterator[list[Event]]:
        while not self._closed:
            left = None if span.until is None else (span.until - self._clock()) / 1_000_000_000
            if left is not None and left <= 0:
                return
            try:
                await asyncio.wait_for(bell.wait(), left)
            except TimeoutError:
                return
            bell.clear()
            while page := await self._database.read(events.after, seq, PAGE):
                seq = page[-1].seq
                yield self._note_unreadable(page)

    def _wake(self) -> None:
        with self._lock:
            waiting = list(self._waiting)
        for loop, bell in waiting:
            with suppress(RuntimeError):  # the loop has ended, and its streams with it
                loop.call_soon_threadsafe(bell.set)


def log_image(conn: Connection, action: str, image_id: str, name: str, now: int) -> None:
    """Write an event about an image. Its labels and the name it was addressed by are the attributes."""
    image = images.by_id(conn, image_id)
    unreadable = image is None or fault("images", "config", image.config)
    labels = {} if image is None or unreadable else parse_image_config(image.config).labels
    attributes = labels | {"name": name}
    events.append(conn, Event("image", action, image_id, now, attributes))
