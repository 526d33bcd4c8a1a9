"""Networks, ports and volumes of an imported container: what is recorded, and what follows from whether it runs."""

import httpx
import pytest
from docker_root import DockerRoot, an_id, inspected, listed

from statesvc.app import Services
from statesvc.db.schema import tables
from statesvc.db.sqlite import Connection

pytestmark = pytest.mark.anyio

AT = "2024-05-01T11:00:00Z"
RUNNING = {"Running": True, "Pid": 7, "StartedAt": AT}
EXITED = {"StartedAt": AT, "FinishedAt": AT, "ExitCode": 137}


def ports(conn: Connection) -> list[tuple[int, int | None]]:
    columns = tables.container_ports.c
    return [
        (row.private_port, row.public_port)
        for row in conn.execute(tables.container_ports.select().order_by(columns.position))
    ]


BRIDGED = {
    "Bridge": "",
    "SandboxID": "5" * 64,
    "Ports": {
        "9000/udp": None,
        "8080/tcp": [{"HostIp": "::", "HostPort": "18080"}, {"HostIp": "0.0.0.0", "HostPort": "18080"}],
        "7000/tcp": [{"HostIp": "", "HostPort": "many"}],
    },
    "Networks": {
        "bridge": {
            "IPAMConfig": {"IPv4Address": "172.17.0.9", "LinkLocalIPs": ["169.254.1.1"]},
            "Aliases": ["web"],
            "NetworkID": "a" * 64,
            "EndpointID": "e" * 64,
            "Gateway": "172.17.0.1",
            "IPAddress": "172.17.0.9",
            "IPPrefixLen": 16,
            "MacAddress": "02:42:ac:11:00:09",
            "IPAMOperational": True,
            "DesiredMacAddress": "02:42:ac:11:00:09",
        },
        "left": None,
    },
    "Service": None,
    "HasSwarmEndpoint": False,
}


async def test_a_running_container_shows_its_addresses_and_ports(
    root: DockerRoot, run_import, client: httpx.AsyncClient, services: Services
) -> None:
    host = {"NetworkMode": "bridge"}
    container = root.container("web", state=RUNNING, host=host, NetworkSettings=BRIDGED)
    await run_import()
    found = await inspected(client, "web")
    shown = found["NetworkSettings"]
    assert (shown["IPAddress"], shown["EndpointID"], shown["IPPrefixLen"]) == ("172.17.0.9", "e" * 64, 16)
    assert shown["Networks"].keys() == {"bridge"}
    assert not shown.keys() & {"Service", "HasSwarmEndpoint"}
    assert not shown["Networks"]["bridge"].keys() & {"IPAMOperational", "DesiredMacAddress"}
    assert shown["Networks"]["bridge"]["IPAMConfig"] == BRIDGED["Networks"]["bridge"]["IPAMConfig"]  # type: ignore[index]
    assert shown["Ports"]["9000/udp"] is None
    assert found["Config"]["MacAddress"] == "02:42:ac:11:00:09"
    entry = (await listed(client))[container]
    assert entry["Ports"] == [
        {"IP": "0.0.0.0", "PrivatePort": 8080, "PublicPort": 18080, "Type": "tcp"},
        {"IP": "::", "PrivatePort": 8080, "PublicPort": 18080, "Type": "tcp"},
        {"PrivatePort": 9000, "Type": "udp"},
    ]
    assert entry["NetworkSettings"]["Networks"]["bridge"]["Aliases"] is None
    assert entry["NetworkSettings"]["Networks"]["bridge"]["IPAMConfig"] == {"IPv4Address": "172.17.0.9"}
    assert await services.database.scan(ports) == [(8080, 18080), (8080, 18080), (9000, None)]
    by_network = await client.get("/containers/json", params={"filters": '{"network":["bridge"]}'})
    assert [one["Id"] for one in by_network.json()] == [container]


async def test_a_stopped_container_shows_no_addresses_and_no_ports(
    root: DockerRoot, run_import, client: httpx.AsyncClient
) -> None:
    container = root.container("web", state=EXITED, host={"NetworkMode": "bridge"}, NetworkSettings=BRIDGED)
    await run_import()
    shown = (await inspected(client, "web"))["NetworkSettings"]
    assert (shown["IPAddress"], shown["EndpointID"], shown["Ports"]) == ("", "", {})
    bridge = shown["Networks"]["bridge"]
    assert (bridge["IPAddress"], bridge["IPAMConfig"], bridge["NetworkID"]) == ("", None, "a" * 64)
    assert (await listed(client))[container]["Ports"] == []


async def test_a_volume_without_a_recorded_path_is_under_the_engines_data_root(
    root: DockerRoot, run_import, client: httpx.AsyncClient
) -> None:
    mount = {"Type": "volume", "Name": "data", "Destination": "/data", "Driver": "local", "RW": True}
    root.container("web", MountPoints={"/data": mount}, LogPath="")
    root.container("other")  # its log tells where the engine kept its data root
    await run_import()
    (found,) = (await inspected(client, "web"))["Mounts"]
    assert found["Source"] == "/var/lib/docker/volumes/data/_data"
    (shown,) = (await listed(client))[an_id("web")]["Mounts"]
    assert shown["Source"] == ""
    by_volume = await client.get("/containers/json", params={"all": "1", "filters": '{"volume":["data"]}'})
    assert [one["Id"] for one in by_volume.json()] == [an_id("web")]


async def test_where_no_container_names_the_data_root_it_is_told_what_is_taken_for_it(
    root: DockerRoot, run_import, client: httpx.AsyncClient
) -> None:
    mount = {"Type": "volume", "Name": "data", "Destination": "/data", "Driver": "local"}
    root.container("web", MountPoints={"/data": mount}, LogPath="")
    report = await run_import()
    assert any(str(root.path) in note for note in report.notes)
    (found,) = (await inspected(client, "web"))["Mounts"]
    assert found["Source"] == f"{root.path}/volumes/data/_data"
