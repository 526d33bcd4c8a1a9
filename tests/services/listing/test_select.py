import time
from typing import Any

import pytest

from statesvc.app import Services
from statesvc.domain.documents import Config, ContainerCreate, HostConfig
from statesvc.errors import InvalidParameter, NotFound
from statesvc.services.listing.query import ListQuery

pytestmark = pytest.mark.anyio

LONG = "a" * 40
NETWORK = "c0ffee" + "0" * 58


async def asked(services: Services, query: ListQuery) -> list[str]:
    return [row.names.strip('"/') for row in (await services.listing.listed(query)).rows]


async def listed(services: Services, **filters: tuple[str, ...]) -> list[str]:
    named = {key.replace("_", "-"): values for key, values in filters.items()}
    return sorted(await asked(services, ListQuery(all=True, filters=named)))


async def change(services: Services, *statements: str) -> None:
    """Change rows as an engine or an import would."""
    await services.database.write(lambda conn: [conn.exec_driver_sql(text) for text in statements] and None)


@pytest.fixture
async def three(services: Services) -> Services:
    for name, labels in (("web", {"tier": "front"}), ("db", {"tier": "back"}), (LONG, None)):
        host = HostConfig(Binds=["data:/var/lib", "/tmp:/scratch"] if name == "db" else None)
        await services.containers.create(
            name, ContainerCreate(config=Config(Cmd=["x"], Labels=labels), host_config=host)
        )
    return services


@pytest.fixture
async def lived(three: Services) -> Services:
    """The three, of which web runs with ports, db has exited with 3 and the other was never started."""
    of = "(SELECT container_id FROM container_names WHERE name = '{}')".format
    await change(
        three,
        f"UPDATE containers SET state = 'running', started_at = 1, pid = 7 WHERE id = {of('web')}",
        f"UPDATE containers SET state = 'exited', started_at = 1, finished_at = 2, exit_code = 3 WHERE id = {of('db')}",
        f"UPDATE container_networks SET network_id = '{NETWORK}' WHERE container_id = {of('web')}",
        f"INSERT INTO container_health VALUES ({of('web')}, 'healthy', 0, '[]')",
        f"INSERT INTO container_ports VALUES ({of('web')}, 0, 80, 'tcp', 8080, '0.0.0.0')",
        f"INSERT INTO container_ports VALUES ({of('web')}, 1, 53, 'udp', NULL, '')",
    )
    return three


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ({"name": ("^/web$",)}, ["web"]),
        ({"name": ("^web$",)}, ["web"]),
        ({"name": ("^we$",)}, []),
        ({"name": ("^web$", "^/db$", "^no$")}, ["db", "web"]),
        ({"name": ("b",)}, ["db", "web"]),
        ({"name": ("^we",)}, ["web"]),
        ({"name": ("^/d",)}, ["db"]),
        ({"name": ("^eb",)}, []),
        ({"name": ("/d",)}, ["db"]),
        ({"name": ("/",)}, [LONG, "db", "web"]),
        ({"name": ("w.b", "^d")}, ["db", "web"]),
        ({"name": ("^/?w",)}, ["web"]),
        ({"name": ("",)}, [LONG, "db", "web"]),
        ({"name": ("[", "^web$")}, ["web"]),
        ({"name": ("b",), "label": ("tier=back",)}, ["db"]),
        ({"label": ("tier",)}, ["db", "web"]),
        ({"label": ("tier=back",)}, ["db"]),
        ({"label": ("tier=back", "tier")}, ["db"]),
        ({"label": ("tier=back", "tier=front")}, []),
        ({"status": ("exited",)}, []),
        ({"status": ("created",), "name": ("db",)}, ["db"]),
        ({"health": ("none",), "name": ("db",)}, ["db"]),
        ({"before": ("db",)}, ["web"]),
        ({"before": ("/db",)}, ["web"]),
        ({"since": ("web",)}, [LONG, "db"]),
        ({"since": ("web",), "before": (LONG,)}, ["db"]),
        ({"since": ("db",), "before": ("db",)}, ["web"]),
        ({"since": (LONG,), "before": ("db",)}, ["web"]),
        ({"since": ("db",), "name": ("web",)}, ["web"]),
        ({"before": (LONG,), "name": ("web",)}, []),
        ({"ancestor": ("nosuch",)}, []),
        ({"volume": ("v",)}, []),
        ({"volume": ("data",)}, ["db"]),
        ({"volume": ("/var/lib",)}, ["db"]),
        ({"volume": ("/tmp",)}, ["db"]),
        ({"volume": ("data\0",)}, []),
        ({"network": ("bridge",), "name": ("db",)}, ["db"]),
        ({"network": ("brid",)}, []),
        ({"is_task": ("false",), "name": ("db",)}, ["db"]),
        ({"is_task": ("1",)}, []),
        ({"publish": ("8080",)}, []),
        ({"isolation": ("hyperv",), "name": ("db",)}, ["db"]),
    ],
    ids=lambda value: "" if isinstance(value, list) else "+".join(value),
)
async def test_filters_choose_what_they_say(three: Services, filters: dict[str, Any], names: list[str]) -> None:
    assert await listed(three, **filters) == names


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ({"status": ("running",)}, ["web"]),
        ({"status": ("running", "exited")}, ["db", "web"]),
        ({"exited": ("3",)}, ["db"]),
        ({"exited": ("0",)}, []),
        ({"exited": ("+3", "0")}, ["db"]),
        ({"health": ("healthy",)}, ["web"]),
        ({"health": ("healthy", "none")}, [LONG, "db", "web"]),
        ({"network": ("c0ffee",)}, ["web"]),
        ({"network": (NETWORK,)}, ["web"]),
        ({"network": ("",)}, [LONG, "db", "web"]),
        ({"network": ("c0ffef", "c0f")}, ["web"]),
        ({"publish": ("8080",)}, ["web"]),
        ({"publish": ("8080/tcp",)}, ["web"]),
        ({"publish": ("8080/udp",)}, []),
        ({"publish": ("8000-9000",)}, ["web"]),
        ({"publish": ("80",)}, []),
        ({"publish": ("0/udp",)}, ["web"]),
        ({"publish": ("0",)}, []),
        ({"expose": ("80",)}, ["web"]),
        ({"expose": ("53/udp",)}, ["web"]),
        ({"expose": ("53",)}, []),
        ({"expose": ("1-65535/udp",)}, ["web"]),
        ({"expose": ("53/udp",), "publish": ("1",)}, ["web"]),
    ],
    ids=lambda value: "" if isinstance(value, list) else "+".join(value),
)
async def test_filters_ask_what_lives(lived: Services, filters: dict[str, Any], names: list[str]) -> None:
    assert await listed(lived, **filters) == names


async def test_an_id_is_meant_by_its_beginning_unless_two_begin_so(three: Services) -> None:
    found = (await three.containers.find("web")).id
    assert await listed(three, id=(found[:12],)) == ["web"]
    assert await listed(three, id=(found, "f" * 64)) == ["web"]
    assert await listed(three, id=(f"^{found[:12]}", "", "web")) == []
    assert await listed(three, id=(found[:12],), name=("db",)) == []


@pytest.mark.parametrize(
    ("query", "names"),
    [
        (ListQuery(), ["web"]),
        (ListQuery(limit=-1), ["web"]),
        (ListQuery(limit=2), [LONG, "db"]),
        (ListQuery(all=True, limit=1), [LONG]),
        (ListQuery(filters={"status": ("exited",)}), ["db"]),
        (ListQuery(filters={"exited": ("3",)}), []),
        (ListQuery(filters={"since": ("web",)}), []),
        (ListQuery(filters={"before": (LONG,)}), ["web"]),
    ],
    ids=["live", "negative-limit", "limit", "all-limit", "status", "exited", "since", "before"],
)
async def test_only_all_a_limit_and_a_status_show_what_does_not_live(
    lived: Services, query: ListQuery, names: list[str]
) -> None:
    assert await asked(lived, query) == names


async def test_a_link_is_no_name_to_a_filter(three: Services) -> None:
    host = HostConfig(Links=["db:store"])
    await three.containers.create("app", ContainerCreate(config=Config(Cmd=["x"]), host_config=host))
    assert await listed(three, name=("store",)) == []


async def test_a_filter_of_very_many_values_is_answered(three: Services) -> None:
    many = tuple(f"{number}x" for number in range(5_000))
    assert await listed(three, name=(*many, "web")) == ["web"]
    assert await listed(three, volume=(*many, "data")) == ["db"]
    assert await listed(three, network=(*many, "bridge")) == sorted([LONG, "db", "web"])
    assert await listed(three, id=(*many, (await three.containers.find("db")).id)) == ["db"]
    assert await listed(three, exited=tuple(map(str, range(5_000)))) == []
    assert await listed(three, expose=tuple(map(str, range(1, 5_000)))) == []


async def test_more_labels_than_sql_can_hold_are_refused(three: Services) -> None:
    with pytest.raises(InvalidParameter, match="more than 100 labels"):
        await listed(three, label=tuple(f"l{number}" for number in range(101)))


async def test_a_pattern_that_would_backtrack_for_ever_is_answered_at_once(three: Services) -> None:
    started = time.monotonic()
    assert await listed(three, name=("(a+)+b$",)) == []
    assert time.monotonic() - started < 10  # Python's own engine needs longer than the universe has


@pytest.mark.parametrize("pattern", ["(", "a**", "(?=a)", r"\1", "\ud800"])
async def test_nothing_is_found_in_what_is_no_pattern_to_go(three: Services, pattern: str) -> None:
    assert await listed(three, name=(pattern,)) == []
    assert await listed(three, name=(pattern, "web")) == ["web"]


@pytest.mark.parametrize(
    ("filters", "complaint"),
    [
        ({"status": ("bogus",)}, "invalid filter 'status=bogus'"),
        ({"health": ("x",)}, "unrecognized filter value for health: x"),
        ({"exited": ("x",)}, "invalid filter 'exited=x': strconv.Atoi"),
        ({"exited": ("1_0",)}, "invalid filter 'exited=1_0': strconv.Atoi"),
        ({"is_task": ("maybe",)}, r"invalid filter 'is-task=\[maybe\]'"),
        ({"is_task": ("true", "0")}, r"invalid filter 'is-task=\[0 true\]'"),
        ({"is_task": ()}, "invalid filter 'is-task'"),
        ({"publish": ("80:80",)}, "should not contain ':'"),
        ({"publish": ("http",)}, 'publish http: strconv.ParseUint: parsing "http": invalid syntax'),
        ({"publish": ("70000",)}, "value out of range"),
        ({"publish": ("9-1",)}, "Invalid range"),
        ({"expose": ("",)}, "Empty string specified for ports"),
    ],
    ids=lambda value: "" if isinstance(value, str) else "+".join(value),
)
async def test_a_value_that_no_filter_understands_is_refused(
    three: Services, filters: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(InvalidParameter, match=complaint):
        await listed(three, **filters)


@pytest.mark.parametrize("key", ["before", "since"])
async def test_before_and_since_know_names_and_whole_ids_only(three: Services, key: str) -> None:
    found = (await three.containers.find("web")).id
    assert await listed(three, **{key: (found,)}) == await listed(three, **{key: ("web",)})
    for reference in (found[:12], "nosuch", ""):
        with pytest.raises(NotFound, match=f"No such container: {reference}$"):
            await listed(three, **{key: (reference,)})


async def test_of_several_mistakes_the_one_is_told_that_docker_meets_first(three: Services) -> None:
    with pytest.raises(InvalidParameter, match="exited"):
        await listed(three, publish=("x",), before=("nosuch",), health=("x",), is_task=("x",), exited=("x",))
    with pytest.raises(NotFound):
        await listed(three, publish=("x",), before=("nosuch",))
