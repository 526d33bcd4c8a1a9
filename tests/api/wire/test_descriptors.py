"""Many connections, and few descriptors for them."""

import os
import resource
import socket
import time
from contextlib import ExitStack
from pathlib import Path

from raw_http import connected
from service import Service, running

PING = b"GET /_ping HTTP/1.1\r\nHost: x\r\n\r\n"
EVENTS = b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n"
FEW = 300


def limited(soft: int, hard: int) -> dict[str, object]:
    return {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))}


def is_closed(connection: socket.socket) -> bool:
    connection.setblocking(False)
    try:
        return connection.recv(1) == b""
    except BlockingIOError:
        return False
    except ConnectionResetError:
        return True


def open_streams(service: Service, stack: ExitStack, count: int) -> list[socket.socket]:
    opened = []
    for _ in range(count):
        connection = stack.enter_context(connected(service.socket))
        connection.sendall(EVENTS)
        opened.append(connection)
    for connection in opened:
        assert connection.recv(4096).startswith(b"HTTP/1.1 ")
    return opened


def processor_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def test_more_streams_are_served_than_the_soft_limit_allows(tmp_path: Path) -> None:
    ours, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    count = min(1_500, ours - 100)
    with running(tmp_path / "data", **limited(1_024, 4_096)) as service, ExitStack() as stack:
        assert resource.prlimit(service.process.pid, resource.RLIMIT_NOFILE) == (4_096, 4_096)
        streams = open_streams(service, stack, count)
        assert service.answers()
        service.load_images()
        service.create()
        assert streams[-1].recv(4096)


def test_near_the_limit_the_connection_that_is_idle_longest_is_closed(tmp_path: Path) -> None:
    with running(tmp_path / "data", **limited(FEW, FEW)) as service, ExitStack() as stack:
        (stream,) = open_streams(service, stack, 1)
        idle = []
        for _ in range(FEW):
            connection = stack.enter_context(connected(service.socket))
            connection.sendall(PING)
            assert connection.recv(4096).endswith(b"OK")
            idle.append(connection)
        closed = [is_closed(connection) for connection in idle]
        assert closed[0]
        assert not closed[-1]
        assert closed == sorted(closed, reverse=True)
        assert not is_closed(stream)
        assert service.answers()
        assert "near the limit of open files" in service.log_text


def test_connections_that_send_nothing_lock_nobody_out(tmp_path: Path) -> None:
    with running(tmp_path / "data", **limited(FEW, FEW)) as service, ExitStack() as stack:
        for _ in range(2 * FEW):
            stack.enter_context(connected(service.socket))
        assert service.answers()


def test_a_connection_for_which_none_makes_room_is_told_so(tmp_path: Path) -> None:
    with running(tmp_path / "data", **limited(FEW, FEW)) as service, ExitStack() as stack:
        streams = []
        while "503" not in (streams[-1:] or [""])[0]:
            connection = stack.enter_context(connected(service.socket))
            connection.sendall(EVENTS)
            streams.append(connection.recv(4096).decode())
            assert len(streams) < FEW
        assert "Retry-After: 1" in streams[-1]
        assert "turned away" in service.log_text


def test_a_service_without_a_descriptor_left_goes_on_when_there_are_some(tmp_path: Path) -> None:
    with running(tmp_path / "data") as service, ExitStack() as stack:
        pid = service.process.pid
        soft, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        used = len(list(Path(f"/proc/{pid}/fd").iterdir()))
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (used, hard))
        before = processor_seconds(pid)
        for _ in range(20):
            stack.enter_context(connected(service.socket))
        time.sleep(1)
        assert processor_seconds(pid) - before < 0.5
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (soft, hard))
        assert service.answers()
