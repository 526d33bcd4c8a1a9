"""What an import takes over from a data root, and what it leaves as it is."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from docker_root import ZERO, DockerRoot, an_id, entry_of, inspected, listed, outcomes_by_name

from statesvc.app import Services
from statesvc.db import events
from statesvc.db.schema import tables
from statesvc.db.sqlite import Connection

pytestmark = pytest.mark.anyio

AT = "2024-05-01T11:00:00Z"


def everything(conn: Connection) -> dict[str, list[Any]]:
    """Return all rows of all tables."""
    return {table.name: conn.execute(table.select()).all() for table in tables.metadata.sorted_tables}


STATES = {
    "created": {},
    "running": {"Running": True, "Pid": 7, "StartedAt": AT},
    "paused": {"Running": True, "Paused": True, "Pid": 7, "StartedAt": AT},
    "restarting": {"Running": True, "Restarting": True, "StartedAt": AT, "FinishedAt": AT, "ExitCode": 1},
    "a removal that was not finished": {"RemovalInProgress": True, "Dead": True, "StartedAt": AT, "FinishedAt": AT},
    "a removal that had begun": {"RemovalInProgress": True, "StartedAt": AT, "FinishedAt": AT},
    "exited": {"StartedAt": AT, "FinishedAt": AT, "ExitCode": 137, "OOMKilled": True},
    "dead": {"Dead": True, "StartedAt": AT, "FinishedAt": AT},
}


@pytest.mark.parametrize("state", STATES)
async def test_each_state_is_taken_over(root: DockerRoot, run_import, client: httpx.AsyncClient, state: str) -> None:
    container = root.container("web", state=STATES[state], RestartCount=3)
    live = state in {"running", "paused", "restarting"}
    assert bool(entry_of(await run_import(), "web").warnings) == live
    found = await inspected(client, "web")
    flags = {"Dead": False, "StartedAt": ZERO, "FinishedAt": ZERO} | STATES[state]
    status = state
    if flags.pop("RemovalInProgress", False):
        flags["Dead"], status = True, "dead"
    assert found["State"].items() >= (flags | {"Status": status}).items()
    assert found["RestartCount"] == 3
    assert (await listed(client))[container]["State"] == status
    assert (await client.delete(f"/containers/web?force={int(live)}")).status_code == (409 if live else 204)


async def test_an_imported_container_has_an_origin_and_no_runtime_lock(
    root: DockerRoot, run_import, services: Services
) -> None:
    container = root.container("web", host={"Runtime": "crun"}, state=STATES["running"])
    await run_import()
    (row,) = (await services.database.scan(everything))["containers"]
    assert (row.id, row.origin, row.runtime_name, row.runtime_id) == (container, "docker", "crun", None)


async def test_a_second_run_changes_nothing(root: DockerRoot, run_import, services: Services) -> None:
    child = root.container("db")
    root.container("web", host={"Links": ["db:database"], "NetworkMode": "bridge"}, state=STATES["running"])
    root.references({"busybox:latest": root.image()})
    assert (await run_import()).complete
    before = await services.database.scan(everything)
    root.directory(child).joinpath("config.v2.json").write_text(
        root.directory(child).joinpath("config.v2.json").read_text().replace("sleep", "true")
    )
    report = await run_import()
    assert {entry.outcome.value for entry in report.entries} == {"unchanged"}
    assert report.complete
    assert await services.database.scan(everything) == before


async def test_each_container_and_image_comes_with_one_event(root: DockerRoot, run_import, services: Services) -> None:
    container = root.container("web", config={"Labels": {"tier": "front"}})
    image = root.image()
    root.references({"shop/web:1": image})
    await run_import()
    found = await services.database.scan(events.after, 0, 10)
    assert [(event.type, event.action, event.actor_id, event.revision) for event in found] == [
        ("image", "import", image, None),
        ("container", "import", container, 1),
    ]
    assert found[0].attributes == {"name": "shop/web:1"}
    assert found[1].attributes == {"tier": "front", "image": "busybox", "name": "web", "engine": "docker"}


async def test_a_dry_run_reports_the_same_and_changes_nothing(root: DockerRoot, run_import, services: Services) -> None:
    root.container("a-child", container_id="f" * 64)
    root.container("parent", host={"Links": ["a-child:c", "gone:g"], "NetworkMode": "bridge"}, container_id="1" * 64)
    root.container("same", container_id="2" * 64)
    root.container("same", container_id="3" * 64)
    (root.directory(root.container("cut")) / "hostconfig.json").unlink()
    root.references({"busybox:latest": root.image(), "lost:1": "sha256:" + "0" * 64})
    before = await services.database.scan(everything)
    rehearsed = await run_import(dry_run=True)
    assert await services.database.scan(everything) == before
    done = await run_import()
    assert rehearsed == replace(done, dry_run=True)
    assert done.counts["container"] == {"imported": 2, "unchanged": 0, "skipped": 2, "failed": 1}


async def test_links_become_names_of_the_child(root: DockerRoot, run_import, client: httpx.AsyncClient) -> None:
    child = root.container("db", container_id="f" * 64)
    root.container("web", host={"Links": ["db:database"], "NetworkMode": "bridge"}, container_id="1" * 64)
    assert (await run_import()).complete
    assert (await inspected(client, "web/database"))["Id"] == child
    assert sorted((await listed(client))[child]["Names"]) == ["/db", "/web/database"]
    assert (await inspected(client, "web"))["HostConfig"]["Links"] == ["/db:/web/database"]


LINKS = {
    "the form inspect shows": ("/db:/web/database", "web/database"),
    "no alias": ("db", "web/db"),
    "an ID": (f"{'f' * 64}:x", "web/x"),
    "the beginning of an ID": ("ffff:x", "web/x"),
}


@pytest.mark.parametrize(("link", "name"), LINKS.values(), ids=LINKS)
async def test_every_form_of_a_link_is_read(
    root: DockerRoot, run_import, client: httpx.AsyncClient, link: str, name: str
) -> None:
    root.container("db", container_id="f" * 64)
    root.container("web", host={"Links": [link], "NetworkMode": "bridge"})
    assert entry_of(await run_import(), "web").warnings == ()
    assert (await inspected(client, name))["Name"] == "/db"


async def test_a_link_to_a_missing_child_is_left_out_and_told(
    root: DockerRoot, run_import, client: httpx.AsyncClient
) -> None:
    # The container of that name in the database is not the one that the link means.
    await client.post("/containers/create?name=db", json={"Cmd": ["sh"]})
    root.container("web", host={"Links": ["db:database"], "NetworkMode": "bridge"})
    entry = entry_of(await run_import(), "web")
    assert (entry.outcome.value, len(entry.warnings)) == ("imported", 1)
    assert "its link database is left out" in entry.warnings[0]
    assert (await inspected(client, "web"))["HostConfig"]["Links"] is None


async def test_links_in_a_circle_do_not_stop_the_import(root: DockerRoot, run_import) -> None:
    root.container("one", host={"Links": ["two:t", "one:self"], "NetworkMode": "bridge"})
    root.container("two", host={"Links": ["one:o"], "NetworkMode": "bridge"})
    report = await run_import()
    assert outcomes_by_name(report) == {"one": "imported", "two": "imported"}
    assert len(entry_of(report, "one").warnings) + len(entry_of(report, "two").warnings) == 2


async def test_links_on_a_network_of_the_users_make_no_names(root: DockerRoot, run_import) -> None:
    root.container("web", host={"Links": ["db:database"], "NetworkMode": "shop"})
    assert entry_of(await run_import(), "web").warnings == ()


async def test_health_is_taken_over(root: DockerRoot, run_import, client: httpx.AsyncClient) -> None:
    probe = {"Start": AT, "End": AT, "ExitCode": 1, "Output": "no\n"}
    health = {"Status": "unhealthy", "FailingStreak": 4, "Log": [probe]}
    root.container("web", state=STATES["running"] | {"Health": health})
    await run_import()
    assert (await inspected(client, "web"))["State"]["Health"] == health


async def test_paths_and_security_labels_are_taken_over(
    root: DockerRoot, run_import, client: httpx.AsyncClient, services: Services
) -> None:
    texts = {
        "ResolvConfPath": "/r", "HostnamePath": "/n", "HostsPath": "/h", "LogPath": "/l", "MountLabel": "m",
        "ProcessLabel": "p", "AppArmorProfile": "docker-default",
    }  # fmt: skip
    container = root.container("web", **texts, ShmPath="/s", SeccompProfile="unconfined", NoNewPrivileges=True)
    await run_import()
    found = await inspected(client, "web")
    assert {key: found[key] for key in texts} == texts
    (row,) = (await services.database.scan(everything))["container_specs"]
    assert row.container_id == container
    assert (row.shm_path, row.seccomp_profile, row.no_new_privileges) == ("/s", "unconfined", True)


async def test_what_other_engines_add_and_omit_is_no_matter(
    root: DockerRoot, run_import, client: httpx.AsyncClient
) -> None:
    container = an_id("old")
    stored = {"id": container, "NAME": "/old", "Created": AT, "Config": {"Labels": {"a": "b"}, "Novelty": [1]}}
    root.write(f"containers/{container}/config.v2.json", json.dumps(stored | {"Newer": {"x": None}}).encode())
    root.write(f"containers/{container}/hostconfig.json", b'{"Memory": 1024, "Newer": true}')
    assert (await run_import()).complete
    found = await inspected(client, "old")
    assert (found["State"]["Status"], found["Platform"], found["HostConfig"]["Memory"]) == ("created", "linux", 1024)
    assert "Novelty" not in found["Config"]


async def test_an_import_of_nothing_is_complete(root: DockerRoot, run_import) -> None:
    report = await run_import()
    assert (report.entries, report.notes, report.complete) == ([], [], True)


async def test_the_files_are_left_as_they_were(root: DockerRoot, run_import) -> None:
    root.container("web")
    root.image()

    def contents(path: Path) -> dict[str, bytes]:
        return {str(file): file.read_bytes() for file in sorted(path.rglob("*")) if file.is_file()}

    before = contents(root.path)
    await run_import()
    assert contents(root.path) == before
