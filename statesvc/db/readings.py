"""Readings of one snapshot in pages: each page is a piece of work of its own, between which others have their turn."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Generic, NamedTuple, Protocol, TypeVar

import structlog

from statesvc.errors import Unavailable

T = TypeVar("T")

log = structlog.get_logger(__name__)


class Page(NamedTuple, Generic[T]):
    """A part of what is read, and whether nothing follows."""

    content: T
    is_last: bool


class Held(Protocol):
    """A snapshot that is held."""

    def end(self) -> None:
        """Give it back, if that was not done yet. Nothing is read meanwhile."""


class Reading(Generic[T]):
    """The pages of one snapshot. It is held until the last page is read, the reading is closed, or its time is up."""

    def __init__(
        self,
        first: Page[T],
        snapshot: Held,
        advance: Callable[[], Awaitable[Page[T]]],
        ended: Callable[[], None],
        seconds: float,
    ) -> None:
        """Take the first page, and what reads the next one; `ended` is called once, if there was more than one page."""
        self.first = first.content
        self.is_complete = first.is_last
        self._snapshot = snapshot
        self._advance = advance
        self._ended = ended
        self._seconds = seconds
        self._step: asyncio.Future[Page[T]] | None = None
        self._is_closed = first.is_last
        loop = asyncio.get_running_loop()
        self._timer = None if first.is_last else loop.call_later(seconds, self._expire)

    async def rest(self) -> AsyncGenerator[T, None]:
        """Yield the pages after the first, each when it is asked for. Raises Unavailable when the time is up."""
        try:
            is_last = self.is_complete
            while not is_last:
                if self._is_closed:
                    raise Unavailable(f"the list was not read in {self._seconds:g} s: it is cut off")
                self._step = asyncio.ensure_future(self._advance())
                # A page that was begun is finished, also if nobody waits for it any more.
                content, is_last = await asyncio.shield(self._step)
                yield content
        finally:
            self.close()

    def close(self) -> None:
        """Give the snapshot back, once a page that is being read is finished."""
        if self._is_closed:
            return
        self._is_closed = True
        assert self._timer is not None
        self._timer.cancel()
        if self._step is not None and not self._step.done():
            self._step.add_done_callback(self._end)
        else:
            self._end()

    def _expire(self) -> None:
        log.warning("a long list is cut off: its reader is too slow", seconds=self._seconds)
        self.close()

    def _end(self, step: "asyncio.Future[Page[T]] | None" = None) -> None:
        if step is not None and not step.cancelled():
            step.exception()  # nobody else looks at it
        self._snapshot.end()
        self._ended()
