"""The list of containers: the only way to it, for lists over HTTP, snapshots and disk usage."""

from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Generic, NamedTuple, TypeVar

from statesvc.db import events
from statesvc.db.database import Database
from statesvc.db.readings import Page, Reading
from statesvc.db.sqlite import Connection
from statesvc.services.damage.judging import DamageGuard
from statesvc.services.listing.query import Listed, ListQuery
from statesvc.services.listing.select import is_narrow, pages, select

B = TypeVar("B")
Render = Callable[[Listed], bytes]
_EVERY = ListQuery(all=True)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All containers in one committed state, and the number of the last event before it."""

    seq: int
    listed: Listed


class _Rendered(NamedTuple, Generic[B]):
    """A page as it is shown, what was read before the list, and the damaged rows that were found in the page."""

    shown: bytes
    before: B
    found: Sequence[tuple[str, int]]


class Pages(Generic[B]):
    """A list in pages of one committed state, and what was read before it in the same. Close it, or read it all."""

    def __init__(self, reading: Reading[_Rendered[B]], note: Callable[[Sequence[tuple[str, int]]], None]) -> None:
        self._reading = reading
        self._note = note
        self.before = reading.first.before
        self.first = reading.first.shown
        self.is_complete = reading.is_complete
        note(reading.first.found)

    async def rest(self) -> AsyncGenerator[bytes, None]:
        """Yield the pages after the first. Raises Unavailable if the reader is too slow."""
        async with aclosing(self._reading.rest()) as rest:
            async for page in rest:
                self._note(page.found)
                yield page.shown

    def close(self) -> None:
        """Give the committed state back."""
        self._reading.close()


class Listing:
    """Lists containers. A damaged container is listed with what can still be read of it, and quarantined."""

    def __init__(self, database: Database, damage: DamageGuard) -> None:
        self._database = database
        self._damage = damage

    async def listed(self, query: ListQuery) -> Listed:
        """Return the containers of a list, newest first.

        Raises InvalidParameter for an invalid filter value, NotFound if the container that `before` or `since` names
        does not exist.
        """
        found, listed = await self._database.scan_long(self._judged, query)
        self._note(found)
        return listed

    async def snapshot(self) -> Snapshot:
        """Return all containers as one committed state has them, and the number of the last event before it.

        A reader that continues with the events after that number misses none.
        """
        seq, (found, listed) = await self._database.scan_long(lambda c: (events.last(c), self._judged(c, _EVERY)))
        self._note(found)
        return Snapshot(seq, listed)

    async def pages(self, query: ListQuery, render: Render, before: Callable[[Connection], B]) -> Pages[B]:
        """Return a list in pages, each rendered in the thread that reads it. `before` reads in the same state.

        Raises what `listed` and `before` raise, and Unavailable if too many long lists are being read.
        """

        def unit(conn: Connection) -> Iterator[Page[_Rendered[B]]]:
            first = before(conn)
            marked = self._damage.marked(conn)
            for listed, is_last in pages(conn, query):
                entries = self._damage.entries(conn, listed.rows, marked)
                judged = replace(listed, rows=entries.rows, damaged=entries.damaged) if entries.damaged else listed
                yield Page(_Rendered(render(judged), first, entries.found), is_last=is_last)

        return Pages(await self._database.pages(unit, is_long=not is_narrow(query)), self._note)

    async def index(self, query: ListQuery, render: Render) -> Pages[None]:
        """Return a list in pages. Raises as `pages` does."""
        return await self.pages(query, render, _nothing)

    async def snapshot_pages(self, render: Render) -> Pages[int]:
        """Return all containers in pages; `before` is the number of the last event before their state."""
        return await self.pages(_EVERY, render, events.last)

    def _judged(self, conn: Connection, query: ListQuery) -> tuple[Sequence[tuple[str, int]], Listed]:
        listed = select(conn, query)
        entries = self._damage.entries(conn, listed.rows, self._damage.marked(conn))
        return entries.found, replace(listed, rows=entries.rows, damaged=entries.damaged)

    def _note(self, found: Sequence[tuple[str, int]]) -> None:
        for container_id, hashed in found:
            self._damage.note("containers", container_id, hashed)


def _nothing(_conn: Connection) -> None:
    """Read nothing before a list."""
