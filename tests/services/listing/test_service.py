"""Every door to the list, around one container that is damaged."""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from damage import KINDS, lawless

from statesvc.api.listing import rendered
from statesvc.app import Services
from statesvc.domain.documents import Config, ContainerCreate
from statesvc.embedded import EngineEvents
from statesvc.services.listing.query import ListQuery
from statesvc.services.usage import DiskUsage

pytestmark = pytest.mark.anyio

HURT = "hurt"
DAMAGES = {
    **{f"summary that is {kind}": ("containers", "summary", value) for kind, value in KINDS.items()},
    "name that is not UTF-8": ("container_names", "name", b"caf\xe9"),
    "unknown state": ("containers", "state", b'"'),
    "unknown health": ("container_health", "status", b'"'),
}


async def by_list(services: Services) -> bytes:
    return (await services.listing.index(ListQuery(all=True), rendered(services.site.clock()))).first


async def by_snapshot(services: Services) -> bytes:
    return (await services.listing.snapshot_pages(rendered(services.site.clock()))).first


async def by_engine(services: Services) -> bytes:
    found = await EngineEvents(services.journal, services.listing).snapshot()
    return rendered(services.site.clock())(found.listed)


async def by_usage(services: Services) -> bytes:
    return (await DiskUsage(services.database, services.listing).all(rendered(services.site.clock()))).first


DOORS = {"list": by_list, "snapshot": by_snapshot, "embedded snapshot": by_engine, "disk usage": by_usage}
Door = Callable[[Services], Awaitable[bytes]]


async def three(services: Services) -> str:
    """Make three containers that run with a health status; return the ID of the one to be hurt."""
    ids = {}
    for name in (HURT, "sound", "other"):
        request = ContainerCreate(config=Config(Cmd=["x"], Labels={"tier": name}))
        ids[name] = (await services.containers.create(name, request)).id
    with lawless(services.site.data_root) as raw:
        raw.execute("UPDATE containers SET state = 'running', started_at = 1")
        raw.execute("INSERT INTO container_health SELECT id, 'healthy', 0, '[]' FROM containers")
    return ids[HURT]


def hurt(root: Path, container_id: str, table: str, column: str, value: bytes) -> None:
    of = "id" if table == "containers" else "container_id"
    with lawless(root) as raw:
        raw.execute(f"UPDATE {table} SET {column} = CAST(? AS TEXT) WHERE {of} = ?", (value, container_id))


async def entries(services: Services, door: Door) -> dict[str, dict[str, Any]]:
    """Return the entries of a list by ID, as the API shows them."""
    shown: list[dict[str, Any]] = json.loads(b"[%b]" % await door(services))
    return {entry["Id"]: {field: entry[field] for field in entry if field != "SizeRootFs"} for entry in shown}


@pytest.mark.parametrize("door", DOORS.values(), ids=DOORS)
@pytest.mark.parametrize(("table", "column", "value"), DAMAGES.values(), ids=DAMAGES)
async def test_a_damaged_container_is_shown_as_far_as_it_can_be_read_and_marked(
    services: Services, door: Door, table: str, column: str, value: bytes
) -> None:
    container_id = await three(services)
    before = await entries(services, door)
    hurt(services.site.data_root, container_id, table, column, value)
    after = await entries(services, door)
    assert str(after.pop(container_id)["Status"]).startswith(f"Damaged: {table}")
    del before[container_id]
    assert len(after) == len(before) == 2
    for entry in (*before.values(), *after.values()):
        assert entry.pop("Status").endswith("(healthy)")  # the time goes on
    assert after == before
    health = await services.system.health()
    assert {(mark.table, mark.container_id) for mark in health.marks} == {(table, container_id)}


async def test_every_door_shows_the_same_of_a_damaged_container(services: Services) -> None:
    container_id = await three(services)
    hurt(services.site.data_root, container_id, "containers", "summary", b'{"a":')
    shown = [(await entries(services, door))[container_id] for door in DOORS.values()]
    assert shown == [shown[0]] * len(DOORS)
    assert shown[0]["Labels"] == {"tier": HURT}
