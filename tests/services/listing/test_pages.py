"""Long lists in pages: one snapshot, as fast as their reader, and never ahead of small ones. Held by counts."""

import asyncio
import json
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from damage import lawless
from many_containers import clone

from statesvc.api.listing import rendered
from statesvc.api.usage import UsageApi
from statesvc.app import Services
from statesvc.db.containers.listing import FIRST_ROWS, PAGE_ROWS
from statesvc.db.database import Database
from statesvc.db.readings import Page
from statesvc.db.sqlite import Connection
from statesvc.domain.documents import Config, ContainerCreate
from statesvc.domain.limits import LIMITS
from statesvc.errors import Unavailable
from statesvc.services.listing.query import Listed, ListQuery
from statesvc.services.usage import DiskUsage

pytestmark = pytest.mark.anyio

EVERY = ListQuery(all=True)
COPIES = FIRST_ROWS + 5 * PAGE_ROWS + 7
NAMED = ListQuery(all=True, filters={"name": ("^/web-7$",)})


@pytest.fixture
async def many(services: Services) -> Services:
    """A database with more containers than one page has."""
    await services.containers.create("web", ContainerCreate(config=Config(Cmd=["x"], Labels={"tier": "front"})))
    clone(services.site.data_root, "web", COPIES)
    return services


@dataclass
class Rendered:
    """Renders pages, and notes how many rows each has."""

    pages: list[int] = field(default_factory=list)

    def __call__(self, listed: Listed) -> bytes:
        self.pages.append(len(listed.rows))
        return rendered(0)(listed)


async def whole(services: Services, query: ListQuery = EVERY) -> list[Any]:
    pages = await services.listing.index(query, rendered(0))
    parts = [pages.first, *[part async for part in pages.rest()]]
    shown: list[Any] = json.loads(b"[" + b",".join(parts) + b"]")
    return shown


async def test_a_long_list_has_each_container_once_the_newest_first(many: Services) -> None:
    names = [entry["Names"][0] for entry in await whole(many)]
    assert names == [f"/web-{number}" for number in range(COPIES, 0, -1)] + ["/web"]


async def test_so_many_rows_are_read_and_no_more_until_the_next_page_is_asked_for(many: Services) -> None:
    render = Rendered()
    pages = await many.listing.index(EVERY, render)
    rest = pages.rest()
    assert render.pages == [FIRST_ROWS]
    await anext(rest)
    assert render.pages == [FIRST_ROWS, PAGE_ROWS]
    await asyncio.sleep(0.05)
    assert render.pages == [FIRST_ROWS, PAGE_ROWS]
    assert [len(json.loads(b"[%b]" % page)) async for page in rest][:-1] == [PAGE_ROWS] * 4
    assert sum(render.pages) == COPIES + 1


async def test_a_page_ends_when_it_is_large_whatever_its_number_of_rows(many: Services) -> None:
    with lawless(many.site.data_root) as raw:
        raw.execute("UPDATE containers SET summary = replace(summary, 'front', ?)", ("x" * 100_000,))
    render = Rendered()
    pages = await many.listing.index(EVERY, render)
    await anext(pages.rest())
    pages.close()
    assert render.pages == [11, 3]


async def test_a_list_is_of_one_state_whatever_changes_meanwhile(many: Services) -> None:
    pages = await many.listing.index(EVERY, rendered(0))
    await many.containers.remove("web")
    await many.containers.create("new", ContainerCreate(config=Config(Cmd=["x"])))
    shown = pages.first + b"".join([part async for part in pages.rest()])
    assert b'["/web"]' in shown
    assert b'["/new"]' not in shown


@pytest.mark.parametrize("ends", ["read", "closed", "begun and closed"])
async def test_a_snapshot_is_given_back(many: Services, ends: str) -> None:
    pages = await many.listing.index(EVERY, rendered(0))
    assert many.database.lists == 1
    if ends == "read":
        assert [part async for part in pages.rest()]
    elif ends == "begun and closed":
        rest = pages.rest()
        await anext(rest)
        await rest.aclose()
    pages.close()
    assert many.database.lists == 0
    await asyncio.to_thread(checkpointed, many)


def checkpointed(services: Services) -> None:
    """Assert that nobody holds a snapshot: the whole log can be moved into the file."""
    with lawless(services.site.data_root) as raw:
        raw.execute("UPDATE service_state SET current_version = current_version")
    with lawless(services.site.data_root) as raw:
        raw.execute("COMMIT")
        busy, frames, moved = raw.execute("PRAGMA wal_checkpoint(FULL)").fetchone()
        assert (busy, frames) == (0, moved)
        raw.execute("BEGIN")


async def test_text_that_is_not_utf_8_in_a_later_page_is_shown_as_damage(many: Services) -> None:
    with lawless(many.site.data_root) as raw:
        raw.execute("UPDATE container_names SET name = CAST(x'776562e9' AS TEXT) WHERE name = 'web-3'")
    shown = await whole(many)
    assert len(shown) == COPIES + 1
    assert [entry["Status"].startswith("Damaged: container_names") for entry in shown].count(True) == 1


async def test_small_lists_have_their_turn_between_the_pages_of_long_ones(many: Services) -> None:
    render, small = Rendered(), Rendered()

    async def read_for_ever() -> None:
        while True:
            pages = await many.listing.index(EVERY, render)
            async for _ in pages.rest():
                pass

    readers = [asyncio.create_task(read_for_ever()) for _ in range(8)]
    while len(render.pages) < 50:  # noqa: ASYNC110 - the pages are made in threads
        await asyncio.sleep(0)
    made = []
    for _ in range(40):
        before = len(render.pages)
        await many.listing.index(NAMED, small)
        made.append(len(render.pages) - before)
    for reader in readers:
        reader.cancel()
    await asyncio.gather(*readers, return_exceptions=True)
    assert small.pages == [1] * 40
    # Whoever waits behind lists waits for all of their pages: here for 8 times 6, at least.
    assert sorted(made)[-4] <= 16


async def test_the_event_loop_has_its_turn_between_two_pages(many: Services) -> None:
    render, turns = Rendered(), []

    async def read() -> None:
        pages = await many.listing.index(EVERY, render)
        async for _ in pages.rest():
            pass

    readers = [asyncio.create_task(read()) for _ in range(8)]
    while not all(reader.done() for reader in readers):
        before = len(render.pages)
        await asyncio.sleep(0)
        turns.append(len(render.pages) - before)
    assert len(render.pages) == 8 * 7
    assert max(turns) <= 8  # a page of each, at most
    assert max(render.pages) == FIRST_ROWS


@pytest.fixture
async def narrow(services: Services) -> AsyncIterator[Database]:
    """A database with limits that are met at once."""
    limits = replace(LIMITS, lists=2, list_seconds=0.2, scans=8, writes=3)
    opened = Database(services.database.path, limits=limits)
    yield opened
    opened.close()


def numbers(_conn: Connection) -> Iterator[Page[int]]:
    for number in range(5):
        yield Page(number, is_last=number == 4)


async def test_a_reader_that_is_too_slow_is_cut_off_and_holds_no_snapshot(narrow: Database) -> None:
    reading = await narrow.pages(numbers)
    rest = reading.rest()
    assert (reading.first, await anext(rest)) == (0, 1)
    await asyncio.sleep(0.4)
    assert narrow.lists == 0
    with pytest.raises(Unavailable, match=r"not read in 0\.2 s"):
        await anext(rest)


async def test_a_list_that_is_cancelled_on_its_first_page_holds_no_snapshot(narrow: Database) -> None:
    begun, release = threading.Event(), threading.Event()

    def slow(conn: Connection) -> Iterator[Page[int]]:
        begun.set()
        release.wait(10)
        yield from numbers(conn)

    reading = asyncio.create_task(narrow.pages(slow))
    await asyncio.to_thread(begun.wait, 10)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert narrow.readings()[0] == 1
    release.set()
    await asyncio.sleep(0.2)
    assert narrow.readings()[0] == 0


async def test_so_many_long_lists_are_read_at_once(narrow: Database) -> None:
    readings = [await narrow.pages(numbers) for _ in range(2)]
    with pytest.raises(Unavailable, match="too many long lists"):
        await narrow.pages(numbers)
    assert narrow.lists == 2
    readings[0].close()
    assert [number async for number in (await narrow.pages(numbers)).rest()] == [1, 2, 3, 4]


async def test_so_many_reads_wait_and_short_ones_do_not_wait_for_long_ones(narrow: Database) -> None:
    release = threading.Event()
    waiting = [asyncio.create_task(narrow.scan_long(lambda _: release.wait(10))) for _ in range(8)]
    await asyncio.sleep(0)
    with pytest.raises(Unavailable, match="too many long reads"):
        await narrow.scan_long(lambda _: None)
    assert await narrow.scan(lambda _: "short") == "short"
    assert [number async for number in (await narrow.pages(numbers, is_long=False)).rest()] == [1, 2, 3, 4]
    release.set()
    assert await asyncio.gather(*waiting) == [True] * 8


async def test_so_many_changes_wait_for_the_writer(narrow: Database) -> None:
    release, begun = threading.Event(), threading.Event()

    def slow(_conn: Connection) -> None:
        begun.set()
        release.wait(10)

    first = asyncio.create_task(narrow.write(slow))
    await asyncio.to_thread(begun.wait, 10)
    waiting = [asyncio.create_task(narrow.write(lambda _: None)) for _ in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(Unavailable, match="too many changes wait"):
        await narrow.write(lambda _: None)
    release.set()
    await asyncio.gather(first, *waiting)


async def test_a_stop_does_not_wait_for_a_long_read(services: Services) -> None:
    opened = Database(services.database.path)
    forever = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    reading = asyncio.create_task(opened.scan_long(lambda c: c.exec_driver_sql(forever).fetchone()))
    await asyncio.sleep(0.1)
    await asyncio.wait_for(asyncio.to_thread(opened.close), 5)
    with pytest.raises(Unavailable):
        await reading


async def test_threads_give_way_sooner_only_while_long_lists_are_read(many: Services) -> None:
    before = sys.getswitchinterval()
    first, second = [await many.listing.index(EVERY, rendered(0)) for _ in range(2)]
    assert sys.getswitchinterval() < before / 10
    first.close()
    assert sys.getswitchinterval() < before / 10
    second.close()
    assert sys.getswitchinterval() == before


@dataclass
class Asked:
    """What is asked of the disk usage: its types, in a version of the API."""

    types: list[str]
    version: Any = (1, 51)

    def values(self, _key: str) -> list[str]:
        return self.types


async def test_the_usage_without_containers_reads_no_list_of_them(
    many: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    call: Any = Asked(["image", "volume"])
    api = UsageApi(DiskUsage(many.database, many.listing), many.site.clock)
    monkeypatch.delattr(Database, "pages")  # a list of containers would fail
    answer = await api.df(call)
    assert answer.status == 200


async def test_a_usage_that_cannot_be_rendered_gives_its_snapshot_back(
    many: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    call: Any = Asked([])
    monkeypatch.setattr("statesvc.api.usage._volumes", lambda _usage: object())
    with pytest.raises(TypeError):
        await UsageApi(DiskUsage(many.database, many.listing), many.site.clock).df(call)
    assert many.database.lists == 0
