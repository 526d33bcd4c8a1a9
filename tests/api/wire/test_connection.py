"""Connections: one request after the other, streams, take-overs, and every limit, on the wire's server alone."""

import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from raw_http import answers, connected, exchange
from wire_server import WireServer, wire_server

from statesvc.domain.limits import KIB, MIB, Limits

HOST = b"Host: x\r\n"
END = b"\r\n"
SMALL = Limits(
    head_bytes=64 * KIB,
    header_lines=100,
    first_head_seconds=1,
    head_seconds=1,
    body_begin_seconds=2,
    body_seconds=2,
    json_bytes=1 * MIB,
    held_bytes=2 * MIB,
    held_small_bytes=300 * KIB,
    list_seconds=1,
    linger_seconds=0.2,
    longest_linger_seconds=1,
    quiet_seconds=0.2,
    stop_seconds=1,
)


@pytest.fixture
def server() -> Iterator[WireServer]:
    with tempfile.TemporaryDirectory(prefix="statesvc-") as folder, wire_server(Path(folder) / "s", SMALL) as serving:
        yield serving


@pytest.fixture
def patient() -> Iterator[WireServer]:
    """A server that waits long for what was begun when it stops, and not long for clients that do not read."""
    limits = replace(SMALL, stop_seconds=20, longest_linger_seconds=0.3)
    with tempfile.TemporaryDirectory(prefix="statesvc-") as folder, wire_server(Path(folder) / "s", limits) as serving:
        yield serving


def get(path: str, *headers: str, version: str = "1.1") -> bytes:
    return "".join(f"{line}\r\n" for line in (f"GET {path} HTTP/{version}", "Host: x", *headers, "")).encode()


def post(path: str, body: bytes, *headers: str, length: int | None = None) -> bytes:
    size = len(body) if length is None else length
    lines = (f"POST {path} HTTP/1.1", "Host: x", f"Content-Length: {size}", *headers, "")
    return "".join(f"{line}\r\n" for line in lines).encode() + body


def chunks(path: str, *parts: bytes, end: bytes = b"0\r\n\r\n") -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
    return head + b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + end


def eventually(holds: Callable[[], bool], seconds: float = 5) -> bool:
    deadline = time.monotonic() + seconds
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.01)
    return holds()


def read_all(connection: socket.socket) -> bytes:
    received = b""
    while piece := connection.recv(65536):
        received += piece
    return received


def assert_outcome(server: WireServer, data: bytes | list[bytes], outcome: str) -> None:
    assert str(exchange(server.path, data, expected=outcome, silence=0.2)) == outcome


# One request after the other.


def test_requests_of_a_pipeline_are_answered_in_order(server: WireServer) -> None:
    data = get("/slow") + post("/echo", b"one") + chunks("/echo", b"tw", b"o") + get("/ping")
    found = exchange(server.path, data, silence=1)
    assert [answer.body for answer in found.answers] == [b"slow", b"one", b"two", b"OK"]
    assert found.is_open


def test_a_request_is_read_the_same_in_any_pieces(server: WireServer) -> None:
    data = post("/echo", b"one") + chunks("/echo", b"two") + get("/ping")
    with connected(server.path) as connection:
        for at in range(len(data)):
            connection.sendall(data[at : at + 1])
        connection.shutdown(socket.SHUT_WR)
        assert [answer.body for answer in answers(read_all(connection))] == [b"one", b"two", b"OK"]


def test_an_idle_connection_is_not_closed_after_its_first_request(server: WireServer) -> None:
    with connected(server.path) as connection:
        connection.sendall(get("/ping"))
        assert connection.recv(4096).endswith(b"OK")
        time.sleep(3 * SMALL.first_head_seconds)
        connection.sendall(get("/ping"))
        assert connection.recv(4096).endswith(b"OK")


def test_every_answer_has_the_date_and_the_headers_of_the_server(server: WireServer) -> None:
    headers = exchange(server.path, get("/ping"), silence=0.1).answers[0].headers
    assert headers["date"] == "Tue, 14 Nov 2023 22:13:20 GMT"
    assert headers["server"] == "test"


@pytest.mark.parametrize(
    ("request_", "shown"),
    [
        (get("/ping"), "200, open"),
        (get("/ping", "Connection: close"), "200 close, end"),
        (get("/ping", version="1.0"), "1.0 200, end"),
        (get("/ping", "Connection: keep-alive", version="1.0"), "1.0 200 keep-alive, open"),
        (get("/empty"), "200 chunked, open"),
        (get("/empty", version="1.0"), "1.0 200, end"),
        (get("/empty", "Connection: keep-alive", version="1.0"), "1.0 200, end"),
        (get("/fixed?204"), "204, open"),
        (get("/fixed?304"), "304, open"),
        (get("/fixed?204", "Connection: keep-alive", version="1.0"), "1.0 204 keep-alive, open"),
        (b"HEAD /ping HTTP/1.1\r\nHost: x\r\n\r\n", "200, open"),
        (b"HEAD /empty HTTP/1.1\r\nHost: x\r\n\r\n", "200 chunked, open"),
        (get("/ping", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c") + get("/ping"), "200, 200, open"),
        (post("/echo", b"{}", "Connection: Upgrade", "Upgrade: h2c") + get("/ping"), "200, 200, open"),
    ],
)
def test_answers_are_framed_as_version_and_method_have_it(server: WireServer, request_: bytes, shown: str) -> None:
    assert_outcome(server, request_, shown)


def test_a_bug_in_a_handler_is_answered_and_the_connection_goes_on(server: WireServer) -> None:
    assert_outcome(server, get("/bug") + get("/ping"), "500, 200, open")


def test_a_head_answer_tells_the_length_that_get_has(server: WireServer) -> None:
    found = exchange(server.path, b"HEAD /ping HTTP/1.1\r\nHost: x\r\n\r\n" + get("/ping"), silence=0.2)
    assert [answer.headers["content-length"] for answer in found.answers] == ["2", "2"]
    assert [answer.body for answer in found.answers] == [b"", b"OK"]


@pytest.mark.parametrize("status", [204, 304])
def test_an_answer_without_a_body_tells_no_length(server: WireServer, status: int) -> None:
    (answer,) = exchange(server.path, get(f"/fixed?{status}"), silence=0.1).answers
    assert "content-length" not in answer.headers


def test_a_large_answer_goes_out_whole(server: WireServer) -> None:
    with connected(server.path) as connection:
        connection.sendall(get("/large?5000000", "Connection: close"))
        (answer,) = answers(read_all(connection))
    assert len(answer.body) == 5_000_000


# Between requests.


@pytest.mark.parametrize("between", [b"\r\n", b"\n", b"\r\n\r\n", b"\n\n\n\n"])
def test_line_ends_behind_the_body_of_a_post_are_passed_over(server: WireServer, between: bytes) -> None:
    found = exchange(server.path, [post("/echo", b"{}") + between[:1], between[1:] + get("/ping")], silence=0.2)
    assert str(found) == "200, 200, open"


def test_line_ends_elsewhere_are_a_bad_request_of_their_own(server: WireServer) -> None:
    assert_outcome(server, get("/ping") + END + get("/ping"), "200, 400 close, end")
    assert_outcome(server, post("/echo", b"{}") + b"\r\n" * 3 + get("/ping"), "200, 400 close, end")


def test_bytes_behind_a_body_are_the_next_request(server: WireServer) -> None:
    found = exchange(server.path, post("/echo", b"{}") + b"}" + END)
    assert str(found) == "200, 400 close, end"
    assert server.done == ["POST /echo?"]


# Bodies.


@pytest.mark.parametrize(
    ("end", "shown"),
    [
        (b"zz\r\n", "400 close, end"),
        (b"2\r\n{}}\r\n0\r\n\r\n", "400 close, end"),
        (b"0\r\nx\r\n\r\n", "400 close, end"),
    ],
)
def test_a_request_whose_body_is_malformed_is_not_carried_out(server: WireServer, end: bytes, shown: str) -> None:
    assert_outcome(server, chunks("/echo", b"{}", end=end) + get("/ping"), shown)
    assert server.done == []


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(get("/ping")[:-2], id="in-its-head"),
        pytest.param(post("/echo", b"{}", length=3), id="in-its-body"),
        pytest.param(chunks("/echo", b"{}", end=b""), id="between-chunks"),
        pytest.param(chunks("/echo", b"{}", end=b"0\r\n"), id="before-the-last-line"),
    ],
)
def test_a_request_that_ends_too_early_is_told_so_and_not_carried_out(server: WireServer, data: bytes) -> None:
    found = exchange(server.path, data, half_close=True)
    assert str(found) == "400 close, end"
    assert b"ended before" in found.answers[0].body
    assert server.done == []


@pytest.mark.parametrize(
    "data", [get("/ping"), post("/echo", b"OK"), chunks("/echo", b"OK"), get("/ping", version="1.0")]
)
def test_a_whole_request_is_answered_after_its_client_ended_its_side(server: WireServer, data: bytes) -> None:
    found = exchange(server.path, data, half_close=True)
    assert [(answer.status, answer.body) for answer in found.answers] == [(200, b"OK")]
    assert not found.is_open


def test_a_whole_request_is_carried_out_after_its_client_went_away(server: WireServer) -> None:
    with connected(server.path) as connection:
        connection.sendall(get("/slow"))
    assert eventually(lambda: server.done == ["GET /slow?"])


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        pytest.param(post("/ignore", b"x" * 1000) + get("/ping"), "200, 200, open", id="little"),
        pytest.param(chunks("/ignore", *[b"x" * 1000] * 100) + get("/ping"), "200, 200, open", id="little-in-chunks"),
        pytest.param(post("/ignore", b"x" * 300_000) + get("/ping"), "200 close, end", id="much"),
        pytest.param(chunks("/ignore", *[b"x" * 30_000] * 10) + get("/ping"), "200 close, end", id="much-in-chunks"),
        pytest.param(chunks("/ignore", end=b"zz\r\n") + get("/ping"), "200 close, end", id="malformed"),
        pytest.param(post("/ignore", b"", length=1_000_000), "200 close, end", id="much-that-does-not-come"),
    ],
)
def test_a_body_that_was_left_unread_is_passed_over_or_ends_the_connection(
    server: WireServer, data: bytes, shown: str
) -> None:
    assert_outcome(server, data, shown)


def test_an_answer_to_a_body_that_nobody_reads_is_not_held_up_for_ever(server: WireServer) -> None:
    assert_outcome(server, post("/ignore", b"x", length=100), "200 close, end")


def test_a_body_is_asked_for_when_its_handler_reads_it(server: WireServer) -> None:
    with connected(server.path) as connection:
        connection.sendall(post("/echo", b"", "Expect: 100-continue", length=2))
        assert connection.recv(4096) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"{}")
        assert connection.recv(4096).endswith(b"{}")
        connection.sendall(get("/ping"))
        assert connection.recv(4096).endswith(b"OK")


@pytest.mark.parametrize(
    ("data", "shown"),
    [
        pytest.param(post("/ignore", b"", "Expect: 100-continue", length=2), "200 close, end", id="never-read"),
        pytest.param(post("/echo", b"", "Expect: 100-continue", length=0), "200, open", id="no-body"),
        pytest.param(post("/echo", b"", "Expect: a-miracle", length=2), "417 close, end", id="another-expectation"),
    ],
)
def test_an_expectation_is_met_only_where_a_body_is_read(server: WireServer, data: bytes, shown: str) -> None:
    assert_outcome(server, data, shown)


def test_a_stream_of_bytes_is_read_as_fast_as_its_handler_takes_it(server: WireServer) -> None:
    body = b"x" * 20_000_000
    with connected(server.path) as connection:
        connection.sendall(post("/count", body, "Connection: close"))
        (answer,) = answers(read_all(connection))
    assert answer.body == b"20000000"


# Limits.


def test_a_head_that_is_too_large_is_refused_and_its_sender_reads_why(server: WireServer) -> None:
    data = b"GET /ping HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 1_000_000 + END + END
    assert_outcome(server, data, "431 close, end")
    assert_outcome(server, get("/ping", *["X: 1"] * 200), "431 close, end")
    assert_outcome(server, get("/ping", "X: " + "x" * 60_000), "200, open")


def test_a_connection_that_sends_nothing_is_closed(server: WireServer) -> None:
    began = time.monotonic()
    assert_outcome(server, b"", "end")
    assert time.monotonic() - began < 10


def test_a_head_that_does_not_end_is_refused(server: WireServer) -> None:
    assert_outcome(server, get("/ping")[:-2], "408 close, end")
    with connected(server.path) as connection:  # however busily it grows
        connection.sendall(get("/ping") + b"GET /ping HTTP/1.1\r\n")
        began = time.monotonic()
        try:
            while time.monotonic() < began + 20:
                connection.sendall(b"X: 1\r\n")
                time.sleep(0.05)
        except BrokenPipeError:
            pass
        assert time.monotonic() - began < 10
        assert [answer.status for answer in answers(read_all(connection))] == [200, 408]


@pytest.mark.parametrize(
    "data", [post("/echo", b"x", length=2), chunks("/echo", b"x", end=b""), post("/count", b"", length=1)]
)
def test_a_body_that_does_not_go_on_is_refused(server: WireServer, data: bytes) -> None:
    assert_outcome(server, data, "408 close, end")
    assert server.done == []


def dripped(server: WireServer, head: bytes, seconds: float) -> tuple[str, float]:
    """Send a body byte by byte; return the outcome and how long the server took it."""
    began = time.monotonic()
    with connected(server.path) as connection:
        connection.sendall(head)
        with suppress(BrokenPipeError, ConnectionResetError):
            while time.monotonic() < began + seconds:
                connection.sendall(b"x")
                time.sleep(0.1)
        (answer,) = answers(read_all(connection))
    return str(answer), time.monotonic() - began


@pytest.mark.parametrize(("path", "limit"), [("/echo", 1), ("/count", 2)], ids=["document", "upload"])
def test_a_body_that_goes_on_and_on_is_refused_when_its_time_is_over(tmp_path: Path, path: str, limit: int) -> None:
    limits = replace(SMALL, json_seconds=1, upload_seconds=2)
    with wire_server(Path(tempfile.mkdtemp(dir=tmp_path.parents[2])) / "s", limits) as server:
        outcome, seconds = dripped(server, post(path, b"", length=1_000), limit + 1)
    assert outcome == "408 close"
    assert limit < seconds < limit + 8


def test_streams_have_a_limit_and_those_that_end_make_room(tmp_path: Path) -> None:
    limits = replace(SMALL, streams=2)
    with (
        wire_server(Path(tempfile.mkdtemp(dir=tmp_path.parents[2])) / "s", limits) as server,
        connected(server.path) as first,
        connected(server.path) as second,
    ):
        for connection in (first, second):
            connection.sendall(get("/silent"))
        assert eventually(lambda: server.streams == 2)
        found = exchange(server.path, get("/silent"))
        assert str(found) == "503 close, end"
        assert found.answers[0].headers["retry-after"] == "1"
        assert server.streams == 2
        first.close()
        assert eventually(lambda: server.streams == 1)
        assert str(exchange(server.path, get("/finite?3"), silence=0.2)) == "200 chunked, open"


def test_bodies_share_the_memory_that_there_is_for_them(server: WireServer) -> None:
    part = b"x" * 900_000
    with connected(server.path) as first, connected(server.path) as second:
        for connection in (first, second):
            connection.sendall(post("/echo", part, "Connection: close", length=len(part) + 1))
        assert eventually(lambda: server.held == 2 * len(part))
        found = exchange(server.path, post("/echo", part))
        assert str(found) == "503 close, end"
        assert found.answers[0].headers["retry-after"] == "1"
        for connection in (first, second):
            connection.sendall(b"y")
            (answer,) = answers(read_all(connection))
            assert len(answer.body) == len(part) + 1
    assert server.held == 0
    assert_outcome(server, post("/echo", part), "200, open")


def test_large_bodies_that_stop_leave_room_for_small_ones(server: WireServer) -> None:
    part = b"x" * (1 * MIB - 1)
    with connected(server.path) as first, connected(server.path) as second, connected(server.path) as third:
        for connection in (first, second):
            connection.sendall(post("/echo", part, length=len(part) + 1))
        assert eventually(lambda: server.held == 2 * len(part))
        small = b"x" * SMALL.small_body_bytes
        assert_outcome(server, post("/echo", small), "200, open")
        assert_outcome(server, chunks("/echo", small), "200, open")
        assert_outcome(server, post("/echo", small + b"x"), "503 close, end")
        assert_outcome(server, chunks("/echo", small, b"x"), "503 close, end")
        # The room for small ones has an end, too.
        third.sendall(post("/echo", small[1:], length=len(small)))
        assert eventually(lambda: server.held > 2 * len(part))
        assert_outcome(server, post("/echo", small), "503 close, end")


# Streams.


def test_a_slow_reader_stops_its_producer(server: WireServer) -> None:
    with connected(server.path) as connection:
        connection.sendall(get("/endless"))
        assert connection.recv(100)
        time.sleep(0.3)
        before = server.produced
        time.sleep(0.3)
        assert server.produced == before < 200
        for _ in range(100):
            connection.recv(65536)
        assert eventually(lambda: server.produced > before)
    assert eventually(lambda: server.streams == 0)


def test_a_long_list_is_cut_off_with_its_connection_when_its_time_is_up(server: WireServer) -> None:
    with connected(server.path) as connection, connected(server.path) as other:
        other.sendall(get("/endless"))
        connection.sendall(get("/list?endless"))
        assert connection.recv(100)
        assert eventually(lambda: server.streams == 2)
        assert eventually(lambda: server.connections == 1)
        assert server.streams == 1  # other streams wait for their reader
        assert b"\r\n0\r\n" not in read_all(connection)


def test_a_list_in_time_leaves_its_connection_as_it_is(server: WireServer) -> None:
    with connected(server.path) as connection:
        for _ in range(2):
            connection.sendall(get("/list"))
            assert connection.recv(4096).endswith(b"0\r\n\r\n")
            time.sleep(0.6)


@pytest.mark.parametrize("path", ["/silent", "/endless"])
def test_a_client_that_goes_away_ends_its_stream(server: WireServer, path: str) -> None:
    with connected(server.path) as connection:
        connection.sendall(get(path))
        assert eventually(lambda: server.streams == 1)
    assert eventually(lambda: server.streams == 0, 1)


@pytest.mark.parametrize("is_first", [True, False])
def test_a_client_that_goes_away_ends_its_stream_also_when_no_more_is_read_of_it(
    server: WireServer, is_first: bool
) -> None:
    waiting = b"x" * SMALL.ahead_bytes * 2
    with connected(server.path) as connection:
        connection.sendall(get("/silent") if is_first else get("/slow") + get("/silent") + waiting[: SMALL.ahead_bytes])
        assert eventually(lambda: server.streams == 1)
        connection.sendall(waiting if is_first else b"")
    assert eventually(lambda: server.streams == 0)


def test_a_client_that_ended_its_side_gets_what_there_is_and_the_end(server: WireServer) -> None:
    found = exchange(server.path, get("/silent"), half_close=True, silence=3)
    assert str(found) == "200 chunked, end"
    assert found.answers[0].body == b"first"
    assert exchange(server.path, get("/empty"), half_close=True, silence=3).answers[0].body == b"onetwo"


def test_each_stream_of_a_pipeline_ends_when_its_client_has_ended_its_side(server: WireServer) -> None:
    found = exchange(server.path, get("/silent") + get("/busy") + get("/silent"), half_close=True)
    assert [answer.is_whole for answer in found.answers] == [True, True, True]
    assert server.streams == 0


def test_a_stream_that_is_never_silent_ends_too_when_its_client_has_ended_its_side(server: WireServer) -> None:
    found = exchange(server.path, get("/busy"), half_close=True, expected="200 chunked, end")
    assert str(found) == "200 chunked, end"
    assert len(found.answers[0].body) > 20


def test_a_slow_reader_that_has_ended_its_side_gets_all_of_a_stream(server: WireServer) -> None:
    with connected(server.path) as connection:
        connection.sendall(get("/finite?300"))
        connection.shutdown(socket.SHUT_WR)
        time.sleep(10 * SMALL.quiet_seconds)
        (answer,) = answers(read_all(connection))
    assert (answer.is_whole, len(answer.body)) == (True, 3_000_000)


def test_a_stream_with_a_bug_is_seen_to_be_cut(server: WireServer) -> None:
    assert_outcome(server, get("/broken"), "200 chunked cut, end")


# Connections that are taken over.


UPGRADE = ("Connection: Upgrade", "Upgrade: tcp")


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (get("/hijack", *UPGRADE), b"HTTP/1.1 101 UPGRADED\r\n"),
        (get("/hijack"), b"HTTP/1.1 200 OK\r\n"),
        (post("/hijack", b"{}", *UPGRADE), b"HTTP/1.1 101 UPGRADED\r\n"),
        (get("/hijack", version="1.0"), b"HTTP/1.1 200 OK\r\n"),
    ],
)
def test_a_connection_that_is_taken_over_is_bytes_in_both_directions(
    server: WireServer, data: bytes, line: bytes
) -> None:
    with connected(server.path) as connection:
        connection.sendall(data + b"early")
        received = connection.recv(4096)
        while not received.endswith(b"EARLY"):
            received += connection.recv(4096)
        head, _, rest = received.partition(b"\r\n\r\n")
        assert head.startswith(line)
        assert b"\r\nContent-Type: application/vnd.docker.raw-stream" in head
        assert (b"\r\nConnection: Upgrade\r\nUpgrade: tcp" in head) == (b"101" in line)
        assert b"Transfer-Encoding" not in head
        assert b"Content-Length" not in head
        assert rest == b"EARLY"
        connection.sendall(b"later")
        assert connection.recv(4096) == b"LATER"
        connection.shutdown(socket.SHUT_WR)
        assert read_all(connection) == b"bye"


def test_a_descriptor_can_be_lent(server: WireServer) -> None:
    with connected(server.path) as connection:
        connection.sendall(get("/lend", *UPGRADE) + b"early")
        assert eventually(lambda: bool(server.lent))
        ((lent, early),) = server.lent
        with lent:
            lent.setblocking(True)
            assert early == b"early"
            assert eventually(lambda: server.connections == 0)
            connection.sendall(b"to the other process")
            assert lent.recv(100) == b"to the other process"
            lent.sendall(b"and back")
            lent.shutdown(socket.SHUT_WR)
            assert read_all(connection).endswith(b"\r\n\r\nand back")


# The end.


def test_a_server_that_stops_finishes_what_was_begun_and_closes_what_is_idle(server: WireServer) -> None:
    with connected(server.path) as idle, connected(server.path) as busy:
        idle.sendall(get("/ping"))
        assert idle.recv(4096).endswith(b"OK")
        busy.sendall(get("/slow"))
        time.sleep(0.1)
        server.stop()
        assert read_all(idle) == b""
        assert not server.done[1:]
        (answer,) = answers(read_all(busy))
        assert (str(answer), answer.body) == ("200 close", b"slow")


def test_a_server_that_stops_finishes_what_was_begun_for_a_client_that_is_gone(patient: WireServer) -> None:
    with connected(patient.path) as connection:
        connection.sendall(get("/ping") + get("/slow"))
        assert eventually(lambda: len(patient.done) == 1)
        time.sleep(0.1)
    # Closed with an answer unread, so the connection is reset while the handler runs.
    time.sleep(0.1)
    patient.stop()
    assert eventually(lambda: patient.done == ["GET /ping?", "GET /slow?"])


def test_a_server_that_stops_waits_no_longer_for_a_client_that_does_not_read(patient: WireServer) -> None:
    with connected(patient.path) as connection:
        connection.sendall(get("/large?60000") * 4)
        assert eventually(lambda: len(patient.done) == 4)
        began = time.monotonic()
        patient.stop()
        assert eventually(lambda: patient.connections == 0)
        assert time.monotonic() - began < 5


def test_a_server_that_stops_cuts_off_what_does_not_end(server: WireServer) -> None:
    with connected(server.path) as connection:
        connection.sendall(get("/silent"))
        assert eventually(lambda: server.streams == 1)
        server.stop()
        assert not answers(read_all(connection))[0].is_whole
    assert server.streams == 0
