"""What is asked of processes and files over HTTP: the request is judged first, then the state, an engine last."""

import http.client
import json
from typing import Any

import pytest
from service import Service, UnixConnection

JSON = {"Content-Type": "application/json"}


@pytest.fixture
def container(service: Service) -> str:
    return service.create()


@pytest.mark.parametrize(
    ("method", "path", "query", "body", "status", "message"),
    [
        ("POST", "start", {"checkpoint": "x"}, None, 400, "checkpoint is only supported in experimental mode"),
        ("POST", "start", {}, b'{"HostConfig": {}}', 400, "non-empty request body was deprecated"),
        ("POST", "start", {}, b"{}", 404, "No such container"),
        ("POST", "stop", {"t": "x"}, None, 400, 'strconv.Atoi: parsing "x": invalid syntax'),
        ("POST", "restart", {"t": "1.5"}, None, 400, 'strconv.Atoi: parsing "1.5": invalid syntax'),
        ("POST", "kill", {"signal": "SIGFOO"}, None, 400, "cannot kill container: nosuch: invalid signal: SIGFOO"),
        ("POST", "kill", {}, None, 404, "cannot kill container: nosuch: No such container: nosuch"),
        ("POST", "resize", {"h": "1"}, None, 400, 'invalid resize width "": invalid syntax'),
        ("POST", "resize", {"h": "-1", "w": "5"}, None, 400, 'invalid resize height "-1": value out of range'),
        ("POST", "resize", {"h": "1", "w": "5"}, None, 404, "No such container"),
        ("POST", "exec", {}, None, 400, "No exec command specified"),
        ("POST", "exec", {}, {"Cmd": []}, 400, "No exec command specified"),
        ("POST", "exec", {}, {"Cmd": "true"}, 400, "/Cmd: expected an array"),
        ("POST", "exec", {}, {"Cmd": ["true"]}, 404, "No such container"),
        ("POST", "attach", {"detachKeys": "ctrl-1"}, None, 400, "Invalid detach keys (ctrl-1) provided"),
        ("GET", "logs", {}, None, 400, "you must choose at least one stream"),
        ("GET", "logs", {"stdout": 1}, None, 404, "No such container"),
        ("GET", "archive", {}, None, 400, "bad parameter: pathcannot be empty"),
        ("PUT", "archive", {"path": ""}, None, 400, "bad parameter: pathcannot be empty"),
        ("GET", "archive", {"path": "/"}, None, 404, "No such container"),
        ("GET", "top", {"ps_args": "-o ppid= PID"}, None, 400, 'specifying "ppid=PID" is not allowed'),
        ("GET", "top", {"ps_args": "-o pid=PID"}, None, 404, "No such container"),
        ("GET", "stats", {}, None, 404, "No such container"),
        ("GET", "export", {}, None, 404, "No such container"),
        ("GET", "changes", {}, None, 404, "No such container"),
    ],
)
def test_the_request_is_judged_before_the_look_up(
    service: Service, method: str, path: str, query: dict[str, Any], body: object, status: int, message: str
) -> None:
    answer = service.call(method, f"/containers/nosuch/{path}", body, query=query, headers=JSON if body else None)
    assert answer.is_refusal(status)
    assert message in answer.message


@pytest.mark.parametrize(
    ("query", "body", "status", "message"),
    [
        ({"repo": "UPPER"}, None, 400, "must be lowercase"),
        ({}, b"{", 400, "invalid JSON"),
        ({}, None, 400, 'invalid name or ID supplied: ""'),
        ({"container": "nosuch"}, b"", 404, "No such container: nosuch"),
    ],
)
def test_a_commit_is_judged_before_an_engine_is_missed(
    service: Service, query: dict[str, str], body: bytes | None, status: int, message: str
) -> None:
    answer = service.call("POST", "/commit", body, query=query, headers=JSON)
    assert answer.is_refusal(status)
    assert message in answer.message


@pytest.mark.parametrize(
    ("method", "path", "query", "status", "message"),
    [
        ("GET", "/exec/nosuch/json", {}, 404, "No such exec instance: nosuch"),
        ("POST", "/exec/nosuch/start", {}, 404, "No such exec instance: nosuch"),
        ("POST", "/exec/nosuch/resize", {"h": 1, "w": 1}, 404, "No such exec instance: nosuch"),
        ("POST", "/exec/nosuch/resize", {"h": "x", "w": 1}, 400, 'invalid resize height "x": invalid syntax'),
    ],
)
def test_no_exec_is_there(
    service: Service, method: str, path: str, query: dict[str, Any], status: int, message: str
) -> None:
    answer = service.call(method, path, query=query)
    assert answer.is_refusal(status)
    assert message in answer.message


@pytest.mark.parametrize(
    ("method", "path", "query", "body"),
    [
        ("POST", "start", {}, None),
        ("POST", "restart", {"t": "0"}, None),
        ("GET", "attach/ws", {"stream": 1, "stdout": 1}, None),
        ("GET", "export", {}, None),
        ("GET", "archive", {"path": "/"}, None),
        ("PUT", "archive", {"path": "/"}, b""),
        ("HEAD", "archive", {"path": "/"}, None),
    ],
)
def test_an_engine_is_missed_last(
    service: Service, container: str, method: str, path: str, query: dict[str, Any], body: bytes | None
) -> None:
    answer = service.call(method, f"/containers/{container}/{path}", body, query=query)
    assert answer.status == 501
    assert method == "HEAD" or "no engine is connected" in answer.message


def test_stopping_what_is_stopped_changes_nothing(service: Service, container: str) -> None:
    answer = service.call("POST", f"/containers/{container}/stop", query={"t": "1"})
    assert (answer.status, answer.body) == (304, b"")


@pytest.mark.parametrize(
    ("version", "tty", "content_type"),
    [
        ("v1.45", False, "application/vnd.docker.multiplexed-stream"),
        ("v1.45", True, "application/vnd.docker.raw-stream"),
        ("v1.41", False, "application/vnd.docker.raw-stream"),
    ],
)
def test_the_log_of_one_that_never_ran_is_empty(
    service: Service, version: str, content_type: str, *, tty: bool
) -> None:
    path = f"/{version}/containers/{service.create(Tty=tty)}/logs"
    answer = service.call("GET", path, query={"stdout": 1, "follow": 1})
    assert (answer.status, answer.body, answer.headers["content-type"]) == (200, b"", content_type)


def test_nothing_has_changed_in_one_that_never_ran(service: Service, container: str) -> None:
    assert service.call("GET", f"/containers/{container}/changes").json() is None


def test_figures_of_one_that_stands_still_are_zero(service: Service, container: str) -> None:
    figures = service.call("GET", f"/containers/{container}/stats", query={"stream": 0, "one-shot": 1}).json()
    assert (figures["id"], figures["num_procs"], figures["memory_stats"]) == (container, 0, {})
    assert figures["cpu_stats"]["cpu_usage"]["total_usage"] == 0


def test_figures_in_one_shot_are_newer_than_api_1_41(service: Service, container: str) -> None:
    path = f"containers/{container}/stats?stream=1&one-shot=1"
    assert service.call("GET", f"/v1.45/{path}").is_refusal(400)
    connection = UnixConnection(service.socket)
    connection.request("GET", f"/v1.40/{path}")
    assert json.loads(connection.getresponse().readline())["id"] == container
    connection.close()


def test_figures_stream_until_the_container_goes(service: Service, container: str) -> None:
    connection = UnixConnection(service.socket)
    connection.request("GET", f"/containers/{container}/stats")
    response: http.client.HTTPResponse = connection.getresponse()
    assert json.loads(response.readline())["id"] == container
    service.call("DELETE", f"/containers/{container}")
    lines = response.read().splitlines()
    assert all(json.loads(line)["id"] == container for line in lines)
    connection.close()


def test_a_websocket_to_a_container_is_not_offered(service: Service) -> None:
    service.create("websocket", Image="busybox", Cmd=["x"])
    assert service.call("GET", "/containers/websocket/attach/ws").is_refusal(501)
    missing = service.call("GET", "/containers/no-such/attach/ws")
    assert missing.is_refusal(404)
    assert missing.message == "No such container: no-such"


@pytest.mark.parametrize("path", ["/session", "/grpc"])
def test_a_session_of_a_build_is_not_offered(service: Service, path: str) -> None:
    assert service.call("POST", path).is_refusal(501)
