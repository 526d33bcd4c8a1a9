"""Reload over the socket and by SIGHUP; what of it is shown; requests beside reloads without a pause."""

import itertools
import json
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from service import Service, now, running

RUNTIMES = "/statesvc/v1/runtimes"
WRAPPED = {"path": "/bin/true", "runtimeArgs": ["--one"]}


def configure(path: Path, **settings: Any) -> None:
    """Replace the file as a whole, as an editor does."""
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(settings))
    fresh.rename(path)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "daemon.json"
    configure(path, runtimes={"wrapped": WRAPPED})
    return path


@pytest.fixture
def reloading(loaded_root: Path, tmp_path: Path, config: Path) -> Iterator[Service]:
    import shutil

    root = tmp_path / "data"
    shutil.copytree(loaded_root, root)
    with running(root, "--config-file", str(config)) as service:
        yield service


def names(service: Service) -> list[str]:
    return sorted(service.call("GET", "/info").json()["Runtimes"])


def version(service: Service) -> int:
    return int(service.call("GET", RUNTIMES).json()["Version"])


def test_a_reload_is_in_force_when_it_answers(reloading: Service, config: Path) -> None:
    before = version(reloading)
    configure(config, runtimes={"other": {"path": "/bin/true"}}, **{"default-runtime": "other"})
    answer = reloading.call("POST", f"{RUNTIMES}/reload")
    assert answer.json() == {
        "Version": before + 1,
        "Changed": True,
        "DefaultRuntime": "other",
        "Runtimes": ["io.containerd.runc.v2", "other", "runc"],
    }
    assert names(reloading) == ["io.containerd.runc.v2", "other", "runc"]
    container = reloading.call("GET", f"/containers/{reloading.create()}/json").json()
    assert container["HostConfig"]["Runtime"] == "other"


def test_a_refused_reload_tells_every_problem_and_changes_nothing(reloading: Service, config: Path) -> None:
    before = version(reloading)
    configure(config, runtimes={"a": {}, "b": {"runtimeArgs": ["x"]}}, nonsense=1)
    answer = reloading.call("POST", f"{RUNTIMES}/reload")
    assert answer.is_refusal(400)
    assert [error["field"] for error in answer.json()["errors"]] == ["/nonsense", "/runtimes/a", "/runtimes/b"]
    assert (version(reloading), "wrapped" in names(reloading)) == (before, True)


def test_sighup_reloads_and_goes_on_after_a_broken_file(reloading: Service, config: Path) -> None:
    config.write_text("{")
    reloading.process.send_signal(signal.SIGHUP)
    configure_later = {"runtimes": {"later": {"path": "/bin/true"}}}
    _until(lambda: "reload refused" in reloading.log_text)
    configure(config, **configure_later)
    reloading.process.send_signal(signal.SIGHUP)
    _until(lambda: "later" in names(reloading))
    reloaded = reloading.call("GET", "/events", query={"since": 1, "until": now(), "filters": '{"event":["reload"]}'})
    events = [json.loads(line) for line in reloaded.body.splitlines()]
    assert [event["Type"] for event in events][-1] == "daemon"
    assert events[-1]["Actor"]["Attributes"]["runtimes"] == "io.containerd.runc.v2 later runc"


def _until(holds: Any) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_history_and_changes_are_told(reloading: Service, config: Path) -> None:
    first = version(reloading)
    configure(config, runtimes={"wrapped": WRAPPED | {"runtimeArgs": ["--two"]}})
    reloading.call("POST", f"{RUNTIMES}/reload")
    versions = reloading.call("GET", f"{RUNTIMES}/history").json()["Versions"]
    assert [(one["Version"], one["InForce"]) for one in versions][:2] == [(first + 1, True), (first, False)]
    assert versions[0]["Source"] == str(config)
    changes = reloading.call("GET", f"{RUNTIMES}/changes", query={"before": first, "after": first + 1}).json()
    assert changes["Changed"]["wrapped"]["After"]["Args"] == ["--two"]
    assert reloading.call("GET", f"{RUNTIMES}/drift").json() == {"Containers": []}


@pytest.mark.parametrize("query", [{}, {"before": "x", "after": "1"}, {"before": "1", "after": "-1"}])
def test_changes_need_two_numbers(reloading: Service, query: dict[str, str]) -> None:
    assert reloading.call("GET", f"{RUNTIMES}/changes", query=query).is_refusal(400)


def test_changes_of_a_version_that_is_not_there_are_not_found(reloading: Service) -> None:
    assert reloading.call("GET", f"{RUNTIMES}/changes", query={"before": 1, "after": 999}).is_refusal(404)


def test_the_stored_configuration_is_taken_up_again_by_the_next_start(
    reloading: Service, config: Path, tmp_path: Path
) -> None:
    configure(config, runtimes={"other": {"path": "/bin/true", "runtimeArgs": ["$x"]}})
    reloading.call("POST", f"{RUNTIMES}/reload")
    before = version(reloading)
    assert reloading.stop() == 0
    with running(tmp_path / "data", "--config-file", str(config)) as again:
        assert version(again) == before
        assert "other" in names(again)


FLAVOURS = {"first": 1 << 20, "second": 2 << 20}


def flavour(name: str) -> dict[str, Any]:
    """A configuration whose default runtime and size of /dev/shm go together; `always` is in each."""
    runtimes = {name: {"path": "/bin/true"}, "always": WRAPPED}
    return {"default-runtime": name, "default-shm-size": str(FLAVOURS[name]), "runtimes": runtimes}


def reload_until(done: threading.Event, service: Service, config: Path) -> list[str]:
    """Reload one flavour after the other; return what failed."""
    failures = []
    for name in itertools.cycle(FLAVOURS):
        if done.is_set():
            return failures
        configure(config, **flavour(name))
        answer = service.call("POST", f"{RUNTIMES}/reload")
        if answer.status != 200:
            failures.append(f"reload: {answer.body!r}")
    return failures


def create_many(service: Service) -> list[Any]:
    """Create containers, every other one of the runtime that is in each version; return the answers."""
    bodies = [{"Image": "busybox:latest", "HostConfig": {"Runtime": "always"} if n % 2 else {}} for n in range(25)]
    return [service.call("POST", "/containers/create", body) for body in bodies]


def test_no_request_sees_a_mixture_beside_reloads_without_a_pause(reloading: Service, config: Path) -> None:
    configure(config, **flavour("second"))
    assert reloading.call("POST", f"{RUNTIMES}/reload").status == 200
    done = threading.Event()
    with ThreadPoolExecutor(9) as threads:
        reloads = threads.submit(reload_until, done, reloading, config)
        answers = [one for made in threads.map(create_many, [reloading] * 8) for one in made]
        done.set()
        assert reloads.result() == []
    assert [answer.body for answer in answers if answer.status != 201] == []
    for answer in answers:
        host = reloading.call("GET", f"/containers/{answer.json()['Id']}/json").json()["HostConfig"]
        if host["Runtime"] != "always":
            assert host["ShmSize"] == FLAVOURS[host["Runtime"]], "a mixture of two versions"
