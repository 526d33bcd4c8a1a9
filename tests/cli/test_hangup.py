"""SIGHUP and SIGTERM at every moment, and a configuration file that cannot be read."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from service import Service, running

from statesvc.host.data_root import DataRoot

WITHIN = 5.0
# A disk that stops answering: for good once the file says so, as one of a server that is gone.
HANGING = """
import time
from statesvc import cli
from statesvc.host import binaries, regular_file
def hang(module, name):
    real = getattr(module, name)
    def instead(*given):
        answer = real(*given)
        while b"HANG" in (answer if isinstance(answer, bytes) else repr(given).encode()):
            time.sleep(1)
        return answer
    setattr(module, name, instead)
hang(MODULE, NAME)
cli.main()
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "daemon.json"
    path.write_text('{"labels": ["a=1"]}')
    return path


def reloads(service: Service) -> int:
    answer = service.call("GET", "/statesvc/v1/events", query={"follow": "0"})
    events = [json.loads(line) for line in answer.body.splitlines()]
    return sum(event.get("Action") == "reload" for event in events)


def labels(service: Service) -> list[str]:
    return service.call("GET", "/info").json()["Labels"]


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_hangup_while_the_service_starts_is_done_once_it_serves(tmp_path: Path, config: Path) -> None:
    root = DataRoot(tmp_path / "data")
    command = [sys.executable, "-m", "statesvc", "serve", "-H", f"unix://{tmp_path}/s", "--data-root", str(root.path)]
    with subprocess.Popen([*command, "--config-file", str(config)], stderr=subprocess.PIPE) as process:
        wait_until(root.is_held)
        while not (tmp_path / "s").exists():  # while it migrates, sweeps and binds
            process.send_signal(signal.SIGHUP)
            assert process.poll() is None
            time.sleep(0.002)
        service = Service(process, tmp_path / "s", root.path, config)
        wait_until(lambda: reloads(service) > 0)
        assert service.stop() == 0


def test_a_storm_of_hangups_makes_few_reloads_and_the_last_one_counts(data_root: Path, config: Path) -> None:
    with running(data_root, "--config-file", str(config)) as service:
        begun = time.monotonic()
        for number in range(1_000):
            config.write_text(json.dumps({"labels": [f"a={number}"]}))
            service.process.send_signal(signal.SIGHUP)
            time.sleep(0.001)
        wait_until(lambda: labels(service) == ["a=999"])
        assert 1 <= reloads(service) <= 2 + (time.monotonic() - begun)


def fifo(path: Path) -> None:
    os.mkfifo(path)


def link_to_a_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def bound_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.path.relpath(path))


def huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 40)


@pytest.mark.parametrize("make", [fifo, link_to_a_device, bound_socket, huge, Path.mkdir])
def test_what_is_no_readable_file_is_refused_in_time(
    data_root: Path, config: Path, make: Callable[[Path], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(config.parent)
    with running(data_root, "--config-file", str(config)) as service:
        config.unlink()
        make(config)
        service.process.send_signal(signal.SIGHUP)
        for _ in range(2):
            assert "cannot be read" in service.call("POST", "/statesvc/v1/runtimes/reload").message
        assert labels(service) == ["a=1"]
        begun = time.monotonic()
        assert service.stop() == 0
        assert time.monotonic() - begun < WITHIN
    command = [sys.executable, "-m", "statesvc", "serve", "-H", f"unix://{config.parent}/s"]
    command += ["--data-root", str(data_root), "--config-file", str(config)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1), done.stderr


@pytest.mark.parametrize(("module", "name"), [("regular_file", "_read"), ("binaries", "resolve")])
def test_a_disk_that_hangs_does_not_hold_up_the_stop(data_root: Path, config: Path, module: str, name: str) -> None:
    program = HANGING.replace("MODULE", module).replace("NAME", repr(name))
    with running(data_root, "--config-file", str(config), program=(sys.executable, "-c", program)) as service:
        config.write_text('{"runtimes": {"x": {"path": "/HANG"}}}')
        for _ in range(3):
            service.process.send_signal(signal.SIGHUP)
            time.sleep(0.1)
        assert service.answers()
        begun = time.monotonic()
        assert service.stop() == 0
        assert time.monotonic() - begun < WITHIN


def test_a_reload_from_a_disk_that_hangs_is_answered_in_time(data_root: Path, config: Path) -> None:
    program = HANGING.replace("MODULE", "regular_file").replace("NAME", "'_read'")
    with running(data_root, "--config-file", str(config), program=(sys.executable, "-c", program)) as service:
        config.write_text('{"labels": ["a=HANG"]}')
        answer = service.call("POST", "/statesvc/v1/runtimes/reload")
        assert (answer.status, "has not answered for 5 s" in answer.message) == (503, True)
        config.write_text('{"labels": ["a=2"]}')
        assert service.call("POST", "/statesvc/v1/runtimes/reload").status == 200
        assert labels(service) == ["a=2"]
