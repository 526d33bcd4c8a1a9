"""Storms of signals: reloads are put together, a stop stays one stop, and what was acknowledged is there."""

import json
import shutil
import signal
import threading
import time
from pathlib import Path

import pytest
from reporting import CONFIGURED, configure
from service import Service, running
from truth import claim, create, names_after_a_crash

VERSIONS = "/statesvc/v1/runtimes/versions"


def reloads(service: Service) -> int:
    events = service.call("GET", "/statesvc/v1/events?follow=0").body.splitlines()
    return sum(json.loads(line)["Action"] == "reload" for line in events)


def test_a_storm_of_reloads_is_a_few_and_the_last_file_is_in_force(data_root: Path, tmp_path: Path) -> None:
    file = tmp_path / "daemon.json"
    configure(file)
    with running(data_root, "--config-file", str(file)) as service:
        for n in range(1_000):
            if n % 100 == 0:
                configure(file, CONFIGURED | {"labels": [f"n={n}"]})
            service.process.send_signal(signal.SIGHUP)
        configure(file, CONFIGURED | {"labels": ["last=1"]})
        service.process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + 20
        while service.call("GET", "/info").json()["Labels"] != ["last=1"]:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert 1 <= reloads(service) < 500  # 1,001 of them, in which one runs and one waits at a time


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_storm_of_stops_ends_soon_and_loses_nothing_acknowledged(
    loaded_root: Path, tmp_path: Path, number: signal.Signals
) -> None:
    root = Path(shutil.copytree(loaded_root, tmp_path / "data"))
    answers: dict[str, bool | None] = {}

    def work(service: Service, worker: int) -> None:
        for n in range(10_000):
            name = f"w{worker}-{n}"
            answers[name] = None  # until an answer comes it is unsure
            try:
                answers[name] = claim(create(service, name))
            except (OSError, ValueError):
                return

    with running(root) as service:
        workers = [threading.Thread(target=work, args=(service, worker)) for worker in range(4)]
        for worker in workers:
            worker.start()
        while len(answers) < 40:
            time.sleep(0.01)
        began = time.monotonic()
        for _ in range(200 if number == signal.SIGTERM else 1):
            service.process.send_signal(number)
        assert service.process.wait(20) == 0
        assert time.monotonic() - began < 5
        for worker in workers:
            worker.join()
    found = names_after_a_crash(root)
    assert {name for name, claimed in answers.items() if claimed} <= found
    assert not {name for name, claimed in answers.items() if claimed is False} & found
