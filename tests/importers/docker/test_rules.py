"""A rule of today that an imported container breaks is reported; the container is kept as it is."""

from typing import Any

import httpx
import pytest
from docker_root import DockerRoot, entry_of, inspected, outcomes_by_name

pytestmark = pytest.mark.anyio
KEPT = "imported, although a create request like it would be refused:"


@pytest.mark.parametrize(
    ("changes", "objections"),
    [
        ({"host": {"Runtime": "nosuch"}}, ["unknown or invalid runtime name: nosuch"]),
        ({"host": {"Memory": 1}}, ["Minimum memory limit allowed is 6MB"]),
        (
            {"config": {"WorkingDir": "srv", "StopSignal": "NOPE"}, "host": {"CapAdd": ["NOPE"]}},
            [
                "the working directory 'srv' is invalid, it needs to be an absolute path",
                "invalid signal: NOPE",
                'invalid CapAdd: unknown capability: "CAP_NOPE"',
            ],
        ),
        ({"host": {"LogConfig": {"Type": "gone"}}}, ['error looking up logging plugin gone: plugin "gone" not found']),
    ],
    ids=["runtime", "memory", "several", "log-driver"],
)
async def test_a_container_that_would_be_refused_today_is_kept_and_told(
    root: DockerRoot, run_import, client: httpx.AsyncClient, changes: dict[str, Any], objections: list[str]
) -> None:
    root.container("old", **changes)
    entry = entry_of(await run_import(), "old")
    assert entry.outcome.value == "imported"
    assert list(entry.warnings) == [f"{KEPT} {objection}" for objection in objections]
    kept = await inspected(client, "old")
    assert kept["Config"].items() >= changes.get("config", {}).items()
    host = changes.get("host", {})
    assert {name: kept["HostConfig"][name] for name in host if name != "LogConfig"} == {
        name: value for name, value in host.items() if name != "LogConfig"
    }


async def test_a_dry_run_tells_the_same(root: DockerRoot, run_import) -> None:
    root.container("old", host={"Memory": 1})
    rehearsed = entry_of(await run_import(dry_run=True), "old")
    assert rehearsed.warnings == entry_of(await run_import(), "old").warnings


async def test_a_container_that_would_be_created_today_is_told_nothing_of(root: DockerRoot, run_import) -> None:
    child = root.container("db")
    root.container("fine", host={"IpcMode": f"container:{child}", "VolumesFrom": [child], "Links": ["/db:/fine/store"]})
    report = await run_import()
    assert outcomes_by_name(report) == {"db": "imported", "fine": "imported"}
    assert [warning for entry in report.entries for warning in entry.warnings if warning.startswith(KEPT)] == []


@pytest.mark.parametrize(
    "host", [{"NetworkMode": f"container:{'d' * 64}"}, {"UTSMode": "host"}], ids=["shared-network", "uts"]
)
async def test_what_an_engine_chose_is_not_held_against_a_container(
    root: DockerRoot, run_import, host: dict[str, Any]
) -> None:
    ports = {"ExposedPorts": {"80/tcp": {}}}  # of its image
    root.container("sidecar", config=ports, host=host)
    entry = entry_of(await run_import(), "sidecar")
    assert [warning for warning in entry.warnings if warning.startswith(KEPT)] == []


async def test_a_kept_container_can_be_renamed_changed_and_removed(
    root: DockerRoot, run_import, client: httpx.AsyncClient
) -> None:
    root.container("old", host={"Runtime": "nosuch", "Memory": 1})
    await run_import()
    assert (await client.post("/containers/old/rename?name=older")).status_code == 204
    assert (await client.post("/containers/older/update", json={"CpuShares": 7})).status_code == 200
    host = (await inspected(client, "older"))["HostConfig"]
    assert (host["Runtime"], host["Memory"], host["CpuShares"]) == ("nosuch", 1, 7)
    assert (await client.delete("/containers/older")).status_code == 204
