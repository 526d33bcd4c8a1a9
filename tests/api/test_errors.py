"""The bodies of errors: Docker's message, and every problem where rules are broken."""

from service import Service

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
