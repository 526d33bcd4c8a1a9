"""A wrapper script that cannot be written: nothing is locked, begun or put in force, and the answer says so."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from faults import EVERY_ERROR, Call, FaultyDisk
from reporting import CONFIGURED, configure
from service import Answer, Service, running
from truth import claim

from statesvc.domain.wrapper_script import render

OWN = "/statesvc/v1"
ENGINE = {"Engine": "e1"}
PROCESS = {"Engine": "e1", "Pid": 7, "Process": {"Entrypoint": "sh"}}


@pytest.fixture
def wrapped(data_root: Path, tmp_path: Path, disk: FaultyDisk) -> Iterator[Service]:
    """A service with a container that is created, and one that runs, both by a wrapper script."""
    configure(tmp_path / "daemon.json")
    with running(data_root, "--config-file", str(tmp_path / "daemon.json"), env=disk.environment) as service:
        for name in ("made", "runs"):
            body = {"Cmd": ["x"], "HostConfig": {"Runtime": "wrapped"}}
            assert service.call("POST", "/containers/create", body, query={"name": name}).status == 201
        started = service.call("POST", f"{OWN}/containers/runs/prepare-start", ENGINE)
        assert started.status == 200, started
        report = {"Attempt": started.json()["Attempt"], "Pid": 42}
        assert service.call("POST", f"{OWN}/containers/runs/started", report).status == 200
        yield service
        disk.mend()


def journal(service: Service) -> list[bytes]:
    return service.call("GET", f"{OWN}/events?follow=0").body.splitlines()


def lose_scripts(service: Service) -> None:
    for script in (service.data_root / "runtimes").iterdir():
        script.unlink()


def prepare(service: Service) -> Answer:
    return service.call("POST", f"{OWN}/containers/made/prepare-start", ENGINE)


def begin_exec(service: Service) -> Answer:
    return service.call("POST", f"{OWN}/containers/runs/execs", PROCESS)


WRAPPED, NEW = ("--log", "/a b/$c"), ("--new",)


def reload(service: Service) -> Answer:
    changed = {"new": {"path": "/bin/true", "runtimeArgs": NEW}}
    configure(service.data_root.parent / "daemon.json", CONFIGURED | {"runtimes": CONFIGURED["runtimes"] | changed})
    return service.call("POST", f"{OWN}/runtimes/reload")


def faults(arguments: tuple[str, ...]) -> Iterator[tuple[Call, str]]:
    """Yield each call that puts the script of these arguments into the folder, with the end of its path."""
    name = render("/bin/true", arguments).digest.removeprefix("sha256:")
    yield from ((call, name) for call in (Call.WRITE, Call.SYNC, Call.RENAME))
    yield Call.SYNC, "runtimes"


@pytest.mark.parametrize(("ask", "arguments"), [(prepare, WRAPPED), (begin_exec, WRAPPED), (reload, NEW)])
def test_a_script_that_cannot_be_written_leaves_nothing_behind(
    wrapped: Service, disk: FaultyDisk, ask: Callable[[Service], Answer], arguments: tuple[str, ...]
) -> None:
    """The change was made, and then the answer was 503: an exec ran under an ID that nobody was told."""
    for (call, path), error in itertools.product(faults(arguments), EVERY_ERROR):
        lose_scripts(wrapped)
        before = journal(wrapped)
        with disk.failing(call, path, error):
            answer = ask(wrapped)
        assert disk.counts()[1], (call, path)
        assert claim(answer) is False, answer
        assert journal(wrapped) == before
    assert ask(wrapped).status < 300
