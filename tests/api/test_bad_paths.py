"""Methods, paths and queries that mean nothing."""

import json

import pytest
from service import Service


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "/containers/create"),
        ("GET", "/containers/create"),
        ("DELETE", "/containers/json"),
        ("PATCH", "/containers/x"),
        ("POST", "/containers/x/json"),
        ("POST", "/_ping"),
        ("GET", "/"),
        ("GET", "/nothing"),
        ("GET", "/containers"),
        ("GET", "/containers/"),
        ("GET", "/containers/json/"),
        ("GET", "/v1.45"),
        ("GET", "/v1.45/"),
        ("GET", "/v1.45/v1.45/info"),
        ("GET", "/v9.99/info"),
        ("GET", "/v1.x/info"),
        ("BREW", "/info"),
        ("TRACE", "/info"),
    ],
)
def test_a_wrong_method_or_path_is_refused(service: Service, method: str, path: str) -> None:
    assert service.call(method, path).is_refusal()


@pytest.mark.parametrize("version", ["0.1", "1.23", "1..45", "9" * 400])
def test_a_client_that_is_too_old_is_told_so_in_plain_text(service: Service, version: str) -> None:
    answer = service.call("GET", f"/v{version}/info")
    assert (answer.status, answer.headers["content-type"]) == (400, "text/plain; charset=utf-8")
    said = f"client version {version} is too old. Minimum supported API version is 1.24, "
    assert answer.body.decode() == f"{said}please upgrade your client to a newer version\n"


@pytest.mark.parametrize(
    "query",
    [
        "name=%zz",
        "name=%",
        "name=%0",
        "a;b",
        "%",
        "filters=x",
        "filters=[]",
        "filters=%7B%22name%22%3A1%7D",
        "filters=%7B%22name%22%3A%5B%22a%22%5D%2C%22label%22%3A%7B%22a%22%3Atrue%7D%7D",
        "filters=%7B%22id%22%3A%5B%22%5Cu0000%22%5D%2C%22x%22%3A%5B%221%22%5D%7D",
        "filters=%7B%22since%22%3A%5B%22nothing%22%5D%7D",
        "limit=many",
        "filters=" + "%7B" * 5_000,
    ],
)
def test_a_wrong_query_is_refused(service: Service, query: str) -> None:
    assert service.call("GET", f"/containers/json?{query}").is_refusal()


@pytest.mark.parametrize("limit", ["1e3", "99999999999999999999999", "-99999999999999999999999", "%D9%A1", "1_0", " 1"])
def test_an_odd_limit_is_refused_or_read_as_a_number(service: Service, limit: str) -> None:
    answer = service.call("GET", "/containers/json", query={"limit": limit})
    assert answer.status == 200 or answer.is_refusal(400)


@pytest.mark.parametrize("since", ["yesterday", "1e9", "nan", "-", "2026-13-45T00:00:00Z", "9" * 40, "1.2.3"])
def test_a_time_that_is_none_is_refused(service: Service, since: str) -> None:
    assert service.call("GET", "/events", query={"since": since, "until": "1"}).is_refusal(400)


@pytest.mark.parametrize(
    "pattern", [r"(a+)+$", r"(?P<n>a)(?P=n)", "a" * 10_000, r"\Z", "(" * 500, "a{1,99999}{1,99999}", "[", "*"]
)
def test_a_hostile_name_filter_is_refused_or_harmless(service: Service, pattern: str) -> None:
    answer = service.call("GET", "/containers/json", query={"all": 1, "filters": json.dumps({"name": [pattern]})})
    assert answer.status == 200 or answer.is_refusal(400)
