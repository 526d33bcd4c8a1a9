import pytest

from statesvc.app import Services
from statesvc.db import volumes as volume_rows
from statesvc.db.sqlite import Connection
from statesvc.domain.documents import Config, ContainerCreate, HostConfig
from statesvc.errors import Conflict, InvalidParameter, NotFound, NotOffered
from statesvc.services.volumes import Volumes

pytestmark = pytest.mark.anyio


async def create(services: Services, name: str, *binds: str) -> str:
    request = ContainerCreate(config=Config(Cmd=["x"]), host_config=HostConfig(Binds=list(binds)))
    return (await services.containers.create(name, request)).id


@pytest.fixture
async def volumes(services: Services) -> Volumes:
    await create(services, "web", "data:/a", "logs:/b", "/tmp:/c")
    await create(services, "db", "data:/x", "data:/y")
    return Volumes(services.database)


async def test_a_volume_is_what_containers_say_of_it(services: Services, volumes: Volumes) -> None:
    found = await volumes.inspect("data")
    path = f"{services.site.volumes_root}/data/_data"
    assert (found.name, found.driver, found.mountpoint, found.users) == ("data", "local", path, 2)


async def test_a_volume_goes_with_the_last_container_that_has_it(services: Services, volumes: Volumes) -> None:
    await services.containers.remove("web")
    assert [volume.name for volume in await volumes.listed({})] == ["data"]
    with pytest.raises(NotFound, match="get logs: no such volume"):
        await volumes.inspect("logs")


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ({}, ["data", "logs"]),
        ({"name": ("at",)}, ["data"]),
        ({"name": ("^l.*s$", "[")}, ["logs"]),
        ({"name": ("/tmp",)}, []),
        ({"driver": ("local",)}, ["data", "logs"]),
        ({"driver": ("nfs",)}, []),
        ({"dangling": ("true",)}, []),
        ({"dangling": ("0",)}, ["data", "logs"]),
        ({"label": ("statesvc",)}, ["data", "logs"]),
        ({"label": ("statesvc=derived",)}, ["data", "logs"]),
        ({"label": ("tier",)}, []),
    ],
    ids=str,
)
async def test_filters_choose_volumes(volumes: Volumes, filters: dict[str, tuple[str, ...]], names: list[str]) -> None:
    assert [volume.name for volume in await volumes.listed(filters)] == names


async def test_a_filter_of_yes_and_no_is_refused_for_other_words(volumes: Volumes) -> None:
    with pytest.raises(InvalidParameter, match=r"invalid filter 'dangling=\[maybe\]'"):
        await volumes.listed({"dangling": ("maybe",)})


async def test_a_volume_in_use_is_not_removed(services: Services, volumes: Volumes) -> None:
    user = (await services.containers.find("web")).id
    for force in (False, True):
        with pytest.raises(Conflict, match=rf"^remove logs: volume is in use - \[{user}\]$"):
            await volumes.remove("logs", force=force)


async def test_an_unknown_volume_is_not_found_unless_forced(volumes: Volumes) -> None:
    with pytest.raises(NotFound, match="get nosuch: no such volume"):
        await volumes.remove("nosuch", force=False)
    await volumes.remove("nosuch", force=True)


async def test_making_a_volume_that_there_is_answers_it(volumes: Volumes) -> None:
    assert await volumes.create("data", "", {}) == await volumes.inspect("data")
    assert await volumes.create("data", "local", {}) == await volumes.inspect("data")


@pytest.mark.parametrize(
    ("name", "driver", "kind"),
    [("other", "", NotOffered), ("", "", NotOffered), ("a b", "", InvalidParameter), ("data", "nfs", InvalidParameter)],
)
async def test_making_another_is_refused(volumes: Volumes, name: str, driver: str, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        await volumes.create(name, driver, {})


async def test_a_volume_is_searched_in_an_index(services: Services) -> None:
    def plans(conn: Connection) -> list[str]:
        statements = (volume_rows.BY_NAME.sql, volume_rows.USERS.sql)
        rows = [conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", ("a",) * sql.count("?")) for sql in statements]
        return [row[3] for found in rows for row in found if "container_mounts" in row[3]]

    assert await services.database.scan(plans) == [
        "SEARCH container_mounts USING INDEX ix_container_mounts_volume (volume=?)",
        "SEARCH container_mounts USING COVERING INDEX ix_container_mounts_volume (volume=?)",
    ]
