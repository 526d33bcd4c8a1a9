"""Readers that resume, fall behind, end; a snapshot that they begin at; what is kept."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from statesvc.app import Services
from statesvc.db import events
from statesvc.db.sqlite import Connection
from statesvc.domain.documents import Config, ContainerCreate
from statesvc.domain.event import Event
from statesvc.errors import Gone
from statesvc.services.journal.retention import AGED_EVENTS, DAY, Limits, Retention
from statesvc.services.journal.service import Place

pytestmark = pytest.mark.anyio


def put(conn: Connection, first: int, behind: int, *, time: int = 1) -> None:
    for n in range(first, behind):
        events.append(conn, Event("test", "take", str(n), time))


async def numbers(pages: AsyncIterator[list[Event]]) -> list[int]:
    return [event.seq async for page in pages for event in page]


def retention(services: Services, *, keep: int = 10**9, days: int = 10**5, now: int = 0) -> Retention:
    return Retention(services.database, lambda: now, Limits(keep, days * DAY))


async def passes(aged: Retention) -> int:
    """Trim until nothing is left to remove: one pass removes only some of what is too old."""
    gone = 0
    while removed := await aged.trim():
        assert removed <= AGED_EVENTS
        gone += removed
    return gone


async def test_a_reader_goes_on_behind_what_it_has_seen(services: Services) -> None:
    await services.database.write(put, 1, 451)
    first = await services.journal.place(None, follow=False)
    assert await numbers(services.journal.resume(first)) == list(range(1, 451))
    rest = await services.journal.place(449, follow=False)
    assert await numbers(services.journal.resume(rest)) == [450]


async def test_what_is_committed_meanwhile_follows_what_was_recorded(services: Services) -> None:
    await services.database.write(put, 1, 251)
    place = await services.journal.place(0, until=600)
    readers = [asyncio.create_task(numbers(services.journal.resume(place))) for _ in range(5)]
    for first in range(251, 601, 7):
        await services.database.write(put, first, min(first + 7, 601))
    assert await asyncio.gather(*readers) == [list(range(1, 601))] * 5


async def test_a_reader_at_its_end_gets_nothing_and_ends(services: Services) -> None:
    await services.database.write(put, 1, 4)
    for place in (await services.journal.place(3, follow=False), await services.journal.place(2, until=2)):
        assert await numbers(services.journal.resume(place)) == []


async def test_an_empty_journal_can_be_followed(services: Services) -> None:
    reader = asyncio.create_task(numbers(services.journal.resume(await services.journal.place(0, until=1))))
    await services.database.write(put, 1, 2)
    assert await reader == [1]


async def test_a_place_before_the_oldest_event_is_gone_and_the_error_names_it(services: Services) -> None:
    await services.database.write(put, 1, 101)
    assert await retention(services, keep=10).trim() == 90
    with pytest.raises(Gone, match="the oldest is 91") as gone:
        await services.journal.place(89)
    assert gone.value.oldest == 91
    for after in (90, None):
        place = await services.journal.place(after, follow=False)
        assert await numbers(services.journal.resume(place)) == list(range(91, 101))


async def test_a_place_behind_the_newest_event_is_gone_as_the_journal_was_put_back(services: Services) -> None:
    await services.database.write(put, 1, 3)
    with pytest.raises(Gone, match="ends at event 2"):
        await services.journal.place(3)


async def test_a_reader_that_falls_behind_what_is_kept_is_told_so(services: Services) -> None:
    await services.database.write(put, 1, 1_001)
    pages = services.journal.resume(Place(0))
    assert (await anext(pages))[0].seq == 1
    await retention(services, keep=100).trim()
    with pytest.raises(Gone) as gone:
        await anext(pages)
    assert gone.value.oldest == 901


async def test_a_reader_that_falls_behind_while_it_follows_is_told_so(services: Services) -> None:
    await services.database.write(put, 1, 3)
    pages = services.journal.resume(Place(0))
    await anext(pages)
    following = asyncio.create_task(anext(pages))  # type: ignore[arg-type]
    await services.database.write(put, 3, 4)
    assert [event.seq for event in await following] == [3]
    await services.database.write(put, 4, 401)
    await retention(services, keep=5).trim()
    with pytest.raises(Gone):
        await anext(pages)


async def test_a_snapshot_and_the_events_behind_its_number_are_the_whole_truth(services: Services) -> None:
    before = await services.containers.create("before", ContainerCreate(config=Config(Cmd=["true"])))
    snapshot = await services.listing.snapshot()
    after = await services.containers.create("after", ContainerCreate(config=Config(Cmd=["true"])))
    assert [row.id for row in snapshot.listed.rows] == [before.id]
    place = await services.journal.place(snapshot.seq, follow=False)
    pages = [page async for page in services.journal.resume(place)]
    assert [event.actor_id for page in pages for event in page] == [after.id]


async def test_old_events_go_and_the_newest_stays_so_that_no_number_comes_twice(services: Services) -> None:
    await services.database.write(put, 1, 501, time=DAY)
    assert await passes(retention(services, days=1, now=3 * DAY)) == 499
    assert await services.database.read(events.ends) == (500, 500)
    await services.database.write(put, 1, 2, time=3 * DAY)
    assert await services.database.read(events.ends) == (500, 501)
    assert await retention(services, days=1, now=3 * DAY).trim() == 1


async def test_an_old_event_behind_a_young_one_stays_so_that_the_journal_has_no_hole(services: Services) -> None:
    await services.database.write(put, 1, 3, time=5 * DAY)
    await services.database.write(put, 3, 6, time=DAY)  # the clock was put back
    assert await retention(services, days=1, now=5 * DAY).trim() == 0


async def test_what_is_within_both_limits_is_kept(services: Services) -> None:
    await services.database.write(put, 1, 11, time=DAY)
    assert await retention(services, keep=10, days=1, now=2 * DAY).trim() == 0


async def test_readers_are_counted_while_they_read(services: Services) -> None:
    pages = services.journal.resume(Place(0))
    await services.database.write(put, 1, 2)
    await anext(pages)
    assert services.journal.readers == 1
    await pages.aclose()  # type: ignore[attr-defined]
    assert services.journal.readers == 0
