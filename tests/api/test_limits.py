"""One request is bounded work, whatever it holds: what has too much is refused, and nobody else waits for the rest."""

import asyncio
import json
import time
from urllib.parse import quote

import pytest
from service import Service

from statesvc.api.errors import answer_error
from statesvc.db.workers import Workers
from statesvc.domain.limits import LIMITS, MIB
from statesvc.errors import Unavailable

JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    "path",
    [
        "/containers/create",
        "/containers/x/update",
        "/containers/x/exec",
        "/exec/x/start",
        "/commit?container=x",
        "/networks/create",
        "/networks/bridge/connect",
        "/volumes/create",
        "/statesvc/v1/import",
        "/statesvc/v1/containers/x/prepare-start",
        "/statesvc/v1/containers/x/exited",
        "/statesvc/v1/containers/x/execs",
    ],
)
@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b'{"Env":[' + b"1," * 4 * MIB + b"1]}", id="wrong-values"),
        pytest.param(b'{"Labels":{' + b'"a":[],' * MIB + b'"a":1}}', id="wrong-values-of-a-map"),
        pytest.param(b'{"Image":"' + b"\xff" * 8 * MIB + b'"}', id="wrong-bytes"),
        pytest.param(b"[" * 8 * MIB, id="levels"),
        pytest.param(b'{"Image":"' + b"x" * 33 * MIB + b'"}', id="bytes"),
        pytest.param(b'"",' * 4 * MIB, id="strings"),
    ],
)
def test_a_body_with_too_much_in_it_is_refused(service: Service, path: str, body: bytes) -> None:
    assert service.call("POST", path, body, headers=JSON).is_refusal(400, 413)


@pytest.mark.parametrize(
    ("body", "field", "message"),
    [
        ({"Env": ["A=b"] * 10_001}, "/Env", "/Env has 10,001 elements: at most 10,000 are possible"),
        ({"Labels": {str(at): "" for at in range(10_001)}}, "/Labels", "/Labels has 10,001 elements"),
        (
            {"Labels": {"a": "x" * 24 * MIB}},
            "/Labels",
            "the labels have 25,165,825 bytes: at most 25,165,824 are possible",
        ),
        ({"Volumes": {f"/{at}": {} for at in range(1_001)}}, "/Volumes", "/Volumes has 1,001 elements: at most 1,000"),
        ({"HostConfig": {"Binds": ["a:/a"] * 1_001}}, "/HostConfig/Binds", "has 1,001 elements: at most 1,000"),
        ({"HostConfig": {"Links": ["a:b"] * 1_001}}, "/HostConfig/Links", "has 1,001 elements"),
        ({"HostConfig": {"ExtraHosts": ["x"] * 10_001}}, "/HostConfig/ExtraHosts", "has 10,001 elements"),
        (
            {"HostConfig": {"LogConfig": {"Config": {str(at): "" for at in range(10_001)}}}},
            "/HostConfig/LogConfig/Config",
            "has 10,001 elements",
        ),
        (
            {"HostConfig": {"PortBindings": {"80/tcp": [{}] * 10_001}}},
            "/HostConfig/PortBindings/80~1tcp",
            "has 10,001 elements",
        ),
        (
            {"NetworkingConfig": {"EndpointsConfig": {str(at): {} for at in range(1_001)}}},
            "/NetworkingConfig/EndpointsConfig",
            "has 1,001 elements",
        ),
        (
            {"NetworkingConfig": {"EndpointsConfig": {"n": {"Aliases": ["a"] * 10_001}}}},
            "/NetworkingConfig/EndpointsConfig/n/Aliases",
            "has 10,001 elements",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and value.startswith("/") else "",
)
@pytest.mark.parametrize("path", ["/containers/create", "/statesvc/v1/containers/validate"])
def test_a_container_with_too_much_of_one_kind_is_refused(
    service: Service, path: str, body: dict[str, object], field: str, message: str
) -> None:
    answer = service.call("POST", path, {"Image": "busybox:latest"} | body)
    if path.endswith("create"):
        assert answer.is_refusal(400)
        assert [error["field"] for error in answer.json()["errors"]] == [field]
        assert message in answer.message
    else:
        assert [error["Field"] for error in answer.json()["Errors"]] == [field]


def test_a_container_may_have_as_much_as_the_limits_say(service: Service) -> None:
    labels = {f"{at:05}": "x" * 90 for at in range(10_000)}
    service.create(Labels=labels, Env=["A=b"] * 10_000, HostConfig={"Binds": [f"data:/{at}" for at in range(1_000)]})


def test_an_answer_lists_so_many_mistakes_and_counts_the_others(service: Service) -> None:
    answer = service.call(
        "POST",
        "/containers/create",
        {"Image": "busybox:latest"} | {"HostConfig": {"ExtraHosts": [f"x{at}" for at in range(2_500)]}},
    )
    assert answer.is_refusal(400)
    assert len(answer.json()["errors"]) == LIMITS.shown_problems
    assert answer.message.endswith("; and 1500 more")


@pytest.mark.parametrize("path", ["/containers/json", "/images/json", "/networks", "/volumes", "/events?until=1"])
def test_filters_with_too_many_values_are_refused(service: Service, path: str) -> None:
    wanted = quote(json.dumps({"label": [f"a{at}" for at in range(10_001)]}))
    answer = service.call("GET", f"{path}{'&' if '?' in path else '?'}filters={wanted}")
    assert answer.is_refusal(400)
    assert "more than 10,000 keys and values" in answer.message


def test_so_many_names_may_be_looked_for_in_all_names(service: Service) -> None:
    for names, status in ((100, 200), (101, 400)):
        wanted = json.dumps({"name": [f"part{at}." for at in range(names)]})
        assert service.call("GET", "/containers/json", query={"filters": wanted}).status == status
    for simple in ("^/name{}$", "^name{}", "name{}"):
        many = json.dumps({"name": [simple.format(at) for at in range(5_000)]})
        assert service.call("GET", "/containers/json", query={"filters": many}).status == 200


def test_a_query_with_too_many_values_is_refused(service: Service) -> None:
    assert service.call("GET", "/containers/json?" + "a=1&" * 999).status == 200
    assert service.call("GET", "/containers/json?" + "a=1&" * 1_000).is_refusal(400)


@pytest.mark.parametrize("text", [" ", "a", "a=", "a/", "=PID ", " a=PID", "-", "9"])
def test_long_words_of_a_url_are_looked_at_once(service: Service, text: str) -> None:
    name = f"looked-at-{text.encode().hex()}"
    service.create(name)
    began = time.monotonic()
    for length, statuses in ((60_000, (400, 404, 409, 501)), (250_000, (400,))):
        word = quote(text * (length // len(text)))
        for method, path in (
            ("GET", f"/containers/{name}/top?ps_args="),
            ("POST", f"/containers/{name}/kill?signal="),
            ("POST", f"/containers/{name}/resize?w=1&h="),
            ("POST", "/images/busybox:latest/tag?repo="),
            ("POST", "/images/create?fromSrc=-&repo="),
            ("DELETE", "/images/"),
        ):
            assert service.call(method, path + word).is_refusal(*statuses)
    assert time.monotonic() - began < 30


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param(["EXPOSE 1-65535"] * 900, id="ports-again"),
        pytest.param(["EXPOSE 1-65535", *["EXPOSE 1"] * 900], id="one-port-again"),
        pytest.param(["ENV a=" + "\\\n" * 30_000], id="continued-lines"),
        pytest.param(["LABEL " + "a=b " * 15_000], id="labels"),
        pytest.param(["ENV a=xxxxxxxxxx", *["ENV a=$a$a"] * 900], id="variables"),
        pytest.param(["x" * 100_000], id="long"),
    ],
)
@pytest.mark.parametrize("path", ["/images/create?fromSrc=-&", "/commit?container=committed&"])
def test_changes_of_an_image_are_bounded_work(service: Service, path: str, changes: list[str]) -> None:
    if path.startswith("/commit") and service.call("GET", "/containers/committed/json").status == 404:
        service.create("committed")
    query = "&".join(f"changes={quote(change)}" for change in changes)
    began = time.monotonic()
    answer = service.call("POST", path + query, b"")
    assert answer.status == 200 or answer.is_refusal()
    assert time.monotonic() - began < 20


def test_who_meets_a_limit_is_told_when_to_try_again() -> None:
    with pytest.raises(Unavailable) as refused:
        asyncio.run(Workers("pieces of work", 1, 0).run(lambda: None))
    assert b"Retry-After: 1\r\n" in answer_error(refused.value).lines
