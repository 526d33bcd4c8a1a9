"""Idempotency-Key over the socket: across a restart, refused with another request, not needed by anybody."""

from pathlib import Path
from shutil import copytree

from service import Answer, Service, running

HEADER = "Idempotency-Key"


def create(service: Service, key: str, name: str = "web", query: str = "", **body: object) -> Answer:
    path = f"/containers/create?name={name}{query}"
    return service.call("POST", path, {"Image": "busybox:latest"} | body, headers={HEADER: key})


def test_a_retry_after_a_restart_gets_the_first_answer(loaded_root: Path, tmp_path: Path) -> None:
    root = copytree(loaded_root, tmp_path / "data")
    memory = {"Memory": 67_108_864, "KernelMemory": 67_108_864}
    with running(root) as service:
        first = create(service, "k", HostConfig=memory)
        assert first.status == 201, first.body
    with running(root) as service:
        again = create(service, "k", HostConfig=memory)
        assert (again.status, again.body) == (201, first.body)
        assert len(service.call("GET", "/containers/json?all=1").json()) == 1


def test_another_request_under_the_key_is_refused(own_service: Service) -> None:
    first = create(own_service, "k")
    for other in (
        create(own_service, "k", name="other"),
        create(own_service, "k", Env=["A=s3cret"]),
        create(own_service, "k", query="&platform=linux/amd64"),
    ):
        assert other.is_refusal(409)
        assert "s3cret" not in other.message
    assert create(own_service, "k").json() == first.json()


def test_the_same_request_in_other_bytes_is_the_same(own_service: Service) -> None:
    bodies = (
        b'{"Image":"busybox:latest","Labels":{"a":"1","b":"2"}}',
        b'{ "labels":{"b":"2","a":"1"},"Image":"busybox:latest"}',
    )
    headers = {HEADER: "k", "Content-Type": "application/json"}
    ids = [own_service.call("POST", "/containers/create", body, headers=headers).json()["Id"] for body in bodies]
    assert ids[0] == ids[1]


def test_an_empty_key_is_refused(own_service: Service) -> None:
    assert create(own_service, "").is_refusal(400)
