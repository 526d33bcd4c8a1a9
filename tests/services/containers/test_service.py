import asyncio
from typing import Any

import orjson
import pytest

from statesvc.app import Services
from statesvc.db import events
from statesvc.db.containers import names, rows
from statesvc.db.sqlite import Connection
from statesvc.domain import names as naming
from statesvc.domain.documents import Config, ContainerCreate, HostConfig
from statesvc.domain.documents.decode import decode
from statesvc.errors import Conflict, InvalidParameter, NameConflict, NotFound, StateError
from statesvc.services.listing.query import ListQuery

pytestmark = pytest.mark.anyio


def asked(**host: Any) -> ContainerCreate:
    return ContainerCreate(config=Config(Cmd=["true"]), host_config=HostConfig(**host))


async def everything(services: Services) -> list[str]:
    listed = await services.listing.listed(ListQuery(all=True))
    return [row.names for row in listed.rows]


def actions(conn: Connection) -> list[tuple[str, str]]:
    return [(event.action, event.attributes["name"]) for event in events.after(conn, 0, 100)]


async def test_a_created_container_has_its_name_documents_and_event(services: Services) -> None:
    created = await services.containers.create("web", asked())
    row = await services.containers.inspect("web")
    assert (row.id, row.name, row.state, row.revision) == (created.id, "web", "created", 1)
    assert orjson.loads(row.config)["Hostname"] == created.id[:12]
    assert await services.database.read(actions) == [("create", "web")]


async def test_a_create_that_fails_in_the_middle_leaves_nothing(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr(events, "append", broken)
        with pytest.raises(ZeroDivisionError):
            await services.containers.create("web", asked())
    assert await everything(services) == []
    assert await services.database.read(names.owner, "web") is None
    await services.containers.create("web", asked())


async def test_a_conflict_names_the_owner_and_adds_no_event(services: Services) -> None:
    owner = await services.containers.create("web", asked())
    with pytest.raises(NameConflict, match=owner.id):
        await services.containers.create("/web", asked())
    assert await services.database.read(actions) == [("create", "web")]


async def test_many_creates_of_one_name_have_one_winner(services: Services) -> None:
    answers = await asyncio.gather(
        *(services.containers.create("web", asked()) for _ in range(30)), return_exceptions=True
    )
    assert sorted({type(answer).__name__ for answer in answers}) == ["Created", "NameConflict"]
    assert await everything(services) == ['"/web"']


async def test_a_cancelled_create_leaves_all_or_nothing(services: Services) -> None:
    tasks = [asyncio.ensure_future(services.containers.create(f"web{n}", asked())) for n in range(20)]
    await asyncio.sleep(0)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await services.containers.create("last", asked())
    created = [name for action, name in await services.database.read(actions) if action == "create"]
    assert sorted(await everything(services)) == sorted(f'"/{name}"' for name in created)


async def test_a_name_is_made_up_of_adjective_and_surname(services: Services) -> None:
    await services.containers.create("", asked())
    (name,) = await everything(services)
    adjective, _, surname = name.strip('"/').partition("_")
    assert adjective in naming.ADJECTIVES
    assert surname in naming.SURNAMES


async def test_without_a_free_name_the_short_id_is_the_name(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(naming, "_invent", lambda *_: "taken_name")
    first = await services.containers.create("", asked())
    second = await services.containers.create("", asked())
    assert (await services.containers.find("taken_name")).id == first.id
    assert (await services.containers.inspect(second.id)).name == second.id[:12]


async def test_the_host_name_is_the_machines_on_the_host_network(services: Services) -> None:
    created = await services.containers.create("", asked(NetworkMode="host"))
    row = await services.containers.inspect(created.id)
    assert orjson.loads(row.config)["Hostname"] == services.site.facts.hostname


async def test_every_mistake_is_told_at_once(services: Services) -> None:
    request = ContainerCreate(config=Config(Cmd=["x"], Env=["=1", ""]), host_config=HostConfig(Memory=1, Links=[""]))
    with pytest.raises(InvalidParameter) as caught:
        await services.containers.create("-bad", request)
    fields = [problem.field for problem in caught.value.problems]
    assert fields == ["/Env/0", "/Env/1", "/HostConfig/Memory", "/name", "/HostConfig/Links/0"]


async def test_a_secret_in_a_wrong_environment_entry_is_not_repeated(services: Services) -> None:
    request = ContainerCreate(config=Config(Cmd=["x"], Env=["=hunter2"]))
    with pytest.raises(InvalidParameter) as caught:
        await services.containers.create("", request)
    assert "hunter2" not in f"{caught.value} {caught.value.problems}"


async def test_a_taken_name_is_the_answer_before_a_wrong_link(services: Services) -> None:
    await services.containers.create("web", asked())
    with pytest.raises(NameConflict):
        await services.containers.create("web", asked(Links=["nosuch:x"]))


async def test_a_link_to_a_container_that_vanishes_meanwhile_fails_the_create(services: Services) -> None:
    child = await services.containers.create("db", asked())
    create = services.containers.create("web", asked(Links=["db:store"]))
    removal = asyncio.ensure_future(services.containers.remove("db"))
    with pytest.raises((NotFound, InvalidParameter), match=f"No such container: ({child.id}|db)"):
        await create
    await removal
    assert await everything(services) == []


async def test_rename_is_told_with_the_old_name(services: Services) -> None:
    await services.containers.create("web", asked())
    await services.containers.rename("web", "/www")
    assert await services.database.read(actions) == [("create", "web"), ("rename", "www")]
    assert (await services.containers.find("www")).revision == 2


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("", "may be empty"),
        ("web", "same name"),
        ("/web", "same name"),
        ("-x", "Error when allocating new name: Invalid"),
    ],
)
async def test_a_rename_to_an_impossible_name_changes_nothing(services: Services, name: str, problem: str) -> None:
    await services.containers.create("web", asked())
    with pytest.raises(InvalidParameter, match=problem):
        await services.containers.rename("web", name)
    assert (await services.containers.find("web")).revision == 1


async def test_a_removed_container_is_gone_with_its_name(services: Services) -> None:
    created = await services.containers.create("web", asked())
    await services.containers.remove(created.id[:12])
    with pytest.raises(NotFound):
        await services.containers.inspect("web")
    assert await services.database.read(actions) == [("create", "web"), ("destroy", "web")]


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("state", ["running", "paused", "restarting"])
async def test_a_live_container_is_not_removed(services: Services, state: str, force: bool) -> None:
    created = await services.containers.create("web", asked())

    def live(conn: Connection) -> None:
        conn.exec_driver_sql("UPDATE containers SET state = ? WHERE id = ?", (state, created.id))

    await services.database.write(live)
    with pytest.raises(Conflict, match=f'cannot remove container "/web": container is {state}'):
        await services.containers.remove("web", force=force)
    assert await services.database.read(rows.exists, created.id)


async def test_a_link_is_removed_and_its_child_stays(services: Services) -> None:
    await services.containers.create("db", asked())
    await services.containers.create("web", asked(Links=["db:store"]))
    await services.containers.remove_link("web/store")
    assert (await services.containers.inspect("web")).links is None
    assert (await services.containers.find("db")).name == "db"


async def test_a_containers_own_name_is_no_link(services: Services) -> None:
    await services.containers.create("web", asked())
    with pytest.raises(Conflict, match="default link name"):
        await services.containers.remove_link("web")


async def test_volumes_from_takes_over_the_mounts_read_only_if_asked(services: Services) -> None:
    await services.containers.create("data", asked(Binds=["/srv:/a", "stored:/b"]))
    await services.containers.create("user", asked(VolumesFrom=["data:ro"]))
    row = await services.containers.inspect("user")
    taken = orjson.loads(f"[{row.mounts}]")
    assert [(each["Destination"], each["Source"], each["RW"]) for each in taken if each["Type"] == "bind"] == [
        ("/a", "/srv", False)
    ]
    assert [(each["Destination"], each["Name"], each["RW"]) for each in taken if each["Type"] == "volume"] == [
        ("/b", "stored", False)
    ]


async def test_the_volume_of_a_bind_without_a_source_is_known_but_not_shown_by_name(services: Services) -> None:
    await services.containers.create("data", asked(Binds=["/b"]))
    await services.containers.create("user", asked(VolumesFrom=["data"]))
    for name in ("data", "user"):
        row = await services.containers.inspect(name)
        mount = orjson.loads(row.mounts or "")
        assert (mount["Type"], mount["Destination"], mount.get("Name")) == ("volume", "/b", None)
        (point,) = await services.database.read(rows.mounts, row.id)
        assert mount["Source"].endswith(f"/volumes/{point.name}/_data")
        (listed,) = (
            await services.listing.listed(ListQuery(all=True, filters={"volume": (point.name,), "name": (name,)}))
        ).rows
        assert listed.id == row.id


@pytest.fixture
async def linkable(services: Services) -> Services:
    """Services with two containers that another can be linked to."""
    for name in ("web", "db"):
        await services.containers.create(name, asked())
    return services


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("new", {"Cmd": ["x"], "Hostname": "h", "HostConfig": {"Links": ["web:a", "db:b"], "Memory": 64 << 20}}),
        ("", {"Cmd": ["x"], "Hostname": "h", "Volumes": {"/data": {}}, "MacAddress": "02:42:ac:11:00:02"}),
    ],
    ids=["links", "warnings"],
)
async def test_a_valid_request_is_judged_as_it_is_created(linkable: Services, name: str, body: dict[str, Any]) -> None:
    judged = await linkable.containers.judge(orjson.dumps(body), name=name)
    created = await linkable.containers.create(name, decode(ContainerCreate, orjson.dumps(body)))
    row = await linkable.containers.inspect(created.id)
    assert judged.refusal is None
    assert judged.verified is not None
    assert judged.warnings == created.warnings
    assert judged.verified.config.to_json().decode() == row.config
    assert judged.verified.host_config.to_json().decode() == row.host_config
    assert len(judged.verified.links) == (row.links or "").count(":/")


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("", {"Image": "nosuch:1"}),
        ("", {"Hostname": "h"}),
        ("", {"HostConfig": {}}),
        ("-", {"Cmd": ["x"], "Env": ["=1"], "HostConfig": {"Memory": 1, "Links": [""]}}),
        ("web", {"Cmd": ["x"]}),
        ("web", {"Cmd": ["x"], "HostConfig": {"Links": ["nosuch:a"]}}),
        ("web", {"Cmd": ["x"], "Volumes": {"/data": {}}, "HostConfig": {"VolumeDriver": "nosuch"}}),
        ("new", {"Cmd": ["x"], "HostConfig": {"Links": ["web:a", "db:a"]}}),
    ],
    ids="no-image no-command no-config mistakes taken taken-and-late taken-and-driver one-alias-twice".split(),
)
async def test_a_refused_request_is_judged_as_it_is_refused(
    linkable: Services, name: str, body: dict[str, Any]
) -> None:
    judged = await linkable.containers.judge(orjson.dumps(body), name=name)
    with pytest.raises(StateError) as refused:
        await linkable.containers.create(name, decode(ContainerCreate, orjson.dumps(body)))
    assert type(judged.refusal) is refused.type
    assert vars(judged.refusal) == vars(refused.value)
