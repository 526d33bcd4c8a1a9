"""Attaching to a container that does not run: the connection is taken over until its next run is over."""

import asyncio
import json
import socket

import pytest
from raw_http import connected
from service import Service, now
from structlog.testing import capture_logs

from statesvc.api.processes import ProcessesApi
from statesvc.api.wire.takeover import Takeover
from statesvc.errors import Unavailable
from statesvc.services.lifecycle.waits import Wait, Waiting
from statesvc.services.processes import Processes

RAW, MULTIPLEXED = "application/vnd.docker.raw-stream", "application/vnd.docker.multiplexed-stream"
UPGRADE = "Connection: Upgrade\r\nUpgrade: tcp\r\n"


def attach(service: Service, name: str, version: str = "v1.51", headers: str = UPGRADE) -> tuple[socket.socket, str]:
    """Attach to a container; return the connection, and the head of the answer once it is there."""
    connection = connected(service.socket)
    path = f"/{version}/containers/{name}/attach?stream=1&stdin=1&stdout=1&stderr=1"
    connection.sendall(f"POST {path} HTTP/1.1\r\nHost: d\r\n{headers}\r\n".encode())
    head = b""
    while b"\r\n\r\n" not in head:
        head += connection.recv(1)
    return connection, head.decode()


def is_open(connection: socket.socket) -> bool:
    connection.settimeout(0.3)
    try:
        return connection.recv(1) != b""
    except TimeoutError:
        return True
    finally:
        connection.settimeout(20)


@pytest.mark.parametrize(
    ("version", "tty", "headers", "first", "media_type"),
    [
        ("v1.51", False, UPGRADE, "HTTP/1.1 101 UPGRADED", MULTIPLEXED),
        ("v1.42", False, UPGRADE, "HTTP/1.1 101 UPGRADED", MULTIPLEXED),
        ("v1.41", False, UPGRADE, "HTTP/1.1 101 UPGRADED", RAW),
        ("v1.51", True, UPGRADE, "HTTP/1.1 101 UPGRADED", RAW),
        ("v1.51", False, "", "HTTP/1.1 200 OK", RAW),
    ],
)
def test_the_head_is_dockers(
    service: Service, version: str, headers: str, first: str, media_type: str, *, tty: bool
) -> None:
    connection, head = attach(service, service.create(Tty=tty), version, headers)
    with connection:
        assert head.startswith(f"{first}\r\n")
        assert f"\r\nContent-Type: {media_type}\r\n" in head
        assert is_open(connection)


@pytest.mark.parametrize("doing", ["start", "restart"])
def test_it_ends_when_the_start_fails(service: Service, doing: str) -> None:
    name = service.create()
    connections = [attach(service, name)[0] for _ in range(3)]
    other, _ = attach(service, service.create())
    assert all(map(is_open, connections))
    assert service.call("POST", f"/containers/{name}/{doing}").is_refusal(501)
    for connection in connections:
        with connection:
            assert connection.recv(1) == b""
    with other:
        assert is_open(other)


def test_it_ends_when_the_container_goes(service: Service) -> None:
    name = service.create()
    connection, _ = attach(service, name)
    service.call("DELETE", f"/containers/{name}")
    with connection:
        assert connection.recv(1) == b""


@pytest.mark.parametrize("report", ["start-failed", "exited"])
def test_it_ends_with_what_an_engine_reports(service: Service, report: str) -> None:
    name = service.create()
    connection, _ = attach(service, name)
    path = f"/statesvc/v1/containers/{name}"
    attempt = service.call("POST", f"{path}/prepare-start", {"Engine": "engine-1"}).json()["Attempt"]
    if report == "exited":
        service.call("POST", f"{path}/started", {"Attempt": attempt, "Pid": 42})
    assert is_open(connection)
    assert service.call("POST", f"{path}/{report}", {"Attempt": attempt, "ExitCode": 1}).status == 200
    with connection:
        assert connection.recv(1) == b""


def test_a_client_without_input_ends_its_side_and_stays(service: Service) -> None:
    name = service.create()
    connection, _ = attach(service, name)
    with connection:
        connection.sendall(b"input that no process reads")
        connection.shutdown(socket.SHUT_WR)
        assert is_open(connection)
        service.call("POST", f"/containers/{name}/start")
        assert connection.recv(1) == b""


def test_a_service_that_stops_ends_it(own_service: Service) -> None:
    connection, _ = attach(own_service, own_service.create())
    assert own_service.stop() == 0
    with connection:
        assert connection.recv(1) == b""


class UnreadableWaiting(Waiting):
    """Waits whose database cannot be read any more."""

    def __init__(self) -> None:
        pass

    async def end_of_run(self, wait: Wait) -> None:  # noqa: ARG002 - as it is called
        raise Unavailable("the disk that holds the database reports an error")


class Waited(Takeover):
    """A connection whose client stays."""

    def __init__(self) -> None:
        pass

    async def gone(self) -> None:
        await asyncio.Event().wait()


@pytest.mark.anyio
async def test_a_database_that_cannot_be_read_ends_it_and_is_no_bug() -> None:
    api = ProcessesApi(Processes.__new__(Processes), UnreadableWaiting())
    with capture_logs() as logs:
        await api._until_the_end(Wait.__new__(Wait), Waited())
    assert [entry["event"] for entry in logs] == ["an attached client is cut off"]


def test_a_running_container_needs_an_engine(service: Service) -> None:
    name = service.create()
    path = f"/statesvc/v1/containers/{name}"
    attempt = service.call("POST", f"{path}/prepare-start", {"Engine": "engine-1"}).json()["Attempt"]
    service.call("POST", f"{path}/started", {"Attempt": attempt, "Pid": 42})
    assert service.call("POST", f"/containers/{name}/attach", query={"stream": 1}).is_refusal(501)


def remove_itself(service: Service) -> str:
    return service.create(HostConfig={"AutoRemove": True})


@pytest.mark.parametrize("doing", ["start", "restart"])
def test_one_that_removes_itself_is_gone_after_a_start_that_failed(service: Service, doing: str) -> None:
    before = now()
    name = remove_itself(service)
    connection = connected(service.socket)
    connection.sendall(f"POST /containers/{name}/wait?condition=removed HTTP/1.1\r\nHost: d\r\n\r\n".encode())
    received = b""
    while b"\r\n\r\n" not in received:
        received += connection.recv(1)
    assert service.call("POST", f"/containers/{name}/{doing}").is_refusal(501)
    with connection:
        while not received.endswith(b"0\r\n\r\n"):
            received += connection.recv(4096)
    assert b'{"StatusCode":128}' in received
    assert service.call("GET", f"/containers/{name}/json").status == 404
    query = {"since": before, "until": now(), "filters": json.dumps({"container": [name]})}
    events = service.call("GET", "/events", query=query).body.splitlines()
    assert [json.loads(event)["Action"] for event in events] == ["create", "destroy"]


def test_one_that_an_engine_prepares_stays(service: Service) -> None:
    name = remove_itself(service)
    service.call("POST", f"/statesvc/v1/containers/{name}/prepare-start", {"Engine": "engine-1"})
    assert service.call("POST", f"/containers/{name}/start").is_refusal(501)
    assert service.call("GET", f"/containers/{name}/json").status == 200


def test_a_start_that_is_refused_for_its_request_removes_nothing(service: Service) -> None:
    name = remove_itself(service)
    assert service.call("POST", f"/containers/{name}/start", query={"checkpoint": "x"}).is_refusal(400)
    assert service.call("GET", f"/containers/{name}/json").status == 200
