import asyncio

import pytest

from statesvc.app import Services
from statesvc.db import events
from statesvc.domain.documents import Config, ContainerCreate
from statesvc.domain.event import Event
from statesvc.errors import InvalidParameter, NotFound
from statesvc.services import pruning
from statesvc.services.pruning import Pruning

pytestmark = pytest.mark.anyio


async def create(services: Services, name: str, **labels: str) -> str:
    return (await services.containers.create(name, ContainerCreate(config=Config(Cmd=["x"], Labels=labels)))).id


async def change(services: Services, statement: str) -> None:
    await services.database.write(lambda conn: conn.exec_driver_sql(statement) and None)


async def journal(services: Services) -> list[Event]:
    return await services.database.scan(events.after, 0, 10_000)


@pytest.fixture
def prune(services: Services) -> Pruning:
    return Pruning(services.database, services.site)


async def test_what_does_not_run_goes_with_an_event_each_and_one_for_all(services: Services, prune: Pruning) -> None:
    first, second = await create(services, "one"), await create(services, "two")
    assert await prune.containers({}) == [second, first]
    told = [(event.action, event.actor_id, event.attributes.get("name")) for event in (await journal(services))[2:]]
    assert told == [("destroy", second, "two"), ("destroy", first, "one"), ("prune", "", None)]
    assert (await journal(services))[-1].attributes == {"reclaimed": "0"}


@pytest.mark.parametrize("state", ["running", "paused", "restarting", "removing"])
async def test_what_lives_or_is_being_removed_stays(services: Services, prune: Pruning, state: str) -> None:
    kept = await create(services, "kept")
    gone = await create(services, "gone")
    await change(services, f"UPDATE containers SET state = '{state}' WHERE id = '{kept}'")
    assert await prune.containers({}) == [gone]
    assert (await services.containers.find("kept")).id == kept


@pytest.mark.parametrize(
    ("filters", "gone"),
    [
        ({"label": ("a",)}, ["both", "one"]),
        ({"label": ("a=1", "b")}, ["both"]),
        ({"label!": ("a",)}, ["none"]),
        ({"label!": ("a=1", "b")}, ["none", "one"]),
        ({"label": ("a",), "label!": ("b",)}, ["one"]),
        ({"label!": ()}, []),
        ({"label": ()}, ["both", "none", "one"]),
        ({"until": ("1h",)}, []),
        ({"until": ("1699999999",)}, []),
        ({"until": ("2023-11-14T22:13:22Z",)}, ["one"]),
        ({"until": ("2100-01-01",), "label": ("b=2",)}, ["both"]),
    ],
    ids=str,
)
async def test_filters_choose_what_goes(
    services: Services, prune: Pruning, filters: dict[str, tuple[str, ...]], gone: list[str]
) -> None:
    ids = {
        await create(services, "one", a="1"): "one",
        await create(services, "both", a="1", b="2"): "both",
        await create(services, "none"): "none",
    }
    assert sorted(ids[found] for found in await prune.containers(filters)) == gone


@pytest.mark.parametrize("filters", [{"until": ("bogus",)}, {"until": ("1h", "2h")}, {"label": ("x",) * 2 + ("y",)}])
async def test_a_filter_that_cannot_be_understood_removes_nothing(
    services: Services, prune: Pruning, filters: dict[str, tuple[str, ...]]
) -> None:
    await create(services, "kept")
    if "until" in filters:
        with pytest.raises(InvalidParameter):
            await prune.containers(filters)
    else:
        assert await prune.containers(filters) == []
    assert (await services.containers.find("kept")).name == "kept"


async def test_many_at_once_remove_each_container_once(services: Services, prune: Pruning) -> None:
    made = [await create(services, f"many{number}") for number in range(250)]
    removed = await asyncio.gather(*(prune.containers({}) for _ in range(8)))
    assert sorted(found for part in removed for found in part) == sorted(made)
    actions = [event.action for event in await journal(services)]
    assert (actions.count("destroy"), actions.count("prune")) == (250, 8)


async def test_one_that_changes_after_it_was_chosen_is_kept(services: Services) -> None:
    kept, gone = await create(services, "kept"), await create(services, "gone")
    chosen = await services.database.scan(pruning.choose, [])
    await services.containers.rename("kept", "changed")
    assert await services.database.write(pruning.remove, chosen, 0) == [gone]
    assert (await services.containers.find("changed")).id == kept


async def test_a_pruned_name_is_free(services: Services, prune: Pruning) -> None:
    await create(services, "again")
    await prune.containers({})
    with pytest.raises(NotFound):
        await services.containers.find("again")
    await create(services, "again")
