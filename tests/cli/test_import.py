"""`statesvc import docker`, as a process: on a free data root, and through the service that holds one."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from docker_root import DockerRoot
from service import Service, running
from sqlalchemy import text

from statesvc.db.sqlite import make_engine
from statesvc.host.data_root import DataRoot


@pytest.fixture
def root(tmp_path: Path) -> DockerRoot:
    (tmp_path / "docker" / "containers").mkdir(parents=True)
    return DockerRoot(tmp_path / "docker")


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Service]:
    """A service that holds a data root, with nothing in it."""
    with running(tmp_path / "data") as service:
        yield service


def statesvc(*words: object, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "statesvc", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=cwd, timeout=60)


def report_of(root: DockerRoot, data_root: Path, *flags: str, code: int = 0) -> Any:
    done = statesvc("import", "docker", root.path, "--data-root", data_root, "--json", *flags)
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout)


def test_a_free_data_root_is_opened_and_a_second_run_changes_nothing(root: DockerRoot, tmp_path: Path) -> None:
    root.container("web")
    first = report_of(root, tmp_path / "data")
    assert first["Counts"] == {"container": {"imported": 1, "unchanged": 0, "skipped": 0, "failed": 0}}
    assert report_of(root, tmp_path / "data")["Counts"]["container"]["unchanged"] == 1


def test_the_table_shows_each_object_and_why(root: DockerRoot, tmp_path: Path) -> None:
    container = root.container("web")
    (root.directory(root.container("[red]cut")) / "hostconfig.json").unlink()
    done = statesvc("import", "docker", root.path, "--data-root", tmp_path / "data")
    assert done.returncode == 1
    assert container[:12] in done.stdout
    assert "containers: 1 imported, 1 failed" in done.stdout
    assert "hostconfig.json" in done.stdout


def test_a_dry_run_makes_no_data_root(root: DockerRoot, tmp_path: Path) -> None:
    root.container("web")
    assert report_of(root, tmp_path / "data", "--dry-run")["Counts"]["container"]["imported"] == 1
    assert not (tmp_path / "data").exists()


def test_a_service_that_holds_the_data_root_imports_itself(root: DockerRoot, held: Service) -> None:
    root.container("web")
    bad = root.container("bad")
    (root.directory(bad) / "config.v2.json").write_text("{")
    rehearsed = report_of(root, held.data_root, "--dry-run", code=1)
    assert held.call("GET", "/containers/web/json").status == 404
    done = report_of(root, held.data_root, code=1)
    assert rehearsed == done | {"DryRun": True}
    assert held.call("GET", "/containers/web/json").status == 200


def test_the_path_may_be_relative_to_where_the_command_runs(root: DockerRoot, held: Service) -> None:
    root.container("web")
    flags = ("--data-root", held.data_root)
    assert statesvc("import", "docker", "docker", *flags, cwd=root.path.parent).returncode == 0


def test_an_error_of_the_service_is_the_commands(held: Service, tmp_path: Path) -> None:
    done = statesvc("import", "docker", tmp_path / "nowhere", "--data-root", held.data_root)
    assert (done.returncode, done.stderr.strip()) == (3, f"statesvc: there is no folder {tmp_path / 'nowhere'}")


def test_a_data_root_held_by_a_command_is_refused(root: DockerRoot, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    with DataRoot(tmp_path / "data").lock():
        done = statesvc("import", "docker", root.path, "--data-root", tmp_path / "data")
    assert done.returncode == 4
    assert "is in use by another statesvc" in done.stderr


def test_an_import_leaves_the_configuration_in_force_as_it_is(root: DockerRoot, tmp_path: Path) -> None:
    config = tmp_path / "daemon.json"
    config.write_text('{"runtimes": {"crun": {"path": "/usr/bin/crun"}}}')
    with running(tmp_path / "data", "--config-file", str(config)):
        pass
    report_of(root, tmp_path / "data")
    with running(tmp_path / "data", "--config-file", str(config)) as service:
        assert "crun" in service.call("GET", "/info").json()["Runtimes"]
    assert versions(tmp_path / "data") == 1


def versions(data_root: Path) -> int:
    with make_engine(data_root / "statesvc.db", busy_timeout_ms=0, query_only=True).connect() as connection:
        return connection.execute(text("SELECT count(*) FROM runtime_configs")).scalar_one()
