"""Containers of older engines, edited and odd ones: shown as Docker 28.5.2 shows the very same files, or told."""

import gzip
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from docker_root import SAMPLES, DockerRoot, an_id, entry_of, inspected, listed
from old_containers import CONFIGS, HOSTS, MOUNTS, NAMES, STATES, write
from service import CONFORMANCE

from statesvc import app
from statesvc.app import Services
from statesvc.db.sqlite import Connection
from statesvc.services.damage.check import of_rows
from statesvc.services.imports.report import Entry, Report
from statesvc.settings import Settings

pytestmark = pytest.mark.anyio

EXPECTED = json.loads(gzip.decompress((SAMPLES / "docker-28.5-old-expected.json.gz").read_bytes()))
NOW = 1_795_000_000_000_000_000
ALL = frozenset(EXPECTED)
# What the engine itself changes when it starts.
OF_THE_ENGINE = {
    "GraphDriver.Data": "the folders of the layers",
    "HostConfig.Dns": "null becomes an empty list",
    "HostConfig.DnsOptions": "as HostConfig.Dns",
    "HostConfig.DnsSearch": "as HostConfig.Dns",
    "NetworkSettings.Networks.bridge.NetworkID": "it makes its network anew",
}
_LOST_NAMES = NAMES.keys() - {"name-upper", "name-of-an-id", "name-of-a-short-id", "name-long", "name-without-slash"}
_UNTYPED = {
    "mount-under-another-key", "mount-of-nothing", "mount-of-no-destination", "mount-untyped-volume",
    "mount-untyped-bind", "mount-mode", "mount-twice", "mount-twice-alike",
}  # fmt: skip
_FAR_CREATED = {
    "created-year-one", "created-1601", "created-2300", "created-9999", "created-year-zero", "created-absent",
    "created-null",
}  # fmt: skip
_FAR_STARTED = {"started-1601", "started-2300"}
_REMOVED = {"removal-began", "removal-began-created"}
# What differs of which containers, and why.
INSPECTED: dict[str, tuple[set[str], str]] = {
    "Created": (_FAR_CREATED | {"created-offset"}, "beyond 64 bits of nanoseconds: told; the same time in UTC"),
    "State.StartedAt": (_FAR_STARTED | {"started-year-one", "started-with-offset"}, "as Created"),
    "State.FinishedAt": (_FAR_STARTED | {"started-with-offset"}, "as Created"),
    "State.Dead": (_REMOVED, "28 wrote no RemovalInProgress and reads none; engines before it show dead"),
    "State.Status": (_REMOVED, "as State.Dead"),
    "State.Health.Log": ({"health-log-of-null", "health-log-some-null"}, "empty entries are left out: told"),
    "State.Health.Status": ({"health-unknown"}, "no status of Docker's: told"),
    "HostConfig.LogConfig.Type": ({"log-logentries", "log-logentries-bare"}, "28 shows a driver that it lacks: told"),
    "HostConfig.LogConfig.Config": ({"log-logentries"}, "as HostConfig.LogConfig.Type"),
    "HostConfig.Links": ({"links-to-odd-name"}, "to containers with changed names"),
    "Mounts": (_UNTYPED, "shown with the type that they stand for; one of two at one place: told"),
    "NetworkSettings.SandboxID": ({"endpoint-kept-id"}, "as engines before 28 go on showing it"),
    "NetworkSettings.SandboxKey": ({"endpoint-kept-id"}, "as NetworkSettings.SandboxID"),
    "Name": (_LOST_NAMES | {"name-without-slash"}, "told; names are shown with a slash"),
}
LISTED: dict[str, tuple[set[str], str]] = {
    "Created": (_FAR_CREATED, "as in inspect"),
    "State": (_REMOVED, "as in inspect"),
    "Status": (_REMOVED | {"started-1601"}, "as in inspect"),
    "Mounts": (_UNTYPED, "as in inspect"),
    "Names": (_LOST_NAMES | {"name-without-slash"}, "as in inspect"),
    "Labels": ({"labels-null", "labels-absent"}, "an empty map stands for none"),
    "HostConfig.NetworkMode": ({"network-unnamed", "network-absent", "network-null"}, "empty, not left out"),
}
TOLD = {
    "log-logentries": "its log driver logentries is gone: local, without options, is recorded in its place",
    "created-1601": "Created is 1601-01-01T00:00:00Z, which cannot be recorded: 1678-01-01T00:00:00Z is recorded",
    "created-2300": (
        "Created is 2300-01-01T00:00:00.123Z, which cannot be recorded: 2261-12-31T23:59:59.999999999Z is recorded"
    ),
    "created-absent": "Created is 0001-01-01T00:00:00Z, which cannot be recorded: 1678-01-01T00:00:00Z is recorded",
    "started-1601": (
        "State.StartedAt is 1601-01-01T00:00:00Z, which cannot be recorded: 1678-01-01T00:00:00Z is recorded"
    ),
    "health-log-some-null": "the log of its health has 2 empty entries, which are left out",
    "health-unknown": "its health 'fit' is no health status: unhealthy is recorded",
    "mount-twice": "two mounts have the destination /d: /one is kept, /two left out",
    "name-of-one-letter": (
        f"imported as x_{an_id('name-of-one-letter')[:12]}: its name '/x' is none that Docker takes today"
    ),
    "name-with-slash": (
        f"imported as a_b_{an_id('name-with-slash')[:12]}: its name '/a/b' is none that Docker takes today"
    ),
    "name-of-other-letters": (
        f"imported as {an_id('name-of-other-letters')[:12]}: its name '/ü' is none that Docker takes today"
    ),
}
UNREADABLE = {"created-empty"}


@pytest.fixture
async def services(tmp_path: Path) -> AsyncIterator[Services]:
    settings = Settings(data_root=tmp_path / "data", hosts=(), config_file=SAMPLES / "docker-28.5-daemon.json")
    async with app.opened(settings, clock=lambda: NOW) as opened:
        yield opened


def differences(found: Any, expected: Any, path: str = "") -> Iterator[str]:
    """Yield the path of every field that differs; the order of mounts, names and links is of no matter."""
    if isinstance(found, dict) and isinstance(expected, dict):
        for key in found.keys() | expected.keys():
            yield from differences(found.get(key), expected.get(key), f"{path}.{key}".removeprefix("."))
    elif isinstance(found, list) and isinstance(expected, list):
        if sorted(map(json.dumps, found)) != sorted(json.dumps(one) for one in expected):
            yield path
    elif found != expected:
        yield path


def by_id(report: Report) -> dict[str, Entry]:
    return {entry.id: entry for entry in report.entries}


def keys_sorted(value: Any) -> Any:
    return json.loads(json.dumps(value, sort_keys=True))


async def test_each_is_shown_as_docker_shows_the_same_files(
    root: DockerRoot, run_import, client: httpx.AsyncClient
) -> None:
    await client.post("/images/load", content=(CONFORMANCE / "images" / "busybox_latest.tar.gz").read_bytes())
    written = write(root)
    assert written.keys() == ALL
    report = await run_import()
    entry = by_id(report)
    assert {name for name, of in written.items() if entry[of].outcome.value != "imported"} == UNREADABLE
    assert {name for name, expected in EXPECTED.items() if expected["inspect"] is None} == UNREADABLE
    entries = await listed(client)
    found: dict[str, dict[str, set[str]]] = {"inspect": {}, "list": {}}
    for name, container_id in written.items():
        if name in UNREADABLE:
            continue
        shown = {"inspect": await inspected(client, container_id), "list": entries[container_id]}
        for kind, document in shown.items():
            for path in differences(keys_sorted(document), keys_sorted(EXPECTED[name][kind])):
                folded = "GraphDriver.Data" if path.startswith("GraphDriver.Data") else path
                if folded not in OF_THE_ENGINE:
                    found[kind].setdefault(folded, set()).add(name)
    assert found["inspect"] == {path: names for path, (names, _reason) in INSPECTED.items()}
    assert found["list"] == {path: names for path, (names, _reason) in LISTED.items()}


async def test_what_is_recorded_in_another_way_is_told(root: DockerRoot, run_import) -> None:
    written = write(root)
    rehearsed, report = await run_import(dry_run=True), await run_import()
    entry = by_id(report)
    for name, sentence in TOLD.items():
        assert sentence in entry[written[name]].warnings
    told = {name for name, container_id in written.items() if entry[container_id].warnings}
    changed = _FAR_CREATED | _FAR_STARTED | _LOST_NAMES | {"started-year-one", "mount-twice-alike"}
    assert told >= changed | TOLD.keys()
    assert told.isdisjoint(_REMOVED | {"restart-unnamed", "network-default", "ipc-absent", "paths-null", "nulls"})
    assert rehearsed.entries == report.entries


async def test_v_specs_keeps_its_words(root: DockerRoot, run_import, services: Services) -> None:
    written = write(root)
    await run_import()

    def specs(conn: Connection) -> dict[str, tuple[str, int, str, str]]:
        columns = "container_id, restart_policy, restart_limit, network_mode, log_driver"
        return {row[0]: tuple(row[1:]) for row in conn.exec_driver_sql(f"SELECT {columns} FROM v_specs")}

    found = await services.database.scan(specs)
    for name in ("unnamed", "unnamed-counted", "empty", "null", "absent"):
        assert found[written[f"restart-{name}"]] == ("no", 0, "bridge", "json-file")
    assert found[written["network-default"]] == ("no", 0, "bridge", "json-file")
    assert found[written["log-logentries"]] == ("no", 0, "bridge", "local")
    assert {"default", ""}.isdisjoint(found[written[name]][2] for name in (*STATES, *MOUNTS, *CONFIGS))


async def test_a_check_of_the_whole_database_finds_nothing(root: DockerRoot, run_import, services: Services) -> None:
    write(root)
    await run_import()
    assert await services.database.scan(of_rows) == []


async def test_each_can_be_renamed_updated_and_removed(root: DockerRoot, run_import, client: httpx.AsyncClient) -> None:
    written = write(root)
    await run_import()
    for name in (*HOSTS, *MOUNTS, *NAMES):
        path = f"/containers/{written[name]}"
        assert (await client.post(f"{path}/rename?name=renamed")).status_code == 204, name
        assert (await client.delete(path)).status_code == 204, name


async def test_links_lead_to_a_container_whose_name_was_changed(
    root: DockerRoot, run_import, client: httpx.AsyncClient
) -> None:
    child = root.container("x")
    root.container("web", host={"Links": ["/x:/web/db"], "NetworkMode": "bridge"})
    assert (await run_import()).complete
    assert (await inspected(client, "web/db"))["Id"] == child


async def test_two_containers_with_one_name_that_is_none_are_both_imported(root: DockerRoot, run_import) -> None:
    first, second = root.container("x", container_id="1" * 64), root.container("x", container_id="2" * 64)
    report = await run_import()
    assert [entry_of(report, one).name for one in (first, second)] == [f"x_{'1' * 12}", f"x_{'2' * 12}"]
    assert report.complete


@pytest.mark.parametrize(
    "fields",
    [
        {"NetworkSettings": None},
        {"NetworkSettings": {"Networks": {"bridge": None}}},
        {"MountPoints": {"/d": None}},
        {"State": None},
        {"State": {"Health": {"Status": "healthy", "Log": [None, None]}}},
    ],
    ids=["no-settings", "no-endpoint", "no-mount", "no-state", "no-probe"],
)
async def test_nulls_that_end_docker_itself_are_read(
    root: DockerRoot, run_import, client: httpx.AsyncClient, fields: dict[str, Any]
) -> None:
    root.container("web", **fields)
    assert (await run_import()).complete
    assert (await inspected(client, "web"))["Mounts"] == []


async def test_a_container_without_a_name_is_named_by_its_short_id(
    root: DockerRoot, run_import, client: httpx.AsyncClient
) -> None:
    container = root.container("web", Name="")
    entry = entry_of(await run_import(), container)
    assert entry.warnings == (f"imported as {container[:12]}: its name '' is none that Docker takes today",)
    assert (await inspected(client, container))["Name"] == f"/{container[:12]}"


async def test_many_and_large_labels_are_taken_over(root: DockerRoot, run_import, client: httpx.AsyncClient) -> None:
    labels = {"large": "x" * 120_000} | {f"label-{number}": str(number) for number in range(20_000)}
    root.container("web", config={"Labels": labels})
    assert (await run_import()).complete
    assert (await inspected(client, "web"))["Config"]["Labels"] == labels
