import json
from typing import Any

import pytest

from statesvc.app import Services
from statesvc.db.database import Database
from statesvc.domain.documents import Config, ContainerCreate, HostConfig
from statesvc.errors import Conflict, Forbidden, InvalidParameter, NotFound, NotOffered
from statesvc.services.networks import Attachment, Networks

pytestmark = pytest.mark.anyio

OWN = "c0ffee" + "0" * 58
OTHER = "c0ff" + "1" * 60


async def change(services: Services, *statements: tuple[str, tuple[object, ...]]) -> None:
    await services.database.write(lambda conn: [conn.exec_driver_sql(*one) for one in statements] and None)


@pytest.fixture
async def networks(services: Services) -> Networks:
    """What web, running on the network front, and db, created on the network back, say of networks."""
    ids = {}
    for name, network in (("web", "front"), ("db", "back")):
        request = ContainerCreate(config=Config(Cmd=["x"]), host_config=HostConfig(NetworkMode=network))
        ids[name] = (await services.containers.create(name, request)).id
    endpoint = {"EndpointID": "e1", "MacAddress": "02:42:ac:12:00:02", "IPAddress": "172.18.0.2", "IPPrefixLen": 16}
    await change(
        services,
        ("UPDATE containers SET state = 'running' WHERE id = ?", (ids["web"],)),
        ("UPDATE container_networks SET network_id = ? WHERE name = 'front'", (OWN,)),
        ("UPDATE container_networks SET network_id = ? WHERE name = 'back'", (OTHER,)),
        (
            "UPDATE container_specs SET network_settings = ? WHERE container_id = ?",
            (json.dumps({"Networks": {"front": endpoint}}), ids["web"]),
        ),
    )
    return Networks(services.database, services.site)


async def test_every_installation_has_the_three_of_docker(services: Services) -> None:
    found = await Networks(services.database, services.site).listed({})
    assert [(one.name, one.driver) for one in found] == [("bridge", "bridge"), ("host", "host"), ("none", "null")]
    assert len({one.id for one in found}) == 3
    assert all(len(one.id) == 64 for one in found)
    assert [one.id for one in await Networks(services.database, services.site).listed({})] == [one.id for one in found]


@pytest.mark.parametrize("reference", ["front", OWN, "c0ffe"])
async def test_a_network_is_found_by_name_id_and_the_beginning_of_one(networks: Networks, reference: str) -> None:
    found = await networks.inspect(reference)
    assert (found.name, found.id, found.driver, found.live) == ("front", OWN, "", 1)


async def test_an_inspected_network_shows_its_live_containers(services: Services, networks: Networks) -> None:
    web = (await services.containers.find("web")).id
    assert (await networks.inspect("front")).attached == {
        web: Attachment("web", "e1", mac_address="02:42:ac:12:00:02", ipv4_address="172.18.0.2/16")
    }
    assert (await networks.inspect("back")).attached == {}


@pytest.mark.parametrize("reference", ["nosuch", "", "fron"])
async def test_an_unknown_network_is_not_found(networks: Networks, reference: str) -> None:
    with pytest.raises(NotFound, match=f"network {reference} not found"):
        await networks.inspect(reference)


async def test_two_ids_that_begin_so_are_ambiguous(networks: Networks) -> None:
    with pytest.raises(InvalidParameter, match="network c0ff is ambiguous"):
        await networks.inspect("c0ff")


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ({}, ["back", "bridge", "front", "host", "none"]),
        ({"name": ("o",)}, ["front", "host", "none"]),
        ({"name": ("^bridge$",)}, ["bridge"]),
        ({"id": ("c0ffee",)}, ["front"]),
        ({"driver": ("bridge", "null")}, ["bridge", "none"]),
        ({"scope": ("local",), "name": ("host",)}, ["host"]),
        ({"scope": ("swarm",)}, []),
        ({"type": ("custom",)}, ["back", "front"]),
        ({"type": ("builtin",)}, ["bridge", "host", "none"]),
        ({"type": ("custom", "builtin"), "dangling": ("true",)}, ["back"]),
        ({"dangling": ("false",)}, ["bridge", "front", "host", "none"]),
        ({"label": ("statesvc=derived",), "name": ("front",)}, ["front"]),
        ({"label": ("x",)}, []),
    ],
    ids=str,
)
async def test_filters_choose_networks(networks: Networks, filters: dict[str, Any], names: list[str]) -> None:
    assert [one.name for one in await networks.listed(filters)] == names


@pytest.mark.parametrize("filters", [{"type": ("x",)}, {"dangling": ("x",)}])
async def test_a_value_that_no_filter_understands_is_refused(networks: Networks, filters: dict[str, Any]) -> None:
    with pytest.raises(InvalidParameter):
        await networks.listed(filters)


@pytest.mark.parametrize(
    ("reference", "kind", "message"),
    [
        ("bridge", Forbidden, "bridge is a pre-defined network and cannot be removed"),
        ("front", Forbidden, f"network front id {OWN} has active endpoints"),
        ("back", NotOffered, "removing a network is not offered"),
        ("nosuch", NotFound, "network nosuch not found"),
    ],
)
async def test_a_removal_is_refused(networks: Networks, reference: str, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        await networks.remove(reference)


@pytest.mark.parametrize(
    ("name", "kind", "message"),
    [
        ("host", Forbidden, "operation is not permitted on predefined host network"),
        ("front", Conflict, "network with name front already exists"),
        (" ", InvalidParameter, "name is empty"),
        ("other", NotOffered, "making a network is not offered"),
    ],
)
async def test_making_one_is_refused(networks: Networks, name: str, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        await networks.create(name)


@pytest.mark.parametrize(
    ("network", "container", "kind"),
    [("nosuch", "web", NotFound), ("front", "nosuch", NotFound), ("front", "db", NotOffered)],
)
async def test_connecting_looks_both_up(
    networks: Networks, network: str, container: str, kind: type[Exception]
) -> None:
    with pytest.raises(kind):
        await networks.connect(network, container, doing="connect")


async def test_a_container_that_is_being_removed_is_not_connected(services: Services, networks: Networks) -> None:
    await change(services, ("UPDATE containers SET state = 'removing' WHERE state = 'created'", ()))
    with pytest.raises(Conflict, match="marked for removal"):
        await networks.connect("front", "db", doing="disconnect")


async def test_pruning_is_done_when_nothing_is_left_to_do(services: Services, networks: Networks) -> None:
    with pytest.raises(NotOffered, match="removing networks is not offered"):
        await networks.prune({})
    await services.containers.remove("db")
    await networks.prune({})


async def test_a_look_at_the_endpoints_of_all_containers_keeps_no_short_read_waiting(
    networks: Networks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(Database, "scan")  # what reads in the threads for short reads
    assert (await networks.inspect("front")).name == "front"
    with pytest.raises(Forbidden, match="pre-defined"):
        await networks.remove("bridge")
