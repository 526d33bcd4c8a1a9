"""The sample data root, imported and asked: what its engine said of it, but for a list of exceptions with reasons."""

import json
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from docker_root import SAMPLES, unpack_sample

from statesvc import app
from statesvc.app import Services
from statesvc.domain import times
from statesvc.settings import Settings

pytestmark = pytest.mark.anyio


@dataclass(frozen=True)
class Sample:
    """A data root, what its engine said of it, and the time when it was asked."""

    engine: str
    api: str
    expected: dict[str, Any]
    asked_at: int
    # What differs in it, of the exceptions below.
    inspect: frozenset[str]
    images: frozenset[str]


_MOUNTED = frozenset({"GraphDriver.Data"})
_PROBED = frozenset({"State.Health.Status", "State.Health.FailingStreak", "State.Health.Log"})


def read(engine: str) -> dict[str, Any]:
    return json.loads((SAMPLES / f"docker-{engine}-expected.json").read_text())


def of_26() -> Sample:
    expected = read("26.1")
    for document in (*expected["inspect"].values(), *expected["list"]):
        for endpoint in document["NetworkSettings"]["Networks"].values():
            endpoint["GwPriority"] = 0  # which that engine has not
    for entry in expected["list"]:
        if annotations := expected["inspect"][entry["Id"]]["HostConfig"].get("Annotations"):
            entry["HostConfig"]["Annotations"] = annotations  # which a list has since API 1.46
    # As near as the sentences of its list tell ("Up 4 seconds").
    asked_at = times.parse("2026-11-23T15:12:21.02Z")
    assert asked_at
    return Sample("26.1", "1.45", expected, asked_at, _MOUNTED | _PROBED, _MOUNTED | {"Size"})


def of_28() -> Sample:
    expected = read("28.5")
    return Sample(
        "28.5", "1.51", expected, expected["asked_at"], _MOUNTED | _PROBED | {"State.Error"}, _MOUNTED | {"Parent"}
    )


SAMPLES_OF = {"26.1": of_26, "28.5": of_28}

# What may differ, each with its reason; docs/compatibility.md names every one.
LIST_EXCEPTIONS = {
    "Status": "of a running container with a health check: the health in it is in the engine's memory",
}
INSPECT_EXCEPTIONS = {
    "GraphDriver.Data": "where the engine mounts the layers: they are the engine's",
    "State.Health.Status": "of a running container: the engine writes no probe to the disk",
    "State.Health.FailingStreak": "as State.Health.Status",
    "State.Health.Log": "as State.Health.Status",
    "State.Error": "of a dead container: the engine writes why it could not be removed to no disk",
}
IMAGE_EXCEPTIONS = {
    "GraphDriver.Data": "where the engine mounts the layers: they are the engine's",
    "Parent": "of a committed image: it is not recorded",
    "Size": "the sample of 26.1 has no layers; it is read where the data root has its layer store",
}
# The rest of /info is the host's and the program's.
INFO_IMPORTED = ("Containers", "ContainersPaused", "ContainersRunning", "ContainersStopped")
INFO_CONFIGURED = ("DefaultRuntime", "Runtimes")
# Docker answers these from a Go map, in another order each time.
UNORDERED = ("Mounts", "Names")  # and HostConfig.Links


@pytest.fixture(params=SAMPLES_OF)
def sample(request: pytest.FixtureRequest) -> Sample:
    return SAMPLES_OF[request.param]()


@pytest.fixture
async def services(tmp_path: Path, sample: Sample) -> AsyncIterator[Services]:
    """The services after the import, at the time when the engine was asked."""
    configuration = SAMPLES / f"docker-{sample.engine}-daemon.json"
    settings = Settings(data_root=tmp_path / "data", hosts=(), config_file=configuration)
    async with app.opened(settings, clock=lambda: sample.asked_at) as opened:
        report = await opened.importers["docker"].run(unpack_sample(tmp_path / "docker", sample.engine), dry_run=False)
        assert report.complete, [entry for entry in report.entries if entry.message]
        yield opened


def in_one_order(document: dict[str, Any]) -> dict[str, Any]:
    if links := document.get("HostConfig", {}).get("Links"):
        document = document | {"HostConfig": document["HostConfig"] | {"Links": sorted(links)}}
    ordered = {
        key: sorted(document[key], key=lambda one: json.dumps(one, sort_keys=True))
        for key in UNORDERED
        if key in document
    }
    return document | ordered


def differences(found: Any, expected: Any, path: str = "") -> Iterator[str]:
    """Yield the path of every field that differs."""
    if isinstance(found, dict) and isinstance(expected, dict):
        for key in sorted(found.keys() | expected.keys()):
            at = f"{path}.{key}".removeprefix(".")
            if key in found and key in expected:
                yield from differences(found[key], expected[key], at)
            else:
                yield at
    elif found != expected or type(found) is not type(expected):
        yield path


def folded(path: str) -> str:
    # Data is a map of folders in the engine's answer.
    return re.sub(r"^GraphDriver\.Data\..*", "GraphDriver.Data", path)


def probed(expected: dict[str, Any]) -> bool:
    return expected["State"]["Running"] and "Health" in expected["State"]


async def inspect_differences(client: httpx.AsyncClient, sample: Sample) -> dict[str, set[str]]:
    """Return the paths that differ, each with the containers in which they do."""
    found: dict[str, set[str]] = {}
    for container_id, expected in sample.expected["inspect"].items():
        answer = await client.get(f"/containers/{container_id}/json")
        for path in differences(in_one_order(answer.json()), in_one_order(expected)):
            found.setdefault(folded(path), set()).add(container_id)
    return found


async def test_the_list_is_that_of_the_engine(client: httpx.AsyncClient, sample: Sample) -> None:
    found = (await client.get("/containers/json?all=1")).json()
    assert [entry["Id"] for entry in found] == [entry["Id"] for entry in sample.expected["list"]]
    for entry, expected in zip(found, sample.expected["list"], strict=True):
        different = list(differences(in_one_order(entry), in_one_order(expected)))
        if probed(sample.expected["inspect"][entry["Id"]]) and different:
            assert different == list(LIST_EXCEPTIONS)
            assert entry["Status"].partition(" (")[0] == expected["Status"].partition(" (")[0]
        else:
            assert different == [], entry["Names"]


async def test_inspect_answers_as_the_engine_did(client: httpx.AsyncClient, sample: Sample) -> None:
    found = await inspect_differences(client, sample)
    assert found.keys() == sample.inspect
    inspected = sample.expected["inspect"]
    running = {container_id for container_id, expected in inspected.items() if probed(expected)}
    assert found["State.Health.Status"] | found["State.Health.FailingStreak"] | found["State.Health.Log"] <= running
    assert {inspected[container_id]["State"]["Status"] for container_id in found.get("State.Error", ())} <= {"dead"}


def test_every_exception_is_still_needed() -> None:
    samples = [read() for read in SAMPLES_OF.values()]
    assert INSPECT_EXCEPTIONS.keys() == set().union(*(sample.inspect for sample in samples))
    assert IMAGE_EXCEPTIONS.keys() == set().union(*(sample.images for sample in samples))


async def test_inspect_by_name_and_in_an_old_version_find_every_container(
    client: httpx.AsyncClient, sample: Sample
) -> None:
    for container_id, expected in sample.expected["inspect"].items():
        for path in (f"/containers{expected['Name']}/json", f"/v1.24/containers/{container_id[:12]}/json"):
            assert (await client.get(path)).json()["Id"] == container_id


async def test_the_images_are_those_of_the_engine(client: httpx.AsyncClient, sample: Sample) -> None:
    different = set()
    for image_id, expected in sample.expected["images"].items():
        found = (await client.get(f"/v{sample.api}/images/{image_id}/json")).json()
        different |= {folded(path) for path in differences(found, expected)}
        by_tag = (await client.get(f"/images/{expected['RepoTags'][0]}/json")).json()
        assert by_tag["Id"] == image_id
    assert different == sample.images


async def test_info_counts_what_the_engine_counted(client: httpx.AsyncClient, sample: Sample) -> None:
    info = (await client.get("/info")).json()
    for runtime in info["Runtimes"].values():
        runtime.pop("status", None)  # what the binaries of this machine say of themselves
    for key in (*INFO_IMPORTED, *INFO_CONFIGURED):
        assert info[key] == sample.expected["info"][key], key
    assert info["Images"] == len(sample.expected["images"])


async def test_a_running_container_is_kept_so_and_not_removed(client: httpx.AsyncClient, sample: Sample) -> None:
    refused = await client.delete("/containers/web-0?force=1")
    assert refused.status_code == 409
    assert (await client.get("/containers/web-0/json")).json()["State"]["Running"]


def test_the_documentation_names_every_exception() -> None:
    text = (Path(__file__).parents[3] / "docs" / "compatibility.md").read_text()
    _, _, section = text.partition("## Import of a Docker data root")
    section = section.partition("\n## ")[0]
    for path in (*LIST_EXCEPTIONS, *INSPECT_EXCEPTIONS, *IMAGE_EXCEPTIONS, *UNORDERED):
        assert f"`{path}`" in section, path
