"""The journal over the socket: resumed, filtered, ended; which client asked; a slow reader holds up no other."""

import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from service import Service, now


def lines(service: Service, **query: Any) -> list[Any]:
    answer = service.call("GET", "/statesvc/v1/events", query={"follow": 0} | query)
    assert answer.status == 200, answer.body
    return [json.loads(line) for line in answer.body.splitlines()]


def last(service: Service) -> int:
    return service.call("GET", "/statesvc/v1/snapshot").json()["Seq"]


def listeners(service: Service) -> int:
    return service.call("GET", "/info").json()["NEventsListener"]


def sockets(service: Service) -> int:
    """Count the sockets that the service has open."""
    kinds = []
    for descriptor in Path(f"/proc/{service.process.pid}/fd").iterdir():
        with suppress(FileNotFoundError):
            kinds.append(str(descriptor.readlink()))
    return sum(kind.startswith("socket:") for kind in kinds)


@contextmanager
def stream(service: Service, path: str) -> Iterator[socket.socket]:
    """Ask for a stream, and yield the connection once the headers are there."""
    with service._connected() as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: d\r\n\r\n".encode())
        head = b""
        while b"\r\n\r\n" not in head:
            head += connection.recv(1)
        assert head.startswith(b"HTTP/1.1 200 OK"), head
        yield connection


def test_an_event_tells_what_changed_and_who_asked(own_service: Service) -> None:
    before = last(own_service)
    headers = {"User-Agent": "an engine/1.0", "X-Secret": "s3cret"}
    body = {"Image": "busybox:latest", "Env": ["TOKEN=s3cret"], "Labels": {"tier": "front"}}
    created = own_service.call("POST", "/containers/create", body, query={"name": "web"}, headers=headers)
    own_service.call("POST", "/containers/web/rename", query={"name": "www"})
    own_service.call("DELETE", "/containers/www")
    create, rename, destroy = lines(own_service, after=before)
    assert (create["Seq"], create["Type"], create["Action"]) == (before + 1, "container", "create")
    assert create["Actor"] == created.json()["Id"]
    assert create["Attributes"] == {"image": "busybox:latest", "name": "web", "tier": "front"}
    assert (create["Revision"], rename["Revision"], destroy["Revision"]) == (1, 2, 3)
    assert (create["Values"]["state"], create["Values"]["name"], rename["Values"]["name"]) == ("created", "web", "www")
    assert destroy["Values"] is None
    me = {"Pid": os.getpid(), "Uid": os.getuid(), "Gid": os.getgid()}
    assert create["Asker"] == me | {"Agent": "an engine/1.0"}
    assert destroy["Asker"] == me | {"Agent": None}
    assert "s3cret" not in json.dumps([create, rename, destroy])


def test_docker_s_events_do_not_tell_who_asked(own_service: Service) -> None:
    own_service.call("POST", "/containers/create", {"Image": "busybox:latest"}, headers={"User-Agent": "curious"})
    shown = own_service.call("GET", "/events", query={"since": "0", "until": now()})
    assert b'"Action":"create"' in shown.body
    assert b"curious" not in shown.body
    assert b'"pid"' not in shown.body.lower()


@pytest.mark.parametrize("query", [{"after": "x"}, {"after": "-1"}, {"untilSeq": "1.5"}, {"filters": "{"}])
def test_a_place_that_is_no_number_is_refused(service: Service, query: dict[str, str]) -> None:
    assert service.call("GET", "/statesvc/v1/events", query=query).is_refusal(400)


def test_filters_choose_and_numbers_stay(own_service: Service) -> None:
    before = last(own_service)
    own_service.create("one")
    two = own_service.create("two")
    own_service.call("DELETE", "/containers/one")
    found = lines(own_service, after=before, filters=json.dumps({"container": [two]}))
    assert [(event["Seq"], event["Action"]) for event in found] == [(before + 2, "create")]
    ended = lines(own_service, after=before, untilSeq=before + 1)
    assert [event["Attributes"]["name"] for event in ended] == ["one"]


def test_a_place_that_the_journal_never_came_to_is_gone(service: Service) -> None:
    answer = service.call("GET", "/statesvc/v1/events", query={"after": 10**9})
    assert answer.is_refusal(410)
    assert answer.json()["oldest"] == 1


def test_a_snapshot_stands_at_its_number(own_service: Service) -> None:
    web = own_service.create("web")
    found = own_service.call("GET", "/statesvc/v1/snapshot").json()
    assert [container["Id"] for container in found["Containers"]] == [web]
    assert lines(own_service, after=found["Seq"]) == []
    assert lines(own_service, after=found["Seq"] - 1)[0]["Actor"] == web


def test_a_reader_is_counted_until_it_hangs_up(own_service: Service) -> None:
    assert listeners(own_service) == 0
    with stream(own_service, "/events"), stream(own_service, "/statesvc/v1/events?after=0"):
        assert listeners(own_service) == 2
    deadline = time.monotonic() + 10
    while listeners(own_service) and time.monotonic() < deadline:
        pass
    assert listeners(own_service) == 0


def test_readers_that_do_not_read_hold_up_nobody_and_get_everything_later(own_service: Service) -> None:
    before = last(own_service)
    large = {"note": "x" * 100_000}
    with stream(own_service, f"/statesvc/v1/events?after={before}") as slow:
        for n in range(80):  # far more than the socket holds
            own_service.create(f"c{n}", Labels=large)
        began = time.monotonic()
        assert own_service.answers()
        assert own_service.call("GET", "/containers/c79/json").status == 200
        assert time.monotonic() - began < 5
        received = b""
        while received.count(b'"Seq":') < 80:
            received += slow.recv(1 << 20)
    assert received.count(b'"Action":"create"') == 80


def test_clients_that_hang_up_in_the_middle_leave_nothing(own_service: Service) -> None:
    for n in range(20):
        own_service.create(f"c{n}", Labels={"note": "x" * 100_000})
    open_before = sockets(own_service)
    for path in ("/events?since=0", "/statesvc/v1/events?after=0", "/containers/json?all=1", "/statesvc/v1/snapshot"):
        for _ in range(10):
            own_service.send_and_hang_up(f"GET {path} HTTP/1.1\r\nHost: d\r\n\r\n".encode())
    deadline = time.monotonic() + 10
    # The connection that asks for the listeners takes its moment to close, too, so both are asked again.
    while listeners(own_service) or sockets(own_service) > open_before:
        assert time.monotonic() < deadline
    assert "Traceback" not in own_service.log_text
