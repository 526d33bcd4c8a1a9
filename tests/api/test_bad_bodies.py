"""Bodies that are malformed, wrongly typed, too large or never completed."""

import json
import time

import pytest
from service import Service, resident_bytes

CREATE = "/containers/create"
MIB = 1024 * 1024
LIMIT = 64 * MIB
JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b" ", id="blank"),
        pytest.param(b"{", id="cut-off"),
        pytest.param(b'{"Image": "busybox:latest"', id="cut-off-later"),
        pytest.param(b"{]", id="wrong-bracket"),
        pytest.param(b"null", id="null"),
        pytest.param(b"[]", id="array"),
        pytest.param(b'"busybox"', id="string"),
        pytest.param(b"12", id="number"),
        pytest.param(b"\x00\x01\x02", id="binary"),
        pytest.param(b"\xff\xfe{}", id="utf-16-mark"),
        pytest.param(b'{"Image": "busybox:latest"} trailing', id="trailing"),
        pytest.param(b"[" * 100_000, id="deep-arrays"),
        pytest.param(b'{"a":' * 100_000, id="deep-objects"),
        pytest.param(b'{"Image": NaN}', id="nan"),
        pytest.param(b'{"Image": "busybox:latest", "HostConfig": {"Memory": 1e400}}', id="huge-number"),
        pytest.param(b'{"Image": "busybox:latest", "HostConfig": {"Memory": ' + b"9" * 5_000 + b"}}", id="long-number"),
    ],
)
def test_a_malformed_body_is_refused(service: Service, body: bytes) -> None:
    assert service.call("POST", CREATE, body, headers=JSON).is_refusal(400)


@pytest.mark.parametrize(
    "body",
    [
        {"Image": 7},
        {"Image": "busybox:latest", "Env": "A=b"},
        {"Image": "busybox:latest", "Env": [1]},
        {"Image": "busybox:latest", "Labels": ["a"]},
        {"Image": "busybox:latest", "Labels": {"a": 1}},
        {"Image": "busybox:latest", "Tty": "yes"},
        {"Image": "busybox:latest", "ExposedPorts": {"80": 1}},
        {"Image": "busybox:latest", "StopTimeout": 1.5},
        {"Image": "busybox:latest", "HostConfig": []},
        {"Image": "busybox:latest", "HostConfig": {"Memory": "1g"}},
        {"Image": "busybox:latest", "HostConfig": {"PortBindings": {"80/tcp": {}}}},
        {"Image": "busybox:latest", "HostConfig": {"RestartPolicy": "always"}},
        {"Image": "busybox:latest", "NetworkingConfig": {"EndpointsConfig": []}},
    ],
    ids=json.dumps,
)
def test_a_wrongly_typed_field_is_refused(service: Service, body: object) -> None:
    assert service.call("POST", CREATE, body).is_refusal(400)


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-tar", "application", "", ";", "a/b; c"])
def test_a_body_of_another_type_is_refused(service: Service, content_type: str) -> None:
    assert service.call("POST", CREATE, b'{"Image": "x"}', headers={"Content-Type": content_type}).is_refusal(400)


def test_a_body_whose_declared_length_is_too_large_is_refused_before_it_is_sent(service: Service) -> None:
    head = f"POST {CREATE} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {LIMIT + 1}\r\n\r\n"
    assert service.raw(head.encode()).is_refusal(413)


def test_a_body_that_grows_too_large_in_chunks_is_refused(service: Service) -> None:
    head = f"POST {CREATE} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"100000\r\n" + b" " * MIB + b"\r\n"
    assert service.raw(head.encode() + chunk * 65 + b"0\r\n\r\n").is_refusal(413)


def test_a_body_just_within_the_limit_is_read(service: Service) -> None:
    body = b'{"Image": "busybox:latest"}'
    answer = service.call("POST", CREATE, body + b" " * (LIMIT - len(body)), headers=JSON)
    assert answer.status == 201


@pytest.mark.parametrize("path", ["/containers/create", "/containers/x/update", "/containers/x/exec"])
@pytest.mark.parametrize("values", [b'{"Env":[%b1]}', b'{"Labels":{%b"x":1}}'])
def test_a_body_of_very_many_values_is_refused_at_once(service: Service, path: str, values: bytes) -> None:
    value = b"1," if b"Env" in values else b'"x":1,'
    body = values % (value * (16 * MIB // len(value)))
    began = time.monotonic()
    assert service.call("POST", path, body, headers=JSON).is_refusal(413)
    assert time.monotonic() - began < 10
    assert resident_bytes(service.process.pid) < 1024 * MIB


def test_commas_in_strings_are_no_values(service: Service) -> None:
    service.create(Labels={"a": ',\\",' * 200_000})


@pytest.mark.parametrize("path", ["/containers/x/update", "/containers/x/exec"])
def test_other_bodies_have_the_same_limit(service: Service, path: str) -> None:
    assert service.call("POST", path, b" " * (LIMIT + 1), headers=JSON).is_refusal(413)


@pytest.mark.parametrize(
    "start",
    [
        pytest.param(b"Content-Length: 100\r\n\r\n{", id="declared-length"),
        pytest.param(b"Transfer-Encoding: chunked\r\n\r\n5\r\n{", id="inside-a-chunk"),
        pytest.param(b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n", id="between-chunks"),
    ],
)
@pytest.mark.parametrize("path", ["/containers/create", "/images/load", "/images/create?fromSrc=-"])
def test_a_client_that_goes_away_in_its_body_does_no_harm(service: Service, path: str, start: bytes) -> None:
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n".encode()
    service.send_and_hang_up(head + start)
    assert service.answers()


def test_a_client_that_goes_away_while_it_follows_events_does_no_harm(service: Service) -> None:
    service.send_and_hang_up(b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n")
    service.create()
