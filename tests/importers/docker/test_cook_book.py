"""The cook-book, asked of the imported sample: its answers are what the engine itself said of its containers."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from docker_root import SAMPLES, unpack_sample

from statesvc import app
from statesvc.db.views.cook_book import RECIPES
from statesvc.db.views.questions import ask
from statesvc.db.views.views import VIEWS
from statesvc.host.data_root import DataRoot
from statesvc.settings import Settings

pytestmark = pytest.mark.anyio

EXPECTED = json.loads((SAMPLES / "docker-26.1-expected.json").read_text())
INSPECTED: list[dict[str, Any]] = list(EXPECTED["inspect"].values())


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def database(tmp_path_factory: pytest.TempPathFactory, anyio_backend: str) -> AsyncIterator[Path]:
    """The database of a service that has imported the sample and runs on."""
    folder = tmp_path_factory.mktemp("sample")
    settings = Settings(data_root=folder / "data", hosts=(), config_file=SAMPLES / "docker-26.1-daemon.json")
    async with app.opened(settings) as opened:
        report = await opened.importers["docker"].run(unpack_sample(folder / "docker"), dry_run=False)
        assert report.complete
        yield DataRoot(settings.data_root).database


def asked(database: Path, query: str) -> list[dict[str, Any]]:
    answer = ask(database, query, seconds=30, max_rows=100_000)
    assert answer.cut == ""
    return [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]


def recipe(start: str) -> str:
    (found,) = [one.sql for one in RECIPES if one.question.startswith(start)]
    return found


def name_of(inspected: dict[str, Any]) -> str:
    return inspected["Name"].removeprefix("/")


def names_where(wanted: Any) -> list[str]:
    return sorted(name_of(one) for one in INSPECTED if wanted(one))


@pytest.mark.parametrize("one", RECIPES, ids=lambda one: one.question)
async def test_every_question_is_answered(database: Path, one: Any) -> None:
    asked(database, one.sql)


async def test_states_are_counted_as_the_engine_has_them(database: Path) -> None:
    found = {row["state"]: row["containers"] for row in asked(database, recipe("How many containers"))}
    states = [one["State"]["Status"] for one in INSPECTED]
    assert found == {state: states.count(state) for state in states}


async def test_binds_are_those_that_the_engine_mounted(database: Path) -> None:
    found = {(row["container_name"], row["destination"]) for row in asked(database, recipe("Which containers mount"))}
    assert found == {
        (name_of(one), mount["Destination"]) for one in INSPECTED for mount in one["Mounts"] if mount["Type"] == "bind"
    }
    assert found


async def test_what_has_no_limit_of_memory_is_what_the_engine_says(database: Path) -> None:
    found = [row["container_name"] for row in asked(database, recipe("Which containers have no memory limit"))]
    assert found == names_where(lambda one: one["HostConfig"]["Memory"] == 0)
    assert len(found) < len(INSPECTED)


async def test_what_may_do_more_is_what_the_engine_says(database: Path) -> None:
    found = [row["container_name"] for row in asked(database, recipe("Which containers are privileged"))]
    assert found == names_where(
        lambda one: (
            one["HostConfig"]["Privileged"]
            or one["HostConfig"]["CapAdd"] is not None
            or one["HostConfig"]["NetworkMode"] == "host"
        )
    )
    assert found


async def test_what_failed_is_what_the_engine_says(database: Path) -> None:
    found = sorted(row["name"] for row in asked(database, recipe("Which containers failed")))
    assert found == names_where(lambda one: one["State"]["Status"] == "exited" and one["State"]["ExitCode"] != 0)
    assert found


async def test_who_sets_a_variable_is_what_the_engine_says(database: Path) -> None:
    found = [row["container_name"] for row in asked(database, recipe("Which containers set this"))]
    assert found == names_where(lambda one: any(e.startswith("PATH=") for e in one["Config"]["Env"] or ()))


async def test_unused_images_are_those_of_no_container(database: Path) -> None:
    found = {row["id"] for row in asked(database, recipe("Which images does no"))}
    assert found == EXPECTED["images"].keys() - {one["Image"] for one in INSPECTED}


async def test_times_and_labels_are_what_the_engine_says(database: Path) -> None:
    rows = {
        row["id"]: row for row in asked(database, "SELECT id, name, created_at, finished_at, labels FROM v_containers")
    }
    assert rows.keys() == {one["Id"] for one in INSPECTED}
    for one in INSPECTED:
        row = rows[one["Id"]]
        assert row["name"] == name_of(one)
        assert row["created_at"] == one["Created"]
        assert (row["finished_at"] or "0001-01-01T00:00:00Z") == one["State"]["FinishedAt"]
        assert json.loads(row["labels"]) == (one["Config"]["Labels"] or {})


async def test_no_environment_value_of_the_sample_is_in_any_view(database: Path) -> None:
    values = {value for one in INSPECTED for e in one["Config"]["Env"] or () if len(value := e.partition("=")[2]) > 8}
    shown = "".join(repr(asked(database, f"SELECT * FROM {view.name}")) for view in VIEWS)
    known_elsewhere = json.dumps([[one["Mounts"], one["Config"]["Labels"], one["Path"]] for one in INSPECTED])
    assert values
    assert [value for value in values if value in shown and value not in known_elsewhere] == []
