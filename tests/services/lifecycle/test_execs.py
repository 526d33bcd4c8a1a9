from dataclasses import replace

import pytest
from reporting import brought_to, imported_alive, journal, life, running

from statesvc.app import Services
from statesvc.db.containers import execs
from statesvc.db.sqlite import Connection
from statesvc.domain.state import State
from statesvc.errors import Conflict, InvalidParameter, NotFound, PreconditionFailed
from statesvc.services.lifecycle.execs import ExecConfig
from statesvc.services.lifecycle.reports import Exited
from statesvc.services.processes import Processes

pytestmark = pytest.mark.anyio

CONFIG = ExecConfig("sh", ("-c", "ls /"), tty=True, user="app", open_stdout=True, pid=50)
ID = "e" * 64


async def test_a_process_is_run_by_what_its_container_is_run_by(configured: Services) -> None:
    handle = await running(configured, runtime="wrapped")
    begun = await configured.lifecycle.exec_started("web", "engine-1", CONFIG)
    assert (begun.handle.path, begun.handle.lock) == (handle.path, handle.lock)
    assert begun.handle.revision == handle.revision + 1
    found = await Processes(configured.database, configured.site, configured.damage, configured.waiting).find_exec(
        begun.exec_id
    )
    assert (found.container_id, found.running, found.pid) == (handle.container_id, True, 50)


async def test_begin_and_end_are_told(configured: Services) -> None:
    handle = await running(configured)
    await configured.lifecycle.exec_started("web", "engine-1", CONFIG, exec_id=ID)
    await configured.lifecycle.exec_ended(ID, 3)
    create, start, die = (await journal(configured, handle.container_id))[-3:]
    assert (create.action, start.action, die.action) == (
        "exec_create: sh",
        "exec_start: sh",
        "exec_die",
    )
    assert {event.attributes["execID"] for event in (create, start, die)} == {ID}
    assert die.attributes["exitCode"] == "3"


@pytest.mark.parametrize(
    "config",
    [
        ExecConfig("/bin/mysql", ("-pCANARY", "CANARY")),
        ExecConfig("/bin/mysql -pCANARY"),
        ExecConfig("/bin/mysql\tCANARY"),
    ],
    ids=["arguments", "one-string", "tab"],
)
async def test_an_event_names_the_program_of_an_exec_without_what_may_be_secret(
    configured: Services, config: ExecConfig
) -> None:
    handle = await running(configured)
    begun = await configured.lifecycle.exec_started("web", "engine-1", config)
    await configured.lifecycle.exec_ended(begun.exec_id, 0)
    written = await journal(configured, handle.container_id)
    assert "CANARY" not in repr(written)
    assert [event.action for event in written[-3:-1]] == ["exec_create: /bin/mysql", "exec_start: /bin/mysql"]


async def test_inspect_names_what_runs_only(configured: Services) -> None:
    await running(configured)
    assert (await configured.containers.inspect("web")).execs is None
    await configured.lifecycle.exec_started("web", "engine-1", CONFIG, exec_id=ID)
    assert (await configured.containers.inspect("web")).execs == f'"{ID}"'
    await configured.lifecycle.exec_ended(ID, 0)
    assert (await configured.containers.inspect("web")).execs is None


async def test_both_reports_can_be_repeated(configured: Services) -> None:
    await running(configured)
    begun = await configured.lifecycle.exec_started("web", "engine-1", CONFIG, exec_id=ID)
    assert (
        await configured.lifecycle.exec_started("web", "engine-1", CONFIG, exec_id=ID, expected=frozenset({1})) == begun
    )
    ended = await configured.lifecycle.exec_ended(ID, 0)
    assert await configured.lifecycle.exec_ended(ID, 0, expected=frozenset({1})) == ended
    assert (await life(configured)).revision == begun.handle.revision + 1


@pytest.mark.parametrize("other", [replace(CONFIG, pid=51), replace(CONFIG, entrypoint="ash")])
async def test_an_id_means_one_process(configured: Services, other: ExecConfig) -> None:
    await running(configured)
    await configured.lifecycle.exec_started("web", "engine-1", CONFIG, exec_id=ID)
    with pytest.raises(Conflict, match="is another process already"):
        await configured.lifecycle.exec_started("web", "engine-1", other, exec_id=ID)


async def test_a_process_ends_once(configured: Services) -> None:
    await running(configured)
    await configured.lifecycle.exec_started("web", "engine-1", CONFIG, exec_id=ID)
    await configured.lifecycle.exec_ended(ID, 0)
    with pytest.raises(Conflict, match="ended with 0, not 1"):
        await configured.lifecycle.exec_ended(ID, 1)


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (State.CREATED, "is not running"),
        (State.PAUSED, "Container web is paused, unpause the container before exec"),
        (State.RESTARTING, "is restarting, wait until the container is running"),
        (State.EXITED, "is not running"),
        (State.REMOVING, "is not running"),
        (State.DEAD, "is not running"),
    ],
)
async def test_nothing_begins_in_what_does_not_run(configured: Services, state: State, message: str) -> None:
    before = await brought_to(configured, state)
    with pytest.raises(Conflict, match=message):
        await configured.lifecycle.exec_started("web", "engine-1", CONFIG)
    assert await life(configured) == before


async def test_nothing_begins_in_what_nobody_has_adopted(configured: Services) -> None:
    await imported_alive(configured)
    with pytest.raises(Conflict, match="adopt it first"):
        await configured.lifecycle.exec_started("web", "engine-1", CONFIG)


@pytest.mark.parametrize("exec_id", ["abc", "E" * 64, "e" * 65])
async def test_an_id_has_64_digits(configured: Services, exec_id: str) -> None:
    await running(configured)
    with pytest.raises(InvalidParameter, match="64 hexadecimal digits"):
        await configured.lifecycle.exec_started("web", "engine-1", CONFIG, exec_id=exec_id)


async def test_reports_from_another_revision_are_refused(configured: Services) -> None:
    await running(configured)
    with pytest.raises(PreconditionFailed):
        await configured.lifecycle.exec_started("web", "engine-1", CONFIG, expected=frozenset({1}))
    await configured.lifecycle.exec_started("web", "engine-1", CONFIG, exec_id=ID)
    with pytest.raises(PreconditionFailed):
        await configured.lifecycle.exec_ended(ID, 0, expected=frozenset({1}))


async def test_an_unknown_process_is_not_found(configured: Services) -> None:
    with pytest.raises(NotFound, match=f"No such exec instance: {ID}"):
        await configured.lifecycle.exec_ended(ID, 0)


async def test_nothing_outlives_the_end_of_its_container(configured: Services) -> None:
    await running(configured)
    await configured.lifecycle.exec_started("web", "engine-1", CONFIG, exec_id=ID)
    await configured.lifecycle.exited("web", Exited(0))
    found = await configured.database.read(execs.find, ID)
    assert found is not None
    assert (found.running, found.exit_code) == (False, None)
    await configured.lifecycle.exec_ended(ID, 137)  # the code comes later
    found = await configured.database.read(execs.find, ID)
    assert found is not None
    assert found.exit_code == 137


def age(conn: Connection, exec_id: str) -> None:
    """Have a process ended six minutes earlier."""
    conn.exec_driver_sql(f"UPDATE execs SET ended_at = ended_at - 360000000000 WHERE id = '{exec_id}'")


async def test_what_ended_long_ago_is_forgotten_when_another_begins(configured: Services) -> None:
    await running(configured)
    for number in range(3):
        await configured.lifecycle.exec_started("web", "engine-1", CONFIG, exec_id=f"{number}" * 64)
    await configured.lifecycle.exec_ended("0" * 64, 0)
    await configured.lifecycle.exec_ended("1" * 64, 0)
    await configured.database.write(age, "0" * 64)
    await configured.lifecycle.exec_started("web", "engine-1", CONFIG, exec_id=ID)
    known = [await configured.database.read(execs.find, f"{number}" * 64) for number in range(3)]
    assert [found is not None for found in known] == [False, True, True]


async def test_no_environment_is_kept(configured: Services) -> None:
    await running(configured)
    await configured.lifecycle.exec_started("web", "engine-1", CONFIG, exec_id=ID)
    found = await configured.database.read(execs.find, ID)
    assert found is not None
    assert "env" not in found.process.lower()
