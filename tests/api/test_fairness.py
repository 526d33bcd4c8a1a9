"""One client never stops the others: clients that stall, that read nothing, and that ask for everything."""

import json
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from many_containers import clone
from service import Answer, Service, running

from statesvc.domain.limits import LIMITS

COPIES = 4_000
RUNTIME = {"runtimes": {"plain": {"path": "/bin/true"}, "wrapped": {"path": "/bin/true", "runtimeArgs": ["-x"]}}}


@pytest.fixture(scope="module")
def crowded(loaded_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with thousands of containers and runtimes with and without a script."""
    folder = tmp_path_factory.mktemp("crowded")
    root = folder / "data"
    shutil.copytree(loaded_root, root)
    with running(root) as started:
        started.create("web", Labels={"tier": "front"})
    clone(root, "web", COPIES)
    (folder / "daemon.json").write_text(json.dumps(RUNTIME))
    with running(root, "--config-file", str(folder / "daemon.json")) as started:
        yield started


def sent(service: Service, stack: ExitStack, data: bytes) -> socket.socket:
    """Return a connection that has sent so much and goes on to do nothing."""
    connection = stack.enter_context(service._connected())
    connection.sendall(data)
    return connection


def upload(path: str) -> bytes:
    return f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-tar\r\nContent-Length: 9\r\n\r\n".encode()


@contextmanager
def stalled_uploads(service: Service, path: str) -> Iterator[None]:
    with ExitStack() as stack:
        for _ in range(LIMITS.uploads):
            sent(service, stack, upload(path))
        deadline = time.monotonic() + 20
        while service.raw(upload(path) + b"123456789").status != 503:
            assert time.monotonic() < deadline
            # Of those before, some may have been refused, as the ones of another test were not over yet.
            sent(service, stack, upload(path))
        yield


def ask_for_everything(service: Service, name: str) -> list[Answer]:
    """Return the answers to requests that need a thread each: reload, validation, files, engine protocol, lists."""
    body: dict[str, Any] = {"Image": "busybox:latest", "HostConfig": {"Binds": ["/tmp:/a"], "Runtime": "wrapped"}}
    return [
        service.call("POST", "/containers/create", body, query={"name": name}),
        service.call("POST", "/containers/create", body | {"Labels": {"large": "x" * 50_000}}),
        service.call("POST", "/statesvc/v1/containers/validate", body),
        service.call("POST", "/statesvc/v1/runtimes/reload"),
        service.call("POST", f"/statesvc/v1/containers/{name}/prepare-start", {"Engine": "e"}),
        service.call("GET", f"/statesvc/v1/containers/{name}/runtime"),
        service.call("GET", "/containers/json", query={"all": 1}),
        service.call("GET", "/images/json"),
        service.call("GET", "/system/df"),
    ]


@pytest.mark.parametrize("path", ["/images/load", "/images/create?fromSrc=-"])
def test_uploads_that_stall_hold_up_nothing_but_uploads(crowded: Service, path: str) -> None:
    with stalled_uploads(crowded, path):
        refused = crowded.raw(upload(path) + b"123456789")
        assert refused.is_refusal(503)
        assert refused.headers["retry-after"] == "1"
        assert "too many uploads" in refused.message
        began = time.monotonic()
        answers = ask_for_everything(crowded, "beside-" + path.split("/")[2][:4])
        assert [answer.status for answer in answers] == [201, 201, *[200] * 7]
        assert time.monotonic() - began < 20
    deadline = time.monotonic() + 20
    while crowded.raw(upload(path) + b"123456789").status == 503:  # they end with their clients
        assert time.monotonic() < deadline


def test_a_stop_takes_no_longer_than_five_seconds_whatever_clients_do(loaded_root: Path, tmp_path: Path) -> None:
    root = tmp_path / "data"
    shutil.copytree(loaded_root, root)
    with running(root) as started:
        started.create("web")
    clone(root, "web", COPIES)
    large = (
        b"POST /containers/create HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 90\r\n\r\n{"
    )
    with running(root) as service, ExitStack() as stack:
        for _ in range(LIMITS.uploads):
            sent(service, stack, upload("/images/load"))
        for data in (large, b"GET /containers/", b"", b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n"):
            sent(service, stack, data)
        for path in ("/containers/json?all=1", "/statesvc/v1/snapshot", "/system/df", "/statesvc/v1/events"):
            sent(service, stack, f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())  # and reads nothing
        sent(service, stack, b"POST /containers/web/wait HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(0.5)
        began = time.monotonic()
        assert service.stop() == 0
        assert time.monotonic() - began < 5


def test_a_long_list_is_a_stream_and_says_the_same_everywhere(crowded: Service) -> None:
    listed = crowded.call("GET", "/containers/json", query={"all": 1})
    assert listed.headers["transfer-encoding"] == "chunked"
    entries = listed.json()
    assert len({entry["Id"] for entry in entries}) == len(entries) > COPIES
    snapshot = crowded.call("GET", "/statesvc/v1/snapshot").json()
    assert [entry["Id"] for entry in snapshot["Containers"]] == [entry["Id"] for entry in entries]
    usage = crowded.call("GET", "/system/df").json()
    assert [entry["Id"] for entry in usage["Containers"]] == [entry["Id"] for entry in entries]
    old = crowded.call("GET", "/v1.24/containers/json", query={"all": 1}).json()
    assert [entry["Id"] for entry in old] == [entry["Id"] for entry in entries]
    some = crowded.call("GET", "/containers/json", query={"limit": 2_500})
    assert [entry["Id"] for entry in some.json()] == [entry["Id"] for entry in entries[:2_500]]


def test_a_short_list_has_a_length(crowded: Service) -> None:
    listed = crowded.call("GET", "/containers/json", query={"limit": 1_000})
    assert len(listed.json()) == 1_000
    assert int(listed.headers["content-length"]) == len(listed.body)


def test_a_client_of_http_1_0_gets_a_long_list_to_the_end_of_the_connection(crowded: Service) -> None:
    with crowded._connected() as connection:
        connection.sendall(b"GET /containers/json?all=1 HTTP/1.0\r\n\r\n")
        received = b"".join(iter(lambda: connection.recv(1 << 16), b""))
    assert len(json.loads(received.partition(b"\r\n\r\n")[2])) > COPIES


def test_clients_that_leave_a_long_list_leave_nothing_behind(crowded: Service) -> None:
    for _ in range(2 * LIMITS.lists):
        crowded.send_and_hang_up(b"GET /containers/json?all=1 HTTP/1.1\r\nHost: x\r\n\r\n")
    deadline = time.monotonic() + 20
    while crowded.call("GET", "/containers/json", query={"all": 1}).status != 200:
        assert time.monotonic() < deadline


def test_so_many_lists_may_be_left_unread_and_small_ones_are_answered_all_the_same(crowded: Service) -> None:
    with ExitStack() as stack:
        for _ in range(LIMITS.lists):
            sent(crowded, stack, b"GET /containers/json?all=1 HTTP/1.1\r\nHost: x\r\n\r\n")
        deadline = time.monotonic() + 120
        while (answer := crowded.call("GET", "/containers/json", query={"all": 1})).status != 503:
            assert time.monotonic() < deadline
            # One of those before may have been refused, as the lists of another test were not over yet.
            sent(crowded, stack, b"GET /containers/json?all=1 HTTP/1.1\r\nHost: x\r\n\r\n")
        assert answer.headers["retry-after"] == "1"
        named = crowded.call("GET", "/containers/json", query={"all": 1, "filters": '{"name": ["^/web-9$"]}'})
        assert [entry["Names"] for entry in named.json()] == [["/web-9"]]
        assert len(crowded.call("GET", "/containers/json", query={"limit": 900}).json()) == 900
        crowded.create()
