"""Files that are removed or replaced while the service runs: refused truly, or made again."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from reporting import configure
from service import Answer, Service, running
from truth import claim

OWN = "/statesvc/v1"


@pytest.fixture
def wrapped(data_root: Path, tmp_path: Path) -> Iterator[Service]:
    """A service with a container that starts by a wrapper script."""
    configure(tmp_path / "daemon.json")
    with running(data_root, "--config-file", str(tmp_path / "daemon.json")) as service:
        body = {"Cmd": ["x"], "HostConfig": {"Runtime": "wrapped"}}
        assert service.call("POST", "/containers/create", body, query={"name": "web"}).status == 201
        yield service


def prepare(service: Service) -> Answer:
    return service.call("POST", f"{OWN}/containers/web/prepare-start", {"Engine": "e1"})


def is_locked(service: Service) -> bool:
    return service.call("GET", f"{OWN}/containers/web/runtime").status == 200


def test_scripts_that_are_removed_with_their_folder_are_made_again(wrapped: Service) -> None:
    shutil.rmtree(wrapped.data_root / "runtimes")
    answer = prepare(wrapped)
    assert answer.status == 200, answer
    assert Path(answer.json()["Runtime"]["Path"]).is_file()


def test_a_file_in_the_place_of_the_folder_of_scripts_locks_nothing(wrapped: Service) -> None:
    folder = wrapped.data_root / "runtimes"
    shutil.rmtree(folder)
    folder.write_text("in the way")
    answer = prepare(wrapped)
    assert claim(answer) is False, answer
    assert not is_locked(wrapped)
    folder.unlink()
    assert prepare(wrapped).status == 200
    assert is_locked(wrapped)


def test_a_script_that_is_replaced_is_written_again_before_it_is_used(wrapped: Service) -> None:
    (script,) = (wrapped.data_root / "runtimes").iterdir()
    whole = script.read_bytes()
    script.write_text("#!/bin/sh\nexec /bin/evil\n")
    assert prepare(wrapped).status == 200
    assert script.read_bytes() == whole


def test_a_configuration_that_is_removed_leaves_the_one_in_force(wrapped: Service) -> None:
    file = wrapped.data_root.parent / "daemon.json"
    file.unlink()
    answer = wrapped.call("POST", f"{OWN}/runtimes/reload")
    assert claim(answer) is False, answer
    assert wrapped.call("GET", "/info").json()["DefaultRuntime"] == "plain"
