"""A log that is full, stalled or gone: what is done is answered as done, and health says what became of the log."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from service import Service
from truth import create

HEALTH = "/statesvc/v1/health"


@contextmanager
def logging_to(stderr: Any, root: Path, at: Path, **popen: Any) -> Iterator[Service]:
    """Serve a data root with this standard error."""
    command = [sys.executable, "-m", "statesvc", "serve", "-l", "debug", "-H", f"unix://{at}", "--data-root", str(root)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=stderr, **popen)
    service = Service(process, at, root, Path(os.devnull))
    try:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            with suppress(OSError):
                if service.answers():
                    break
            time.sleep(0.01)
        yield service
        began = time.monotonic()
        assert service.stop() == 0
        assert time.monotonic() - began < 5
    finally:
        process.kill()
        process.wait()


def reasons(service: Service) -> dict[str, str]:
    answer = service.call("GET", HEALTH).json()
    assert answer["Healthy"] is not bool(answer["Reasons"])
    return {reason["Code"]: reason["Message"] for reason in answer["Reasons"]}


def work(service: Service, requests: int) -> float:
    """Do what is logged; return how long the slowest request took."""
    slowest = 0.0
    for n in range(requests):
        began = time.monotonic()
        if n == 0:
            assert create(service, "web").status == 201
            assert service.call("POST", "/statesvc/v1/runtimes/reload").status == 200
        else:
            assert service.call("GET", "/containers/web/json").status == 200
        slowest = max(slowest, time.monotonic() - began)
    return slowest


@pytest.fixture
def root(loaded_root: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(loaded_root, tmp_path / "data"))


def test_a_full_log_turns_no_answer_into_an_error(root: Path, tmp_path: Path) -> None:
    with Path("/dev/full").open("wb") as full, logging_to(full, root, tmp_path / "s.sock") as service:
        work(service, 20)
        assert "No space left on device" in reasons(service)["log-lines"]
        assert service.call("GET", HEALTH).json()["DroppedLogLines"] >= 20


def test_a_log_that_nobody_reads_stops_nothing(root: Path, tmp_path: Path) -> None:
    reader, writer = os.pipe()
    with logging_to(writer, root, tmp_path / "s.sock") as service:
        os.close(writer)
        # At level debug each request is a line: more than a pipe takes.
        assert work(service, 1_500) < 3
    os.close(reader)


def test_a_log_whose_reader_went_away_stops_nothing(root: Path, tmp_path: Path) -> None:
    reader, writer = os.pipe()
    with logging_to(writer, root, tmp_path / "s.sock") as service:
        os.close(writer)
        os.close(reader)
        work(service, 5)
        assert "Broken pipe" in reasons(service)["log-lines"]


def test_a_service_without_standard_error_serves(root: Path, tmp_path: Path) -> None:
    with logging_to(None, root, tmp_path / "s.sock", preexec_fn=lambda: os.close(2)) as service:
        work(service, 5)
        assert "there is no standard error" in reasons(service)["log-lines"]
    assert not (root / "statesvc.db").read_bytes().count(b"GET /containers")
