"""The bodies of errors: Docker's message, and every problem where rules are broken."""

import orjson
import pytest
from service import Service

from statesvc.api.errors import answer_bug, answer_error
from statesvc.errors import Unavailable, Unsure

IMAGE = "busybox:latest"


def test_an_update_that_is_forbidden_lists_every_problem(service: Service) -> None:
    body = {"Image": IMAGE, "HostConfig": {"NanoCpus": 10**9, "AutoRemove": True}}
    created = service.call("POST", "/containers/create", body).json()["Id"]
    update = {"CpuPeriod": 5000, "RestartPolicy": {"Name": "always"}}
    answer = service.call("POST", f"/containers/{created}/update", update)
    assert answer.status == 409
    assert answer.json()["message"].startswith(f"Cannot update container {created}: Conflicting options: CPU Period")
    assert [(one["code"], one["field"], one["value"]) for one in answer.json()["errors"]] == [
        ("update-cpu-period", "/CpuPeriod", 5000),
        ("update-restart", "/RestartPolicy", "always"),
    ]
    assert all(one["message"] in answer.json()["message"] for one in answer.json()["errors"])


def test_a_mount_that_is_not_found_has_its_code(service: Service) -> None:
    host = {"Mounts": [{"Type": "tmpfs", "Target": "/t"}]}
    other = service.call("POST", "/containers/create", {"Image": IMAGE, "HostConfig": host}).json()["Id"]
    answer = service.call("POST", "/containers/create", {"Image": IMAGE, "HostConfig": {"VolumesFrom": [other]}})
    assert answer.status == 404
    assert [(one["code"], one["field"]) for one in answer.json()["errors"]] == [
        ("volumes-from-tmpfs", "/HostConfig/VolumesFrom/0")
    ]


def test_an_error_without_a_rule_has_a_message_only(service: Service) -> None:
    assert service.call("GET", "/containers/nowhere/json").json() == {"message": "No such container: nowhere"}


@pytest.mark.parametrize(("method", "unsure"), [("GET", False), ("HEAD", False), ("POST", True), ("DELETE", True)])
def test_a_bug_denies_no_change(method: str, unsure: bool) -> None:
    body = orjson.loads(answer_bug(ValueError(), method, "/x").body)
    assert ("unsure" in body, "look whether it was done" in body["message"]) == (unsure, unsure)


def test_only_what_may_pass_and_was_not_done_is_to_be_tried_again() -> None:
    answers = [
        answer_error(Unavailable("x", retry_seconds=1)),
        answer_error(Unavailable("x")),
        answer_error(Unsure("x")),
    ]
    assert [b"Retry-After: 1" in answer.lines for answer in answers] == [True, False, False]
