"""A container's configuration and its image's as one, and what completes a verdict."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from verdicts import Judge

from statesvc.domain.documents import Config
from statesvc.domain.documents.decode import decode_value
from statesvc.errors import InvalidParameter
from statesvc.validation import Context, finish
from statesvc.validation.image import merge, split_command

ID = "0123456789ab" + "0" * 52


def config(**fields: Any) -> Config:
    return decode_value(Config, fields)


@pytest.mark.parametrize(
    ("own", "image", "merged"),
    [
        ({"User": ""}, {"User": "1"}, {"User": "1"}),
        ({}, {"Cmd": ["x"], "ArgsEscaped": True}, {"Cmd": ["x"], "ArgsEscaped": False}),
        ({"ArgsEscaped": True}, {"Cmd": ["x"]}, {"Cmd": ["x"], "ArgsEscaped": True}),
        ({"User": "2"}, {"User": "1"}, {"User": "2"}),
        ({"WorkingDir": ""}, {"WorkingDir": "/srv"}, {"WorkingDir": "/srv"}),
        ({"StopSignal": "TERM"}, {"StopSignal": "QUIT"}, {"StopSignal": "TERM"}),
        ({"Env": ["A=1"]}, {"Env": ["A=2", "B=3", "C"]}, {"Env": ["A=1", "B=3", "C"]}),
        ({"Env": ["B"]}, {"Env": ["A=2", "B=3"]}, {"Env": ["B", "A=2"]}),
        ({"Env": []}, {"Env": ["A=2"]}, {"Env": ["A=2"]}),
        ({"Labels": {"a": "own"}}, {"Labels": {"a": "x", "b": "y"}}, {"Labels": {"a": "own", "b": "y"}}),
        ({"ExposedPorts": {"80": {}}}, {"ExposedPorts": {"90": {}}}, {"ExposedPorts": {"80": {}, "90": {}}}),
        ({"Volumes": {"/a": {}}}, {"Volumes": {"/b": {}}}, {"Volumes": {"/a": {}, "/b": {}}}),
        ({"Cmd": ["own"]}, {"Entrypoint": ["/init"], "Cmd": ["x"]}, {"Entrypoint": ["/init"], "Cmd": ["own"]}),
        ({}, {"Entrypoint": ["/init"], "Cmd": ["x"]}, {"Entrypoint": ["/init"], "Cmd": ["x"]}),
        ({"Entrypoint": ["/own"]}, {"Entrypoint": ["/init"], "Cmd": ["x"]}, {"Entrypoint": ["/own"], "Cmd": None}),
        ({"Entrypoint": []}, {"Entrypoint": ["/init"], "Cmd": ["x"]}, {"Entrypoint": [], "Cmd": ["x"]}),
        ({"Entrypoint": [""]}, {"Entrypoint": ["/init"], "Cmd": ["x"]}, {"Entrypoint": None, "Cmd": None}),
        (
            {"Healthcheck": {"Retries": 5}}, {"Healthcheck": {"Test": ["CMD", "x"], "Retries": 1, "Interval": 9}},
            {"Healthcheck": {"Test": ["CMD", "x"], "Retries": 5, "Interval": 9}},
        ),
        ({}, {"Healthcheck": {"Test": ["NONE"]}}, {"Healthcheck": {"Test": ["NONE"]}}),
    ],
    ids=str,
)  # fmt: skip
def test_what_the_container_says_wins(own: dict[str, Any], image: dict[str, Any], merged: dict[str, Any]) -> None:
    found = merge(config(**own), config(**image))
    wanted = config(**merged)
    assert {name: getattr(found, name) for name in merged} == {name: getattr(wanted, name) for name in merged}


def test_without_an_image_a_container_stays_as_it_is() -> None:
    asked = config(Cmd=["x"], Env=["A=1"])
    assert merge(asked, None) == asked


@pytest.mark.parametrize(
    ("fields", "command"),
    [
        ({"Entrypoint": ["/init", "-v"], "Cmd": ["run"]}, ("/init", ["-v", "run"])),
        ({"Cmd": ["run", "now"]}, ("run", ["now"])),
        ({"Cmd": [""]}, ("", [])),
    ],
    ids=["entrypoint", "command", "an-empty-word"],
)
def test_a_command_is_a_path_and_arguments(fields: dict[str, Any], command: tuple[str, list[str]]) -> None:
    assert split_command(config(**fields)) == command


@pytest.mark.parametrize("fields", [{}, {"Cmd": []}, {"Entrypoint": [""], "Cmd": []}], ids=str)
def test_a_container_without_a_command_is_refused(judge: Judge, fields: dict[str, Any]) -> None:
    with pytest.raises(InvalidParameter) as caught:
        finish.merged(judge(**fields), None)
    assert [(problem.code, problem.field) for problem in caught.value.problems] == [("command", "/Cmd")]


@pytest.fixture
def new_name() -> Iterator[str]:
    return (letter * 64 for letter in "abcdef")


def completed(judge: Judge, context: Context, new_name: Iterator[str], image: Config, **asked: Any) -> Any:
    verdict = judge(asked.pop("host", {}), **asked)
    merged = finish.merged(verdict, image)
    return finish.complete(verdict, merged, ID, context, lambda: next(new_name))


IMAGE = config(Cmd=["x"], Volumes={"/data": {}, "/logs/": {}})


@pytest.mark.parametrize(
    ("asked", "hostname"),
    [({}, ID[:12]), ({"Hostname": "web"}, "web"), ({"host": {"NetworkMode": "host"}}, "machine")],
    ids=["short-id", "own", "host-network"],
)
def test_a_container_gets_a_host_name(
    judge: Judge, context: Context, new_name: Iterator[str], asked: dict[str, Any], hostname: str
) -> None:
    here = replace(context, facts=replace(context.facts, hostname="machine"))
    assert completed(judge, here, new_name, IMAGE, **asked).config.Hostname == hostname


def test_each_volume_of_the_image_is_mounted_under_a_name_of_its_own(
    judge: Judge, context: Context, new_name: Iterator[str]
) -> None:
    points = completed(judge, context, new_name, IMAGE, Volumes={"/own": {}}).mounts
    assert [(point.destination, point.name[:1], point.named) for point in points] == [
        ("/data", "a", False), ("/logs", "b", False), ("/own", "c", False),
    ]  # fmt: skip
    assert points[0].source == f"/data/root/volumes/{'a' * 64}/_data"


@pytest.mark.parametrize(
    "host",
    [
        {"Binds": ["vol:/data/"]},
        {"Mounts": [{"Type": "tmpfs", "Target": "/data"}]},
        {"Tmpfs": {"/data": ""}},
    ],
    ids=["bind", "mount", "tmpfs"],
)
def test_a_volume_of_the_image_makes_room_for_what_is_mounted_there(
    judge: Judge, context: Context, new_name: Iterator[str], host: dict[str, Any]
) -> None:
    points = completed(judge, context, new_name, IMAGE, host=host).mounts
    assert [point.destination for point in points if not point.named] == ["/logs"]


def test_a_verdict_with_problems_is_never_completed(judge: Judge, context: Context) -> None:
    verdict = judge({"Links": ["nosuch:x"]}, Cmd=["x"])
    with pytest.raises(InvalidParameter, match="No such container: nosuch"):
        finish.complete(verdict, verdict.verified.config, ID, context, lambda: "f" * 64)
