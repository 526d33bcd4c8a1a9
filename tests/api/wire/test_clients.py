"""What Docker's clients send, as their users reported it."""

import json
from collections.abc import Callable
from urllib.parse import quote

import pytest
from raw_http import Exchange, exchange
from service import Service

UPGRADE_TO_TCP = b"Connection: Upgrade\r\nUpgrade: tcp\r\n"
MULTIPLEXED = "application/vnd.docker.multiplexed-stream"
RAW = "application/vnd.docker.raw-stream"


def create(name: str, *headers: str, body: bytes = b'{"Image":"busybox:latest"}', length: int | None = None) -> bytes:
    size = len(body) if length is None else length
    fields = ("Host: x", "Content-Type: application/json", f"Content-Length: {size}", *headers, "")
    head = f"POST /v1.45/containers/create?name={name} HTTP/1.1\r\n" + "".join(f"{line}\r\n" for line in fields)
    return head.encode() + body


def asked(service: Service, data: bytes, outcome: str, *, half_close: bool = False) -> Exchange:
    found = exchange(service.socket, data, half_close=half_close, expected=outcome)
    assert str(found) == outcome
    return found


def exists(service: Service, name: str) -> bool:
    return service.call("GET", f"/containers/{name}/json").status == 200


def test_an_upgrade_to_http_2_that_nobody_speaks_is_passed_over(service: Service) -> None:
    offer = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA")
    ping = b"GET /_ping HTTP/1.1\r\nHost: x\r\n\r\n"
    asked(service, create("from-a-jdk", *offer) + ping, "201, 200, open")
    assert exists(service, "from-a-jdk")


@pytest.mark.parametrize("line", [b"GET /images/json HTTP/1.0\r\n\n", b"GET http:/images/json HTTP/1.0\n\n"])
def test_a_client_of_one_line_gets_json(service: Service, line: bytes) -> None:
    (answer,) = asked(service, line, "1.0 200, end").answers
    assert isinstance(json.loads(answer.body), list)


def test_a_stream_for_a_client_of_http_1_0_is_its_lines_and_the_end(service: Service) -> None:
    name = service.create("in-old-events")
    (answer,) = asked(service, b"GET /events?since=1&until=1 HTTP/1.0\r\n\r\n", "1.0 200, end").answers
    assert answer.body == b""
    now = service.call("GET", "/info").json()["SystemTime"]
    request = f"GET /events?since=1&until={quote(now)} HTTP/1.0\r\n\r\n".encode()
    (answer,) = asked(service, request, "1.0 200, end").answers
    assert name in {json.loads(line)["Actor"]["ID"] for line in answer.body.splitlines()}


@pytest.mark.parametrize(
    ("version", "tty", "media_type"), [("1.45", False, MULTIPLEXED), ("1.45", True, RAW), ("1.41", False, RAW)]
)
@pytest.mark.parametrize(("upgrade", "outcome"), [(UPGRADE_TO_TCP, "101 Upgrade, end"), (b"", "200, end")])
def test_the_logs_of_what_never_ran_are_attached_to_and_end(
    service: Service, version: str, tty: bool, media_type: str, upgrade: bytes, outcome: str
) -> None:
    container = service.create(Tty=tty)
    path = f"/v{version}/containers/{container}/attach?logs=1&stdout=1"
    found = asked(service, f"POST {path} HTTP/1.1\r\nHost: x\r\n".encode() + upgrade + b"\r\n", outcome)
    # Without an upgrade the type is always the old one, as in Docker.
    assert found.answers[0].headers["content-type"] == (media_type if upgrade else RAW)
    assert found.answers[0].body == b""


def test_what_cannot_be_attached_to_is_an_answer_like_any_other(service: Service) -> None:
    head = b"POST /containers/no-such/attach?logs=1&stdout=1 HTTP/1.1\r\nHost: x\r\n"
    (answer,) = asked(service, head + UPGRADE_TO_TCP + b"\r\n", "404, open").answers
    assert json.loads(answer.body) == {"message": "No such container: no-such"}


def test_a_create_behind_which_its_client_ended_its_side_is_done_and_answered(service: Service) -> None:
    (answer,) = asked(service, create("from-netcat"), "201, end", half_close=True).answers
    assert service.call("GET", "/containers/from-netcat/json").json()["Id"] == json.loads(answer.body)["Id"]


REFUSED: list[tuple[str, Callable[[str], bytes]]] = [
    ("cut-off", lambda name: create(name, length=100)),
    ("two-lengths", lambda name: create(name, "Content-Length: 9")),
    ("bad-encoding", lambda name: create(name, "Transfer-Encoding: gzip")),
    ("bad-header", lambda name: create(name, "no colon")),
    ("odd-expectation", lambda name: create(name, "Expect: more")),
    ("bad-chunk", lambda name: create(name, "Transfer-Encoding: chunked")),
]


@pytest.mark.parametrize(("name", "data"), REFUSED, ids=[name for name, _ in REFUSED])
def test_a_create_whose_framing_is_refused_is_not_done(
    service: Service, name: str, data: Callable[[str], bytes]
) -> None:
    found = exchange(service.socket, data(name), half_close=True, silence=2)
    assert [answer.status >= 400 for answer in found.answers] == [True]
    assert not exists(service, name)


def test_a_byte_too_many_is_a_request_of_its_own(service: Service) -> None:
    found = asked(service, create("with-a-surplus") + b"x\r\n\r\n", "201, 400 close, end")
    assert json.loads(found.answers[0].body)["Id"]
    assert exists(service, "with-a-surplus")


def test_a_filter_may_be_raw_utf_8(service: Service) -> None:
    container = service.create(Labels={"к": "é"})
    request = 'GET /containers/json?all=1&filters={"label":["к=é"]} HTTP/1.1\r\nHost: x\r\n\r\n'.encode()
    (answer,) = asked(service, request, "200, open").answers
    assert [one["Id"] for one in json.loads(answer.body)] == [container]


def test_a_large_document_is_stored(own_service: Service) -> None:
    body = json.dumps({"Image": "busybox:latest", "Labels": {"large": "x" * 17_000_000}}).encode()
    asked(own_service, create("large", body=body), "201, open")
    assert len(own_service.call("GET", "/containers/large/json").json()["Config"]["Labels"]["large"]) == 17_000_000


@pytest.mark.parametrize("until", ["9999999999", "1700000000000", "1700000000000000000", "9223372036854775807"])
def test_a_time_beyond_64_bits_of_nanoseconds_is_never_reached(service: Service, until: str) -> None:
    container = service.create()
    found = exchange(
        service.socket, f"GET /events?since=1&until={until} HTTP/1.1\r\nHost: x\r\n\r\n".encode(), silence=1
    )
    assert str(found) == "200 chunked cut, open"
    assert container.encode() in found.answers[0].body


@pytest.mark.parametrize("since", ["9999999999", "-9999999999"])
def test_events_since_then_are_all_or_none(service: Service, since: str) -> None:
    container = service.create()
    found = exchange(service.socket, f"GET /events?since={since} HTTP/1.1\r\nHost: x\r\n\r\n".encode(), silence=1)
    assert (container.encode() in found.answers[0].body) == since.startswith("-")


def test_a_redirect_keeps_the_bytes_of_its_query(service: Service) -> None:
    (answer,) = asked(service, "GET //info?к=%20é HTTP/1.1\r\nHost: x\r\n\r\n".encode(), "301, open").answers
    assert answer.headers["location"].encode("latin-1").decode() == "/info?к=%20é"
