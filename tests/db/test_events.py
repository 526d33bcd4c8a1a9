import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
from sqlalchemy import update

from statesvc.db import events
from statesvc.db.database import Database
from statesvc.db.schema.tables import containers as table
from statesvc.db.sqlite import Connection
from statesvc.domain import asker
from statesvc.domain.asker import Asker
from statesvc.domain.event import Event

pytestmark = pytest.mark.anyio
Make = Callable[..., str]
DOCKER = Asker(4711, 1000, 100, "docker/26.1.5 (linux)")


@pytest.fixture
async def database(database_file: Path) -> AsyncIterator[Database]:
    opened = Database(database_file)
    yield opened
    opened.close()


def happened(actor: str, action: str = "update", **more: object) -> Event:
    return Event("container", action, actor, 1, **{"revision": 1} | more)  # type: ignore[arg-type]


def test_an_event_carries_the_row_of_its_container_after_the_change(conn: Connection, make: Make) -> None:
    web = make("web")
    conn.execute(update(table).where(table.c.id == web).values(state="exited", exit_code=3, error="no »disk«"))
    events.append(conn, happened(web))
    (event,) = events.after(conn, 0)
    assert event.values
    assert event.values["name"] == "web"
    assert (event.values["state"], event.values["exit_code"], event.values["error"]) == ("exited", 3, "no »disk«")
    assert event.values["started_at"] is None


def test_the_row_in_an_event_has_every_column_that_can_change(conn: Connection, make: Make) -> None:
    fixed = {"id", "image", "image_id", "path", "args", "driver", "os", "managed", "origin", "created_at"}
    kept_elsewhere = {"summary", "revision"}  # rendered from what never changes; a column of the event
    events.append(conn, happened(make("web")))
    (event,) = events.after(conn, 0)
    assert event.values
    assert event.values.keys() == {column.name for column in table.columns} - fixed - kept_elsewhere | {"name"}


def test_the_last_event_of_a_container_and_an_event_about_another_thing_have_no_row(
    conn: Connection, make: Make
) -> None:
    events.append(conn, happened(make("web"), "destroy"))
    events.append(conn, Event("image", "tag", "sha256:1", 1))
    events.append(conn, Event("container", "prune", "", 1))
    assert [event.values for event in events.after(conn, 0)] == [None, None, None]


async def test_a_unit_notes_who_asked_for_it(database: Database) -> None:
    async def ask(by: Asker) -> None:
        asker.current.set(by)
        await database.write(events.append, Event("test", "take", str(by.pid), 1))

    await asyncio.gather(*(asyncio.create_task(ask(Asker(pid, 0, 0, f"agent {pid}"))) for pid in range(50)))
    await database.write(events.append, Event("test", "take", "nobody", 1))
    found = await database.scan(events.after, 0)
    assert {event.actor_id: event.asker for event in found} == {
        str(pid): Asker(pid, 0, 0, f"agent {pid}") for pid in range(50)
    } | {"nobody": None}


def test_a_page_ends_where_its_labels_are_large(conn: Connection) -> None:
    for seq in range(1, 6):
        events.append(conn, Event("test", "take", str(seq), 1, {"label": "x" * (events.PAGE_BYTES // 2)}))
    assert [event.seq for event in events.after(conn, 0)] == [1, 2]
    assert [event.seq for event in events.after(conn, 2, last=3)] == [3]


def test_the_ends_of_the_journal_are_zero_without_events(conn: Connection) -> None:
    assert events.ends(conn) == (0, 0)
    events.append(conn, Event("test", "take", "x", 1))
    events.append(conn, Event("test", "take", "x", 1))
    assert (events.ends(conn), events.last(conn)) == ((1, 2), 2)


def test_no_reader_of_the_journal_searches_the_whole_of_it(conn: Connection) -> None:
    for statement in (events.ENDS, events.AFTER):
        plan = [
            row[-1]
            for row in conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement.sql}", (1,) * statement.sql.count("?"))
        ]
        assert any(step.startswith("SEARCH events") for step in plan), plan
        assert not any(step.startswith("SCAN events") for step in plan), plan
