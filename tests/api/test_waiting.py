"""Waits over the socket: headers at once, the answer when it is there, nothing left of a client that goes away."""

import json
import socket
from concurrent.futures import ThreadPoolExecutor

import pytest
from service import Service


def begin(service: Service, name: str, condition: str, version: str = "v1.45") -> socket.socket:
    """Ask for a wait, and return the connection once the headers are there."""
    connection = service._connected()
    query = f"?condition={condition}" if condition else ""
    connection.sendall(f"POST /{version}/containers/{name}/wait{query} HTTP/1.1\r\nHost: d\r\n\r\n".encode())
    head = b""
    while b"\r\n\r\n" not in head:
        head += connection.recv(1)
    assert head.startswith(b"HTTP/1.1 200 OK")
    assert b"application/json" in head.lower()
    return connection


def rest(connection: socket.socket) -> bytes:
    """Return what comes to the end of a chunked body."""
    received = b""
    with connection:
        while not received.endswith(b"0\r\n\r\n"):
            received += connection.recv(4096)
    return received


def answer(connection: socket.socket) -> object:
    return json.loads(rest(connection).split(b"\r\n")[1])


@pytest.mark.parametrize("condition", ["not-running", ""])
def test_one_that_does_not_run_is_answered_at_once(service: Service, condition: str) -> None:
    container = service.create()
    assert answer(begin(service, container, condition)) == {"StatusCode": 0}


@pytest.mark.parametrize("version", ["v1.24", "v1.29"])
def test_an_old_version_knows_no_conditions(service: Service, version: str) -> None:
    container = service.create()
    assert answer(begin(service, container, "bogus", version)) == {"StatusCode": 0}


def test_headers_are_there_before_what_is_waited_for(service: Service) -> None:
    container = service.create()
    connection = begin(service, container, "removed")
    assert service.call("DELETE", f"/containers/{container}").status == 204
    assert answer(connection) == {"StatusCode": 0}


def test_many_wait_for_one_and_all_are_answered(service: Service) -> None:
    container = service.create()
    connections = [begin(service, container, "next-exit") for _ in range(100)]
    service.call("DELETE", f"/containers/{container}")
    with ThreadPoolExecutor(10) as threads:
        assert list(threads.map(answer, connections)) == [{"StatusCode": 0}] * 100


def test_who_goes_away_disturbs_nobody(service: Service) -> None:
    container = service.create()
    begin(service, container, "removed").close()
    stays = begin(service, container, "removed")
    begin(service, container, "removed").close()
    service.call("DELETE", f"/containers/{container}")
    assert answer(stays) == {"StatusCode": 0}


def test_a_service_that_stops_lets_go_of_who_waits(own_service: Service) -> None:
    container = own_service.create()
    waits = begin(own_service, container, "removed")
    assert own_service.stop() == 0
    assert rest(waits) == b"0\r\n\r\n"


@pytest.mark.parametrize(("name", "condition", "status"), [("nosuch", "removed", 404), ("nosuch", "bogus", 400)])
def test_what_cannot_be_waited_for_is_refused(service: Service, name: str, condition: str, status: int) -> None:
    assert service.call("POST", f"/containers/{name}/wait", query={"condition": condition}).is_refusal(status)
