"""docker version, info and events."""

import json

import pytest
from docker_cli import DockerCli
from service import now

IMAGE = "busybox:latest"


@pytest.mark.parametrize(
    ("form", "shown"),
    [
        pytest.param("{{.Server.Version}}", "28.5.2", id="engine"),
        pytest.param("{{.Server.APIVersion}}", "1.51", id="api"),
        pytest.param("{{.Server.MinAPIVersion}}", "1.24", id="oldest-api"),
        pytest.param("{{.Server.Os}}", "linux", id="os"),
    ],
)
def test_version_tells(docker: DockerCli, form: str, shown: str) -> None:
    assert docker("version", "--format", form) == shown


def test_client_and_service_agree_on_the_newest_version_that_both_know(docker: DockerCli) -> None:
    agreed, own = docker("version", "--format", "{{.Client.APIVersion}} {{.Client.DefaultAPIVersion}}").split()
    assert agreed == min(own, "1.51", key=lambda version: int(version.partition(".")[2]))


def test_version_without_a_format_is_understood(docker: DockerCli) -> None:
    assert "Engine:" in docker("version")


def test_info_counts(own_docker: DockerCli) -> None:
    own_docker("create", IMAGE)
    form = "{{.Containers}} {{.ContainersRunning}} {{.ContainersStopped}} {{.Images}}"
    assert own_docker("info", "--format", form) == "1 0 1 15"


def test_info_without_a_format_is_understood(docker: DockerCli) -> None:
    assert "Server Version: 28.5.2" in docker("info")


def test_info_lists_the_runtimes(docker: DockerCli) -> None:
    assert "runc" in json.loads(docker("info", "--format", "{{json .Runtimes}}"))


def test_events_of_a_span_are_what_happened_in_it(own_docker: DockerCli) -> None:
    own_docker("create", "--name", "told", "-l", "tier=web", IMAGE)
    own_docker("rename", "told", "retold")
    own_docker("rm", "retold")
    form = "{{.Type}} {{.Action}} {{.Actor.Attributes.name}}"
    shown = own_docker(
        "events", "--since", "1h", "--until", now(), "--filter", "type=container", "--format", form
    ).splitlines()
    assert shown == ["container create told", "container rename retold", "container destroy retold"]


def test_events_carry_labels_and_image(own_docker: DockerCli) -> None:
    container = own_docker("create", "--name", "told", "-l", "tier=web", IMAGE)
    flags = ["--since", "1h", "--until", now(), "--filter", f"container={container}", "--format", "{{json .}}"]
    event = json.loads(own_docker("events", *flags))
    assert event["Actor"] == {"ID": container, "Attributes": {"image": IMAGE, "name": "told", "tier": "web"}}


def test_events_before_the_span_are_left_out(own_docker: DockerCli) -> None:
    own_docker("create", IMAGE)
    assert own_docker("events", "--since", "2h", "--until", "1h") == ""


def test_events_filter_by_what_was_done(own_docker: DockerCli) -> None:
    own_docker("create", "--name", "kept", IMAGE)
    own_docker("rename", "kept", "kept2")
    flags = ["--since", "1h", "--until", now(), "--filter", "event=rename", "--format", "{{.Action}}"]
    assert own_docker("events", *flags) == "rename"


def test_events_are_told_live(own_docker: DockerCli) -> None:
    own_docker("create", "--name", "before", IMAGE)
    form = "{{.Action}} {{.Actor.Attributes.name}}"
    follower = own_docker.begin("events", "--since", "1h", "--filter", "type=container", "--format", form)
    try:
        # What is past comes first: once it is read, the stream is open.
        assert follower.stdout.readline() == "create before\n"
        own_docker("create", "--name", "while", IMAGE)
        assert follower.stdout.readline() == "create while\n"
        own_docker("rm", "while")
        assert follower.stdout.readline() == "destroy while\n"
    finally:
        follower.terminate()
        follower.communicate()
