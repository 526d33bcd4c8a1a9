"""What the log shows, and what it never shows."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest
from service import Service, running

SECRET = "hunter2-a1b2c3"


@pytest.fixture
def talkative(tmp_path: Path) -> Iterator[Service]:
    """A service that logs all it can."""
    with running(tmp_path / "data", "-l", "debug") as started:
        started.load_images()
        yield started


def test_a_request_is_one_line_at_debug(talkative: Service) -> None:
    talkative.call("GET", "/containers/json")
    assert sum("/containers/json" in line for line in talkative.log_text.splitlines()) == 1


def test_no_secret_of_a_container_is_logged(talkative: Service) -> None:
    secrets = {"Env": [f"PASSWORD={SECRET}"], "Labels": {"token": SECRET}, "Cmd": ["login", SECRET]}
    talkative.create("with-secrets", **secrets)
    talkative.create("with-more", HostConfig={"LogConfig": {"Type": "json-file", "Config": {"env": SECRET}}})
    assert SECRET not in talkative.log_text


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"Env": [f"PASSWORD={SECRET}"], "Image": "missing/image:1"}, id="not-found"),
        pytest.param({"Env": [f"={SECRET}"], "Image": "busybox:latest"}, id="wrong-environment"),
        pytest.param({"Env": f"PASSWORD={SECRET}", "Image": "busybox:latest"}, id="wrong-type"),
        pytest.param({"Env": [f"PASSWORD={SECRET}"], "Image": "busybox:latest", "HostConfig": 1}, id="wrong-document"),
    ],
)
def test_no_secret_of_a_refused_request_is_logged(talkative: Service, body: object) -> None:
    assert talkative.call("POST", "/containers/create", body).status >= 400
    assert SECRET not in talkative.log_text


def test_no_credentials_of_a_client_are_logged(talkative: Service) -> None:
    headers = {"X-Registry-Auth": SECRET, "Authorization": f"Bearer {SECRET}"}
    talkative.call("POST", "/images/create?fromImage=alpine&tag=latest", headers=headers)
    assert SECRET not in talkative.log_text


def test_what_a_library_says_is_a_structured_line_too() -> None:
    program = (
        "import logging; from statesvc.cli.logs import configure; configure('info', 'json');"
        "logging.getLogger('a.library').warning('%s is odd', 'this')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert [(line["level"], line["event"]) for line in map(orjson.loads, (done.stdout + done.stderr).splitlines())] == [
        ("warning", "this is odd")
    ]


def test_bytes_that_are_no_request_are_not_logged(tmp_path: Path) -> None:
    with running(tmp_path / "data", "-l", "info") as service:
        before = len(service.log_text)
        service.raw(b"NOT HTTP\r\n\r\n")
        service.raw(b"POST /containers/create HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
        assert service.log_text[before:] == ""
