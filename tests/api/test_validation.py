"""POST /statesvc/v1/containers/validate: what would become of a create request."""

from typing import Any

import pytest
from service import Answer, Service

VALIDATE = "/statesvc/v1/containers/validate"
IMAGE = "busybox:latest"
ID = "0" * 64


def judged(service: Service, body: object, **query: str) -> Any:
    answer = service.call("POST", VALIDATE, body, query=query)
    assert answer.status == 200, answer.body
    return answer.json()


def containers(service: Service) -> list[str]:
    return [one["Id"] for one in service.call("GET", "/containers/json", query={"all": "1"}).json()]


def test_a_valid_request_is_shown_as_it_would_be_stored(service: Service) -> None:
    document = judged(service, {"Image": IMAGE, "WorkingDir": "/a/../b", "HostConfig": {"Memory": 64 << 20}})
    assert (document["Valid"], document["Message"], document["Errors"]) == (True, "", [])
    assert (document["Config"]["WorkingDir"], document["Config"]["Cmd"], document["Config"]["Hostname"]) == (
        "/b",
        ["sh"],
        ID[:12],
    )
    assert document["HostConfig"]["ShmSize"] == 64 << 20
    assert list(document["NetworkingConfig"]["EndpointsConfig"]) == ["bridge"]


def test_the_shown_documents_are_those_of_the_container_that_is_created(service: Service) -> None:
    body = {
        "Image": IMAGE,
        "Hostname": "web",
        "Env": ["A=1"],
        "HostConfig": {"Binds": ["/tmp:/x"], "CapAdd": ["CHOWN"]},
    }
    document = judged(service, body)
    answer = service.call("POST", "/containers/create", body).json()
    assert document["Warnings"] == answer["Warnings"]  # which they are depends on this host
    created = service.call("GET", f"/containers/{answer['Id']}/json").json()
    assert document["Config"] == created["Config"]
    assert document["HostConfig"] == created["HostConfig"]


def test_a_shown_request_can_be_sent_again(service: Service) -> None:
    document = judged(service, {"Image": IMAGE, "HostConfig": {"Tmpfs": {"/t": ""}, "Memory": 64 << 20}})
    body = document["Config"] | {"HostConfig": document["HostConfig"], "NetworkingConfig": document["NetworkingConfig"]}
    assert judged(service, body) == document


def test_every_mistake_is_told_with_the_first_leading(service: Service) -> None:
    body = {"Image": IMAGE, "WorkingDir": "x", "HostConfig": {"Memory": 1, "Binds": ["vol:y"]}}
    document = judged(service, body, name="-")
    assert document["Valid"] is False
    assert document["Message"].startswith("the working directory 'x' is invalid")
    assert [(one["Code"], one["Field"], one["Value"]) for one in document["Errors"]] == [
        ("working-dir", "/WorkingDir", "x"),
        ("memory-minimum", "/HostConfig/Memory", 1),
        ("name", "/name", "-"),
        ("bind", "/HostConfig/Binds/0", "vol:y"),
    ]
    assert "HostConfig" not in document


def test_a_refusal_is_the_one_that_a_create_would_answer(service: Service) -> None:
    body = {"Image": IMAGE, "Env": ["=x"], "HostConfig": {"OomScoreAdj": 2000, "Links": [""]}}
    document = judged(service, body)
    answer = service.call("POST", "/containers/create", body).json()
    assert answer["message"] == document["Message"]
    problems = [{key.capitalize(): value for key, value in problem.items()} for problem in answer["errors"]]
    assert problems == document["Errors"]


def test_warnings_are_told(service: Service) -> None:
    document = judged(service, {"Image": IMAGE, "MacAddress": "02:42:ac:11:00:02"})
    assert document["Valid"] is True
    assert [warning for warning in document["Warnings"] if "MacAddress field is now deprecated" in warning]


def test_an_older_version_of_the_api_is_judged_as_such(service: Service) -> None:
    body = {"Image": IMAGE, "NetworkingConfig": {"EndpointsConfig": {"a": {}, "b": {}}}}
    assert judged(service, body)["Valid"]
    answer = service.call("POST", f"/v1.43{VALIDATE}", body)
    assert answer.json()["Errors"][0]["Code"] == "endpoints"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"Image": "nosuch:1"}, "No such image: nosuch:1"),
        ({"HostConfig": {}}, "config cannot be empty in order to create a container"),
        ({"Env": []}, "no command specified"),
        ({"Image": IMAGE, "HostConfig": {"PidMode": "container:nosuch"}}, "No such container: nosuch"),
        ({"Image": IMAGE, "HostConfig": {"Mounts": [{"Type": "bind", "Source": "/nowhere", "Target": "/x"}]}},
         "bind source path does not exist: /nowhere"),
    ],
    ids=["unknown-image", "no-config", "no-command", "unknown-container", "unknown-path"],
)  # fmt: skip
def test_what_is_not_there_is_told(service: Service, body: object, message: str) -> None:
    document = judged(service, body)
    assert not document["Valid"]
    assert message in document["Message"]


def test_a_taken_name_is_told_with_its_owner(service: Service) -> None:
    owner = service.create("judged-taken")
    assert owner in judged(service, {"Image": IMAGE}, name="judged-taken")["Message"]


def test_a_platform_is_judged_too(service: Service) -> None:
    assert (
        "does not match the specified platform" in judged(service, {"Image": IMAGE}, platform="linux/s390x")["Message"]
    )
    assert judged(service, {"Image": IMAGE}, platform="a/b/c/d")["Errors"][0]["Code"] == "platform"


def test_nothing_is_created(service: Service) -> None:
    before = containers(service)
    assert judged(service, {"Image": IMAGE}, name="judged-only")["Valid"]
    assert containers(service) == before
    service.create("judged-only")


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"Image": 7}', b'{"Env": "A=hunter2"}'])
def test_what_is_no_request_is_told(service: Service, body: bytes) -> None:
    answer: Answer = service.call("POST", VALIDATE, body, headers={"Content-Type": "application/json"})
    assert answer.status in {200, 400}
    assert answer.json()["Message" if answer.status == 200 else "message"].startswith("invalid JSON")
    assert b"hunter2" not in answer.body


def test_no_value_of_the_environment_is_answered_or_logged(service: Service) -> None:
    before = len(service.log_text)
    refused = {"Image": IMAGE, "Env": ["=hunter2", "A=hunter2"], "HostConfig": {"Memory": 1}}
    warned = {"Image": IMAGE, "Env": ["A=hunter2"], "MacAddress": "02:42:ac:11:00:02"}
    answers = [
        service.call("POST", VALIDATE, refused),
        service.call("POST", "/containers/create", refused),
        service.call("POST", "/containers/create", {"Image": IMAGE, "Env": "A=hunter2"}),
        service.call("POST", "/containers/create", warned),
    ]
    assert [answer.status for answer in answers] == [200, 400, 400, 201]
    assert all(b"hunter2" not in answer.body for answer in answers)
    logged = service.log_text[before:]
    assert "deprecated" in logged
    assert "hunter2" not in logged
