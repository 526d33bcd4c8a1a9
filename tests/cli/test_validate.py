"""`statesvc validate`, as a process: with a service, without one, and without a database."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from service import CONFORMANCE, Service, running

from statesvc.host.data_root import DataRoot

BARE = CONFORMANCE / "HOST-v2bare.json"
VALID = {"Cmd": ["true"], "HostConfig": {"Memory": 64 << 20}}
WRONG = {"Cmd": ["true"], "WorkingDir": "x", "HostConfig": {"Memory": 1}}


@pytest.fixture
def data_root(tmp_path: Path) -> Path:
    """A data root that is not there."""
    return tmp_path / "data"


def validate(body: object, data_root: Path, *flags: object) -> subprocess.CompletedProcess[str]:
    """Judge a body that comes from standard input."""
    text = body if isinstance(body, str) else json.dumps(body)
    command = [sys.executable, "-m", "statesvc", "validate", "-", "--data-root", str(data_root), *map(str, flags)]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=False, timeout=60)


def judged(body: object, data_root: Path, *flags: object, code: int = 0) -> Any:
    done = validate(body, data_root, "--json", *flags)
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout)


def test_a_valid_request_is_shown_as_it_would_be_stored(data_root: Path) -> None:
    done = validate(VALID, data_root)
    assert (done.returncode, done.stderr) == (0, "")
    first, _, documents = done.stdout.partition("\n")
    assert first == "valid"
    assert json.loads(documents[documents.index("{") :])["HostConfig"]["Runtime"] == "runc"


def test_a_wrong_request_is_shown_with_every_mistake(data_root: Path) -> None:
    done = validate(WRONG, data_root)
    assert (done.returncode, done.stderr) == (1, "")
    assert done.stdout.startswith("refused: the working directory 'x' is invalid")
    lines = done.stdout.splitlines()[1:]
    assert [line.split()[:3] for line in lines] == [
        ["error", "working-dir", "/WorkingDir"],
        ["error", "memory-minimum", "/HostConfig/Memory"],
    ]


def test_the_verdict_is_json_on_demand(data_root: Path) -> None:
    document = judged(WRONG, data_root, code=1)
    assert [one["Code"] for one in document["Errors"]] == ["working-dir", "memory-minimum"]
    assert judged(VALID, data_root)["Valid"] is True


def test_nothing_is_made_where_there_is_no_database(data_root: Path) -> None:
    assert judged(VALID, data_root)["Valid"]
    assert not data_root.exists()


def test_binds_are_judged_by_the_data_root_that_is_asked_for(data_root: Path) -> None:
    inside = {"Cmd": ["true"], "HostConfig": {"Binds": [f"{data_root}:/x:private"]}}
    beside = {"Cmd": ["true"], "HostConfig": {"Binds": ["/tmp/statesvc:/x:private"]}}
    assert judged(inside, data_root, code=1)["Errors"][0]["Code"] == "bind-data-root"
    assert judged(beside, data_root)["Valid"]


def test_a_database_that_no_service_holds_is_read_and_left_as_it_is(data_root: Path) -> None:
    with running(data_root) as service:
        answer = service.call("POST", "/containers/create", VALID, query={"name": "web"})
        container = answer.json()["Id"]
    shared = {"Cmd": ["true"], "HostConfig": {"IpcMode": "container:web"}}
    assert judged(shared, data_root)["HostConfig"]["IpcMode"] == f"container:{container}"
    with running(data_root) as service:
        assert len(service.call("GET", "/containers/json", query={"all": "1"}).json()) == 1


def test_a_service_that_holds_the_data_root_judges(own_service: Service) -> None:
    document = judged({"Image": "busybox:latest"}, own_service.data_root)
    assert document["Config"]["Cmd"] == ["sh"]
    assert judged({"Image": "nosuch:1"}, own_service.data_root, code=1)["Message"].startswith("No such image")


def test_a_file_may_be_named(tmp_path: Path, data_root: Path) -> None:
    (tmp_path / "body.json").write_text(json.dumps(VALID))
    command = [sys.executable, "-m", "statesvc", "validate", str(tmp_path / "body.json"), "--data-root", str(data_root)]
    assert subprocess.run(command, capture_output=True, check=False, timeout=60).returncode == 0


def test_another_host_may_be_judged_for(data_root: Path) -> None:
    document = judged(VALID, data_root, "--host-facts", BARE)
    assert document["HostConfig"]["Memory"] == 0
    assert [warning.rpartition(". ")[2] for warning in document["Warnings"]] == ["Limitation discarded."]
    wrong = {"Cmd": ["true"], "HostConfig": {"NanoCpus": 10**9}}
    assert judged(wrong, data_root, "--host-facts", BARE, code=1)["Errors"][0]["Code"] == "nano-cpus-host"


def test_another_configuration_may_be_judged_for(tmp_path: Path, data_root: Path) -> None:
    body = {"Cmd": ["true"], "HostConfig": {"Runtime": "mine"}}
    assert judged(body, data_root, code=1)["Errors"][0]["Code"] == "runtime"
    (tmp_path / "daemon.json").write_text('{"runtimes": {"mine": {"path": "/usr/bin/mine"}}}')
    assert judged(body, data_root, "--config-file", tmp_path / "daemon.json")["Valid"]


@pytest.mark.parametrize(
    ("flags", "complaint"),
    [
        (("--host-facts", "/nowhere.json"), "does not contain the facts of a host"),
        (("--config-file", "/nowhere.json"), "/nowhere.json"),
    ],
    ids=["host-facts", "config-file"],
)
def test_a_file_that_is_not_there_is_an_error_of_the_command(
    data_root: Path, flags: tuple[str, ...], complaint: str
) -> None:
    done = validate(VALID, data_root, *flags)
    assert (done.returncode, done.stdout) == (2, "")
    assert complaint in done.stderr


def test_a_body_that_is_not_there_is_an_error_of_the_command(data_root: Path) -> None:
    command = [sys.executable, "-m", "statesvc", "validate", "/nowhere.json", "--data-root", str(data_root)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (2, "statesvc: /nowhere.json cannot be read: No such file or directory\n")


@pytest.mark.parametrize("body", ["", "{", "[]", "[{}, {}]", '{"Image": 7}', "null"])
def test_what_is_no_request_is_refused(data_root: Path, body: str) -> None:
    done = validate(body, data_root)
    assert done.returncode == 1
    assert done.stdout.startswith("refused: ")


def test_a_data_root_held_by_a_command_is_an_error(data_root: Path) -> None:
    with running(data_root):
        pass
    with DataRoot(data_root).lock():
        done = validate(VALID, data_root)
    assert done.returncode == 4
    assert "is in use by another statesvc" in done.stderr
