"""`statesvc runtimes`, with a service that holds the data root and without one."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from service import Service, running


def statesvc(*args: str, root: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "statesvc", *args, "--data-root", str(root)]
    environment = os.environ | {"COLUMNS": "200"}
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "daemon.json"
    path.write_text('{"runtimes": {"wrapped": {"path": "/bin/true", "runtimeArgs": ["a b"]}}}')
    return path


@pytest.fixture
def served(tmp_path: Path, config: Path) -> Service:
    with running(tmp_path / "data", "--config-file", str(config)) as service:
        yield service


def test_the_runtimes_are_listed(served: Service) -> None:
    done = statesvc("runtimes", "list", root=served.data_root)
    assert done.returncode == 0, done.stderr
    assert "version 1 of " in done.stdout
    assert "/bin/true 'a b'" in done.stdout
    assert served.stop() == 0
    without = statesvc("runtimes", "list", root=served.data_root)
    assert without.stdout == done.stdout


def test_a_reload_says_which_version_is_in_force(served: Service, config: Path) -> None:
    config.write_text("{}")
    assert statesvc("runtimes", "reload", root=served.data_root).stdout == "version 2 is in force\n"
    again = statesvc("runtimes", "reload", root=served.data_root)
    assert again.stdout == "version 2 is in force: nothing has changed\n"


def test_a_refused_reload_says_why_and_exits_so(served: Service, config: Path) -> None:
    config.write_text('{"runtimes": {"x": {}}, "labls": []}')
    done = statesvc("runtimes", "reload", root=served.data_root)
    assert done.returncode == 2
    assert "did you mean 'labels'" in done.stderr
    assert "exactly one of path and runtimeType" in done.stderr


def test_a_reload_without_a_service_says_that_none_is_needed(tmp_path: Path) -> None:
    done = statesvc("runtimes", "reload", root=tmp_path / "data")
    assert done.returncode == 5
    assert "no service holds the data root" in done.stderr


def test_history_shows_the_versions_and_what_changed(served: Service, config: Path) -> None:
    config.write_text('{"runtimes": {"wrapped": {"path": "/bin/true"}}}')
    statesvc("runtimes", "reload", root=served.data_root)
    document = json.loads(statesvc("runtimes", "history", "--json", root=served.data_root).stdout)
    assert [one["Version"] for one in document["Versions"]] == [2, 1]
    assert "2 *" in statesvc("runtimes", "history", root=served.data_root).stdout
    changes = statesvc("runtimes", "history", "--from", "1", "--to", "2", root=served.data_root).stdout
    assert "wrapped" in changes
    assert "/bin/true 'a b'" in changes
    half = statesvc("runtimes", "history", "--from", "1", root=served.data_root)
    assert (half.returncode, "go together" in half.stderr) == (2, True)


def test_no_drift_is_a_clean_exit(served: Service) -> None:
    done = statesvc("runtimes", "drift", root=served.data_root)
    assert done.returncode == 0, done.stderr
