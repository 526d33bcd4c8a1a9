import asyncio
import hashlib
import json

import pytest

from statesvc.app import Services
from statesvc.db import events, images
from statesvc.db.containers.revisions import revisions
from statesvc.db.images import Image
from statesvc.db.sqlite import Connection
from statesvc.domain.documents import Config, ContainerCreate
from statesvc.domain.event import Event
from statesvc.domain.times import render
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
    events = [(event.action, event.actor_id, event.attributes.get("name")) for event in (await journal(services))[2:]]
    assert events == [("destroy", second, "two"), ("destroy", first, "one"), ("prune", "", None)]
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


async def test_what_was_created_after_a_time_stays(services: Services, prune: Pruning) -> None:
    older = await create(services, "older")
    between = render(services.site.clock())
    await create(services, "newer")
    assert await prune.containers({"until": (between,)}) == [older]


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
    chosen = await services.database.scan(revisions, [])
    await services.containers.rename("kept", "changed")
    assert await services.database.write(pruning.remove, chosen, 0) == [gone]
    assert (await services.containers.find("changed")).id == kept


async def test_a_pruned_name_is_free(services: Services, prune: Pruning) -> None:
    await create(services, "again")
    await prune.containers({})
    with pytest.raises(NotFound):
        await services.containers.find("again")
    await create(services, "again")


def record(conn: Connection, number: int, *references: str, labels: dict[str, str] | None = None) -> str:
    """Record an image under references; return its ID."""
    document = {"config": {"Labels": labels or {}}, "rootfs": {"type": "layers"}, "comment": str(number)}
    raw = json.dumps(document).encode()
    image_id = f"sha256:{hashlib.sha256(raw).hexdigest()}"
    images.put(conn, Image(image_id, raw, 10, number * 1_000_000_000, None))
    for reference in references:
        images.tag(conn, reference, image_id, 0)
    return image_id


@pytest.fixture
async def recorded(services: Services) -> dict[str, str]:
    """Images with two tags, with a digest only, without a name, and with two tags and a container."""

    def fill(conn: Connection) -> dict[str, str]:
        digest = f"docker.io/a/digest@sha256:{'d' * 64}"
        return {
            record(conn, 1, "docker.io/library/one:1", "docker.io/library/one:2"): "tagged",
            record(conn, 2, digest, labels={"keep": "1"}): "digest",
            record(conn, 3): "bare",
            record(conn, 4, "docker.io/library/used:1", "docker.io/library/used:2"): "used",
        }

    made = await services.database.write(fill)
    await services.containers.create("web", ContainerCreate(config=Config(Cmd=["x"], Image="used:1")))
    return made


@pytest.mark.parametrize(
    ("filters", "gone"),
    [
        ({}, "digest bare"),
        ({"dangling": ("true",)}, "digest bare"),
        ({"dangling": ("false",)}, "tagged digest bare"),
        ({"label": ("keep",)}, "digest"),
        ({"label!": ("keep",)}, "bare"),
        ({"until": ("2",)}, "digest"),
        ({"until": ("1h",), "dangling": ("0",)}, "tagged digest bare"),
    ],
    ids=str,
)
async def test_images_that_nobody_needs_go(
    services: Services, prune: Pruning, recorded: dict[str, str], filters: dict[str, tuple[str, ...]], gone: str
) -> None:
    removals = await prune.images(filters)
    assert {recorded[done.deleted] for done in removals if done.deleted} == set(gone.split())
    left = {recorded[image.recorded.image.id] for image in await services.images.listed({})}
    assert left == {"tagged", "digest", "bare", "used"} - set(gone.split())
    assert (await services.images.inspect("used:2")).repo_tags == ["used:1", "used:2"]
    last = (await journal(services))[-1]
    assert (last.type, last.action, last.attributes) == ("image", "prune", {"reclaimed": "0"})


async def test_prunes_of_images_go_on_side_by_side(
    services: Services, prune: Pruning, recorded: dict[str, str]
) -> None:
    done = await asyncio.gather(*(prune.images({"dangling": ("false",)}) for _ in range(4)))
    deleted = [one.deleted for removals in done for one in removals if one.deleted]
    assert {recorded[image] for image in deleted} == {"tagged", "digest", "bare"}
    assert len(deleted) == 3


@pytest.mark.parametrize("filters", [{"dangling": ("maybe",)}, {"until": ("bogus",)}])
async def test_a_filter_of_images_that_cannot_be_understood_removes_none(
    services: Services, prune: Pruning, recorded: dict[str, str], filters: dict[str, tuple[str, ...]]
) -> None:
    with pytest.raises(InvalidParameter):
        await prune.images(filters)
    assert len(await services.images.listed({})) == len(recorded)
