"""Data roots that are damaged or hostile: what is wrong is reported, nothing is guessed, and the rest is imported."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from docker_root import DockerRoot, an_id, entry_of, inspected, outcomes_by_name

from statesvc.api.imports import report_document
from statesvc.app import Services
from statesvc.errors import InvalidParameter, NotFound
from statesvc.importers.docker import container as docker_container

pytestmark = pytest.mark.anyio

MIB = 1024 * 1024


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def changed(path: Path, **fields: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))


def grown(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(17 * MIB)


def linked(path: Path) -> None:
    path.rename(path.with_suffix(".moved"))
    path.symlink_to(path.with_suffix(".moved"))


def piped(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


CONFIG, HOST = "config.v2.json", "hostconfig.json"
DAMAGES: dict[str, tuple[str, Callable[[Path], object], str]] = {
    "a truncated configuration": (CONFIG, cut, "config.v2.json: invalid JSON: unexpected end"),
    "a truncated host configuration": (HOST, cut, "hostconfig.json: invalid JSON: unexpected end"),
    "no configuration": (CONFIG, Path.unlink, "config.v2.json is missing"),
    "no host configuration": (HOST, Path.unlink, "hostconfig.json is missing"),
    "an empty host configuration": (HOST, lambda path: path.write_text(""), "hostconfig.json is empty"),
    "a host configuration of nothing": (
        HOST,
        lambda path: path.write_text("{}"),
        "hostconfig.json has none of the expected fields",
    ),
    "a host configuration that is null": (
        HOST,
        lambda path: path.write_text("null"),
        "hostconfig.json has none of the expected fields",
    ),
    "zeros after a power loss": (CONFIG, lambda path: path.write_bytes(bytes(4096)), "invalid JSON"),
    "an array": (CONFIG, lambda path: path.write_text("[]"), "expected an object"),
    "deep nesting": (CONFIG, lambda path: path.write_text('{"x":' + "[" * 200_000), "nested too deeply"),
    "another container's ID": (CONFIG, lambda path: changed(path, ID="f" * 64), f"is of the container {'f' * 64}"),
    "no ID": (CONFIG, lambda path: changed(path, ID=""), "is of the container (none)"),
    "no Config": (CONFIG, lambda path: changed(path, Config=None), "holds no configuration"),
    "a time that is none": (
        CONFIG,
        lambda path: changed(path, Created="yesterday"),
        "Created: 'yesterday' is not a time",
    ),
    "a wrong type": (CONFIG, lambda path: changed(path, RestartCount="7"), "/RestartCount: expected an integer"),
    "a huge file": (CONFIG, grown, "config.v2.json is larger than 16 MiB"),
    "a symbolic link": (HOST, linked, "hostconfig.json is a symbolic link"),
    "a pipe": (HOST, piped, "hostconfig.json is not a file"),
    "a folder": (HOST, a_folder, "hostconfig.json is not a file"),
}


@pytest.mark.parametrize(("file", "damage", "sentence"), DAMAGES.values(), ids=DAMAGES)
async def test_damage_is_told_and_the_rest_is_imported(
    root: DockerRoot, run_import, client: httpx.AsyncClient, file: str, damage: Callable[[Path], object], sentence: str
) -> None:
    good, bad = root.container("good"), root.container("bad")
    damage(root.directory(bad) / file)
    report = await run_import()
    entry = entry_of(report, bad)
    assert (entry.outcome.value, report.complete) == ("failed", False)
    assert sentence in entry.message
    assert (await inspected(client, "good"))["Id"] == good
    assert (await client.get(f"/containers/{bad}/json")).status_code == 404
    assert (await client.get("/info")).json()["Containers"] == 1


async def test_a_repaired_container_is_imported_by_the_next_run(root: DockerRoot, run_import) -> None:
    bad = root.container("bad")
    whole = (root.directory(bad) / CONFIG).read_bytes()
    cut(root.directory(bad) / CONFIG)
    assert outcomes_by_name(await run_import()) == {bad: "failed"}
    (root.directory(bad) / CONFIG).write_bytes(whole)
    assert outcomes_by_name(await run_import()) == {"bad": "imported"}


async def test_what_is_no_container_directory_is_told(root: DockerRoot, run_import) -> None:
    root.container("good")
    (root.path / "containers" / "good.backup").mkdir()
    (root.path / "containers" / "notes.txt").write_text("")
    (root.path / "containers" / an_id("elsewhere")).symlink_to(root.directory(an_id("good")))
    report = await run_import()
    assert {entry.id: entry.outcome.value for entry in report.entries} == {
        "good.backup": "failed",
        "notes.txt": "failed",
        an_id("elsewhere"): "failed",
        an_id("good"): "imported",
    }
    assert "links are not followed" in entry_of(report, an_id("elsewhere")).message


async def test_a_copied_directory_does_not_take_the_name_of_its_original(root: DockerRoot, run_import) -> None:
    original = root.container("web")
    root.directory(original).rename(root.directory(an_id("copy")))
    root.container("web")
    report = await run_import()
    assert entry_of(report, original).outcome.value == "imported"
    assert f"is of the container {original}" in entry_of(report, an_id("copy")).message


async def test_a_name_that_is_no_unicode_is_told_in_escapes(root: DockerRoot, run_import) -> None:
    try:
        (root.path / "containers" / os.fsdecode(b"\xff\x1b[2J")).mkdir()
    except OSError:
        pytest.skip("this file system takes Unicode only")
    (entry,) = report_document(await run_import())["Objects"]
    assert entry["Id"] == "\\udcff\\x1b[2J"


async def test_text_that_is_no_unicode_is_replaced_as_go_does(
    root: DockerRoot, run_import, client: httpx.AsyncClient
) -> None:
    file = root.directory(root.container("web", config={"Labels": {"a": "?"}})) / CONFIG
    file.write_bytes(file.read_bytes().replace(b'"a": "?"', b'"a": "\xff\\ud800"'))
    assert (await run_import()).complete
    assert (await inspected(client, "web"))["Config"]["Labels"] == {"a": "\ufffd\ufffd"}


async def test_two_directories_with_one_name_are_both_left_out(root: DockerRoot, run_import) -> None:
    first, second = root.container("web", container_id="1" * 64), root.container("web", container_id="2" * 64)
    report = await run_import()
    assert [entry.outcome.value for entry in report.entries] == ["skipped", "skipped"]
    assert second in entry_of(report, first).message
    assert first in entry_of(report, second).message


async def test_the_one_that_is_imported_already_keeps_its_name(root: DockerRoot, run_import) -> None:
    first = root.container("web", container_id="1" * 64)
    await run_import()
    second = root.container("web", container_id="2" * 64)
    report = await run_import()
    assert entry_of(report, first).outcome.value == "unchanged"
    assert entry_of(report, second).outcome.value == "skipped"


async def test_a_name_taken_in_the_database_is_told_with_its_owner(
    root: DockerRoot, run_import, client: httpx.AsyncClient
) -> None:
    body = {"Cmd": ["sh"]}
    owner = (await client.post("/containers/create?name=web", json=body)).json()["Id"]
    container = root.container("web")
    root.container("other")
    report = await run_import()
    assert outcomes_by_name(report) == {"web": "skipped", "other": "imported"}
    assert owner in entry_of(report, container).message
    assert (await inspected(client, "web"))["Id"] == owner


async def test_no_value_of_the_environment_is_told(
    root: DockerRoot, run_import, capfd: pytest.CaptureFixture[str]
) -> None:
    root.container("fine", config={"Env": ["PASSWORD=hunter2"]})
    bad = root.container("bad", config={"Env": ["PASSWORD=hunter2", {"PASSWORD": "hunter2"}]})
    cut(root.directory(root.container("cut", config={"Env": ["PASSWORD=hunter2"]})) / CONFIG)
    report = await run_import()
    assert "/Config/Env/1" in entry_of(report, bad).message
    captured = capfd.readouterr()
    assert "hunter2" not in json.dumps(report_document(report)) + captured.out + captured.err


async def test_a_bug_met_by_one_container_does_not_stop_the_others(
    root: DockerRoot, run_import, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    root.container("good")
    root.container("odd", Driver="odd", config={"Env": ["PASSWORD=hunter2"]})
    mounts = docker_container._files

    def fail(stored: docker_container.StoredContainer) -> object:
        if stored.Driver == "odd":
            raise RuntimeError(f"odd: {stored.Config}")
        return mounts(stored)

    monkeypatch.setattr(docker_container, "_files", fail)
    report = await run_import()
    assert outcomes_by_name(report) == {"good": "imported", "odd": "failed"}
    assert "bug" in entry_of(report, "odd").message
    assert "hunter2" not in capfd.readouterr().out


async def test_folders_that_are_links_are_not_followed(root: DockerRoot, run_import, tmp_path: Path) -> None:
    root.image()
    (root.path / "containers").rmdir()
    (root.path / "containers").symlink_to(tmp_path)
    report = await run_import()
    assert entry_of(report, "containers").outcome.value == "failed"
    assert [entry.outcome.value for entry in report.entries if entry.kind == "image"] == ["imported"]


async def test_what_is_no_data_root_is_refused(services: Services, tmp_path: Path) -> None:
    importer = services.importers["docker"]
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidParameter, match="is not the data root of a Docker Engine"):
        await importer.run(tmp_path / "empty", dry_run=False)
    with pytest.raises(InvalidParameter, match="cannot be opened"):
        await importer.run(tmp_path / "file", dry_run=False)
    with pytest.raises(NotFound):
        await importer.run(tmp_path / "nowhere", dry_run=False)
