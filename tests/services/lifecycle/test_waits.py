import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from statesvc.app import Services
from statesvc.db import events
from statesvc.db.containers import rows as containers
from statesvc.db.containers import waits as waiting
from statesvc.db.sqlite import Connection
from statesvc.domain.documents import Config, ContainerCreate
from statesvc.domain.event import Event
from statesvc.errors import InvalidParameter, NotFound
from statesvc.services.lifecycle.waits import Exit, Until, Wait

pytestmark = pytest.mark.anyio


def write(conn: Connection, container_id: str, columns: str, action: str = "", **attributes: str) -> None:
    """Change a row and write an event about it, in one transaction, as an engine's report does."""
    conn.exec_driver_sql(f"UPDATE containers SET {columns} WHERE id = '{container_id}'")
    revision = containers.touch(conn, container_id)
    if action:
        events.append(conn, Event("container", action, container_id, 0, attributes, revision))


async def started(services: Services, name: str = "web") -> str:
    created = await services.containers.create(name, ContainerCreate(config=Config(Cmd=["x"])))
    await services.database.write(write, created.id, "state = 'running', started_at = 1, pid = 7", "start")
    return created.id


async def exited(services: Services, container_id: str, code: int, *, at: int = 2) -> None:
    columns = f"state = 'exited', exit_code = {code}, finished_at = {at}, pid = 0"
    await services.database.write(write, container_id, columns, "die", exitCode=str(code))


async def waited(services: Services, wait: Wait, task: "asyncio.Task[Exit | None] | None" = None) -> Exit | None:
    return await asyncio.wait_for(task or services.waiting.end(wait), 20)


async def asleep(services: Services, wait: Wait) -> "asyncio.Task[Exit | None]":
    """Return a wait that has looked and found nothing to tell."""
    task = asyncio.create_task(services.waiting.end(wait))
    await services.database.write(lambda _conn: None)  # to the writer and back: the wait has looked meanwhile
    assert wait.began.id in services.waiting._waiters
    assert not task.done()
    return task


@pytest.mark.parametrize("until", [Until.NOT_RUNNING, Until.NEXT_EXIT, Until.REMOVED])
async def test_one_that_ends_and_is_removed_between_two_looks_ended_as_it_did(
    services: Services, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The journal was read before the end, the row after the removal: the code was that of the run before."""
    container = await started(services)
    wait = await services.waiting.begin("web", until)
    ask, asked = services.database.read, 0

    async def then_end(unit: Any, *args: Any) -> Any:
        nonlocal asked
        answer = await ask(unit, *args)
        asked += unit in {waiting.endings, waiting.current_state}
        if asked == 1:
            asked += 1
            await exited(services, container, 3)
            await services.containers.remove("web")
        return answer

    monkeypatch.setattr(services.database, "read", then_end)
    assert await waited(services, wait) == Exit(3)


@pytest.mark.parametrize("reference", ["nosuch", ""])
async def test_what_is_not_there_is_not_waited_for(services: Services, reference: str) -> None:
    with pytest.raises((NotFound, InvalidParameter)):
        await services.waiting.begin(reference, Until.REMOVED)


async def test_one_that_does_not_run_is_over_at_once(services: Services) -> None:
    container = await started(services)
    await exited(services, container, 137)
    wait = await services.waiting.begin("web", Until.NOT_RUNNING)
    assert await waited(services, wait) == Exit(137)


async def test_a_start_that_failed_is_told(services: Services) -> None:
    container = await started(services)
    await services.database.write(write, container, "state = 'created', exit_code = 127, error = 'no such file'")
    wait = await services.waiting.begin("web", Until.NOT_RUNNING)
    assert await waited(services, wait) == Exit(127, "no such file")


@pytest.mark.parametrize("looks", [True, False], ids=["seen", "at once"])
@pytest.mark.parametrize("until", [Until.REMOVED, Until.NEXT_EXIT])
async def test_a_removal_after_a_start_that_failed_tells_the_code_and_no_error(
    services: Services, until: Until, *, looks: bool
) -> None:
    container = (await services.containers.create("web", ContainerCreate(config=Config(Cmd=["x"])))).id
    wait = await services.waiting.begin("web", until)
    task = await asleep(services, wait) if looks else None
    failed = "exit_code = 127, error = 'no such file'"
    await services.database.write(write, container, failed, "start_failed", exitCode="127")
    if looks:
        await services.database.write(lambda _conn: None)
    await services.containers.remove("web")
    assert await waited(services, wait, task) == Exit(127)


@pytest.mark.parametrize("until", [Until.NOT_RUNNING, Until.NEXT_EXIT])
async def test_an_exit_ends_the_wait_with_its_code(services: Services, until: Until) -> None:
    container = await started(services)
    wait = await services.waiting.begin("web", until)
    task = await asleep(services, wait)
    await exited(services, container, 3)
    assert await waited(services, wait, task) == Exit(3)


async def test_the_next_exit_of_one_that_does_not_run_is_still_to_come(services: Services) -> None:
    container = await started(services)
    await exited(services, container, 1)
    wait = await services.waiting.begin("web", Until.NEXT_EXIT)
    task = await asleep(services, wait)
    await services.database.write(write, container, "state = 'running', exit_code = 0", "start")
    await exited(services, container, 5, at=3)
    assert await waited(services, wait, task) == Exit(5)


async def test_an_exit_is_not_missed_when_the_container_runs_again_at_once(services: Services) -> None:
    container = await started(services)
    wait = await services.waiting.begin("web", Until.NEXT_EXIT)

    def exit_and_start(conn: Connection) -> None:
        write(conn, container, "state = 'exited', exit_code = 9, finished_at = 2", "die", exitCode="9")
        write(conn, container, "state = 'running', exit_code = 0", "start")

    await services.database.write(exit_and_start)
    assert await waited(services, wait) == Exit(9)


async def test_an_exit_without_an_event_is_seen_at_the_next_look(services: Services) -> None:
    container = await started(services)
    wait = await services.waiting.begin("web", Until.NEXT_EXIT)
    columns = "state = 'exited', exit_code = 4, finished_at = 2"
    await services.database.write(write, container, columns, "report")
    assert await waited(services, wait) == Exit(4)


async def test_a_removal_ends_the_wait_with_the_code_of_the_last_exit(services: Services) -> None:
    container = await started(services)
    wait = await services.waiting.begin("web", Until.REMOVED)
    task = await asleep(services, wait)
    await exited(services, container, 6)
    await services.containers.remove("web")
    assert await waited(services, wait, task) == Exit(6)


async def test_an_exit_alone_does_not_end_the_wait_for_a_removal(services: Services) -> None:
    container = await started(services)
    wait = await services.waiting.begin("web", Until.REMOVED)
    await exited(services, container, 6)
    task = await asleep(services, wait)
    await services.containers.remove("web")
    assert await waited(services, wait, task) == Exit(6)


@pytest.mark.parametrize("until", list(Until))
async def test_who_waits_for_anything_learns_of_the_removal(services: Services, until: Until) -> None:
    await services.containers.create("web", ContainerCreate(config=Config(Cmd=["x"])))
    wait = await services.waiting.begin("web", until)
    await services.containers.remove("web")
    assert await waited(services, wait) == Exit(0)


async def test_very_many_wait_and_only_those_are_woken_whom_it_concerns(services: Services) -> None:
    one, other = await started(services), await started(services, "other")
    waits = [await services.waiting.begin("web", Until.NOT_RUNNING) for _ in range(500)]
    tasks = [asyncio.create_task(services.waiting.end(wait)) for wait in waits]
    bystander = await asleep(services, await services.waiting.begin("other", Until.NOT_RUNNING))
    await exited(services, one, 2)
    assert set(await asyncio.wait_for(asyncio.gather(*tasks), 20)) == {Exit(2)}
    assert not bystander.done()
    await exited(services, other, 1)
    assert await asyncio.wait_for(bystander, 20) == Exit(1)


async def test_who_goes_away_leaves_nothing_behind(services: Services) -> None:
    await started(services)
    task = await asleep(services, await services.waiting.begin("web", Until.NOT_RUNNING))
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert services.waiting._waiters == {}


async def test_a_wait_begins_again_after_all_others_have_gone(services: Services) -> None:
    container = await started(services)
    first = await asleep(services, await services.waiting.begin("web", Until.NOT_RUNNING))
    await exited(services, container, 1)
    await asyncio.wait_for(first, 20)
    await services.database.write(write, container, "state = 'running'", "start")
    second = await asleep(services, await services.waiting.begin("web", Until.NOT_RUNNING))
    await exited(services, container, 2, at=3)
    assert await asyncio.wait_for(second, 20) == Exit(2)


async def test_a_stop_of_the_service_ends_every_wait_without_an_answer(services: Services) -> None:
    await started(services)
    task = await asleep(services, await services.waiting.begin("web", Until.NOT_RUNNING))
    services.end_streams()
    assert await asyncio.wait_for(task, 20) is None


async def test_figures_of_one_that_stands_still_come_until_it_lives(services: Services) -> None:
    created = await services.containers.create("web", ContainerCreate(config=Config(Cmd=["x"])))
    ticks: AsyncIterator[None] = services.waiting.ticks(created.id, 0.01)
    for _ in range(3):
        await anext(ticks)
    await services.database.write(write, created.id, "state = 'running'", "start")
    with pytest.raises(StopAsyncIteration):
        await anext(ticks)


async def test_the_ends_of_a_container_are_searched_behind_a_number(services: Services) -> None:
    def plan(conn: Connection) -> list[str]:
        sql = f"EXPLAIN QUERY PLAN {waiting.ENDINGS.sql}"
        return [row[3] for row in conn.exec_driver_sql(sql, ("a",) * waiting.ENDINGS.sql.count("?"))]

    assert await services.database.scan(plan) == ["SEARCH events USING INTEGER PRIMARY KEY (rowid>?)"]
