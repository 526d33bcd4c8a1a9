"""Very many followers of the journal: what they read is rendered once, and they are woken a few at a time."""

import asyncio
from typing import Any

import pytest

from statesvc.api.events import EventsApi
from statesvc.app import Services
from statesvc.domain.event import Event
from statesvc.domain.event_filters import EventFilter
from statesvc.services.journal.service import WOKEN_AT_ONCE, Span

pytestmark = pytest.mark.anyio


async def test_a_page_is_filtered_and_rendered_once_for_all_with_the_same_filters(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[EventFilter] = []
    includes = EventFilter.includes

    def counted(wanted: EventFilter, event: Event) -> bool:
        asked.append(wanted)
        return includes(wanted, event)

    monkeypatch.setattr(EventFilter, "includes", counted)
    api = EventsApi(services.journal, services.listing, services.site.clock)
    kinds: list[dict[str, tuple[str, ...]]] = [{}, {"type": ("container",)}, {"type": ("image",)}]
    streams = [api._stream(Span(), EventFilter(dict(kinds[number % 3]))) for number in range(60)]
    assert [await anext(stream) for stream in streams] == [b""] * 60
    shown = [asyncio.create_task(anext(stream)) for stream in streams]
    await asyncio.sleep(0)
    await services.database.write(put, "start")
    done, _ = await asyncio.wait(shown, timeout=2)
    assert len(done) == 40
    assert len({task.result() for task in done}) == 1
    assert len(asked) == 3
    for task in shown:
        task.cancel()
    await asyncio.gather(*shown, return_exceptions=True)


async def test_pages_are_kept_only_as_long_as_followers_share_them(services: Services) -> None:
    await services.database.write(lambda conn: [put(conn, "start") for _ in range(450)] and None)
    api = EventsApi(services.journal, services.listing, services.site.clock)
    nothing = EventFilter({"type": ("none",)})
    history = api._stream(Span(since=0, until=services.site.clock()), nothing)
    assert [part async for part in history] == [b""]
    assert not api._docker_s._kept
    reader = asyncio.create_task(anext(stream := api._stream(Span(), nothing)))
    assert await reader == b""
    following = asyncio.create_task(anext(stream))
    while not services.journal.readers:  # noqa: ASYNC110 - it begins by itself
        await asyncio.sleep(0)
    for number in range(30):
        await services.database.write(put, "start")
        while services.journal._ended[0] < 451 + number:  # noqa: ASYNC110 - it reads by itself
            await asyncio.sleep(0)
    kept = [page for page, _ in api._docker_s._kept.values()]
    assert 1 <= len(kept) <= 8
    assert all(services.journal.is_shared(page) for page in kept)
    following.cancel()
    await asyncio.gather(following, return_exceptions=True)


async def test_followers_are_woken_a_few_at_a_time(services: Services) -> None:
    woken: list[int] = []

    async def follow(number: int) -> None:
        async for _ in services.journal.follow(Span()):
            woken.append(number)  # noqa: PERF401 - each when it is woken

    followers = [asyncio.create_task(follow(number)) for number in range(10 * WOKEN_AT_ONCE)]
    while services.journal.readers < len(followers):  # noqa: ASYNC110 - they begin by themselves
        await asyncio.sleep(0)
    await asyncio.sleep(0.1)
    await services.database.write(put, "start")
    turns = []
    while len(woken) < len(followers):
        before = len(woken)
        await asyncio.sleep(0)
        turns.append(len(woken) - before)
    assert max(turns) <= 2 * WOKEN_AT_ONCE
    for follower in followers:
        follower.cancel()
    await asyncio.gather(*followers, return_exceptions=True)


def put(conn: Any, action: str) -> None:
    conn.exec_driver_sql(
        "INSERT INTO events (time, type, action, actor_id, attributes) VALUES (1, 'container', ?, 'x', '{}')", (action,)
    )
