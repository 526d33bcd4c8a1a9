"""Random documents and paths, thrown at the running service by Hypothesis."""

import json
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from service import Service

FIELDS = st.sampled_from(
    [
        "Image", "image", "Cmd", "Entrypoint", "Env", "Labels", "Hostname", "ExposedPorts", "Volumes", "Healthcheck",
        "HostConfig", "Binds", "Mounts", "PortBindings", "Memory", "NetworkMode", "RestartPolicy", "Links",
        "VolumesFrom", "NetworkingConfig", "EndpointsConfig", "Tmpfs", "LogConfig", "Ulimits",
        "Config", "Name", "Type", "Target",
    ]
)  # fmt: skip
TEXT = st.text(max_size=20) | st.sampled_from(["busybox:latest", "host", "/a:/b", "80/tcp", "A=b", "always", "volume"])
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | TEXT
DOCUMENTS = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(FIELDS | TEXT, inner, max_size=5),
    max_leaves=25,
)
BODIES = st.dictionaries(FIELDS, DOCUMENTS, max_size=8).map(lambda body: {"Image": "busybox:latest"} | body) | DOCUMENTS
METHODS = st.sampled_from(["GET", "POST", "DELETE", "PUT", "HEAD"])
PARTS = st.sampled_from(["containers", "images", "json", "v1.45", "v1.24", "create", "rename", "..", "%2e", "busybox"])
SEGMENTS = PARTS | st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters="#"), max_size=12)
PATHS = st.lists(SEGMENTS, max_size=5).map(lambda parts: "/" + "/".join(parts))
JSON = {"Content-Type": "application/json"}
QUICK = settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])


def is_no_bug(status: int) -> bool:
    return status < 500 or status in {501, 503}


@given(body=BODIES)
@QUICK
def test_any_document_creates_a_container_or_is_refused(service: Service, body: Any) -> None:
    answer = service.call(
        "POST", "/containers/create", json.dumps(body).encode(), headers={"Content-Type": "application/json"}
    )
    assert answer.status == 201 or (is_no_bug(answer.status) and answer.message)


@given(body=BODIES)
@QUICK
def test_whatever_is_created_can_be_inspected_and_listed(service: Service, body: Any) -> None:
    made = service.call(
        "POST", "/containers/create", json.dumps(body).encode(), headers={"Content-Type": "application/json"}
    )
    if made.status == 201:
        container = made.json()["Id"]
        assert service.call("GET", f"/containers/{container}/json").json()["Id"] == container
        assert service.call("GET", f"/v1.24/containers/{container}/json").json()["Id"] == container
        filters = json.dumps({"id": [container]})
        listed = service.call("GET", "/containers/json", query={"all": 1, "filters": filters}).json()
        assert [one["Id"] for one in listed] == [container]
        assert service.call("DELETE", f"/containers/{container}").status == 204


@given(method=METHODS, path=PATHS)
@QUICK
def test_any_path_gets_an_answer(service: Service, method: str, path: str) -> None:
    answer = service.call(method, path)
    assert is_no_bug(answer.status)
    if answer.status >= 400 and method != "HEAD":
        assert answer.message
