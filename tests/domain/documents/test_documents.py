"""Docker's documents: what they read, what they write, in which order."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from statesvc.domain.documents import (
    Config,
    ContainerCreate,
    Document,
    EndpointSettings,
    HealthConfig,
    HostConfig,
    Mount,
    NetworkingConfig,
    Ulimit,
)
from statesvc.domain.documents.decode import decode, decode_value
from statesvc.errors import InvalidParameter

SAMPLE = Path(__file__).parents[2] / "samples" / "docker-26.1-expected.json"


def sample_documents() -> Iterator[tuple[type[Document], dict[str, Any]]]:
    for container in json.loads(SAMPLE.read_bytes())["inspect"].values():
        yield Config, container["Config"]
        yield HostConfig, container["HostConfig"]
        for endpoint in container["NetworkSettings"]["Networks"].values():
            yield EndpointSettings, endpoint | {"GwPriority": 0}  # which the engine of the sample has not


def test_what_docker_inspect_shows_reads_and_writes_unchanged() -> None:
    documents = list(sample_documents())
    assert len(documents) > 100
    for model, document in documents:
        assert decode_value(model, document).to_dict() == document
        assert json.loads(decode(model, json.dumps(document).encode()).to_json()) == document


def test_fields_are_written_in_the_order_of_dockers_structs() -> None:
    written = list(HostConfig().to_dict())
    assert written[:4] == ["Binds", "ContainerIDFile", "LogConfig", "NetworkMode"]
    assert written[-3:] == ["IOMaximumBandwidth", "MaskedPaths", "ReadonlyPaths"]
    assert list(EndpointSettings().to_dict())[3:7] == ["MacAddress", "DriverOpts", "GwPriority", "NetworkID"]
    assert list(EndpointSettings().to_dict())[-2:] == ["GlobalIPv6PrefixLen", "DNSNames"]


def test_the_order_of_the_body_does_not_change_what_is_written() -> None:
    assert decode(Ulimit, b'{"Soft":1,"Hard":2,"Name":"nofile"}').to_json() == b'{"Name":"nofile","Hard":2,"Soft":1}'


def test_empty_fields_tagged_omitempty_are_left_out() -> None:
    omitted = {
        "Annotations",
        "StorageOpt",
        "Tmpfs",
        "Sysctls",
        "Runtime",
        "KernelMemory",
        "KernelMemoryTCP",
        "Mounts",
        "Init",
    }
    assert HostConfig.model_fields.keys() - HostConfig().to_dict().keys() == omitted
    assert decode(HostConfig, b'{"Mounts":[],"Tmpfs":{}}').to_dict() == HostConfig().to_dict()
    assert HealthConfig().to_dict() == {}
    assert Mount(Target="/x").to_dict() == {"Target": "/x"}


def test_a_pointer_to_zero_is_not_empty() -> None:
    assert HostConfig(Init=False).to_dict()["Init"] is False
    assert Config(StopTimeout=0).to_dict()["StopTimeout"] == 0
    assert decode(Mount, b'{"Type":"bind","BindOptions":{}}').to_dict() == {"Type": "bind", "BindOptions": {}}


def test_null_and_empty_lists_stay_apart() -> None:
    host = decode(HostConfig, b'{"Binds":[],"Dns":null}')
    assert (host.Binds, host.Dns) == ([], None)
    assert host.to_dict()["Binds"] == []


def test_maps_are_written_sorted_and_sets_without_content() -> None:
    config = decode(Config, b'{"Labels":{"b":"1","a":"<&>"},"ExposedPorts":{"80/tcp":{"x":1},"443/tcp":null}}')
    assert b'"Labels":{"a":"<&>","b":"1"}' in config.to_json()
    assert b'"ExposedPorts":{"443/tcp":{},"80/tcp":{}}' in config.to_json()


@pytest.mark.parametrize(
    ("written", "read"),
    [("[1,2,3]", [1, 2]), ("[7]", [7, 0]), ("[]", [0, 0]), ("null", [0, 0]), ("[null,5]", [0, 5])],
)
def test_the_console_size_is_an_array_of_two(written: str, read: list[int]) -> None:
    assert decode(HostConfig, f'{{"ConsoleSize":{written}}}'.encode()).ConsoleSize == read


@pytest.mark.parametrize(("written", "read"), [('"sh"', ["sh"]), ('["a",null]', ["a", ""]), ("[]", []), ("null", None)])
def test_a_command_is_a_list_or_one_string(written: str, read: list[str] | None) -> None:
    assert decode(Config, f'{{"Cmd":{written}}}'.encode()).Cmd == read


def test_port_bindings_keep_null_lists_and_zero_bindings() -> None:
    host = decode(HostConfig, b'{"PortBindings":{"80/tcp":[null,{"HostPort":"1"}],"81/tcp":null}}')
    assert host.to_dict()["PortBindings"] == {
        "80/tcp": [{"HostIp": "", "HostPort": ""}, {"HostIp": "", "HostPort": "1"}],
        "81/tcp": None,
    }


def test_a_copy_has_the_changes_and_the_original_has_not() -> None:
    host = HostConfig(Memory=1)
    assert host.copy_with(Memory=2, Init=True) == HostConfig(Memory=2, Init=True)
    assert host == HostConfig(Memory=1)
    with pytest.raises(TypeError, match="HostConfig has no field Mem"):
        host.copy_with(Mem=1)


def test_fields_at_the_top_level_are_the_config() -> None:
    create = decode(ContainerCreate, b'{"Image":"web","NetworkingConfig":{"EndpointsConfig":{"front":null}}}')
    assert create.config == Config(Image="web")
    assert create.host_config is None
    assert create.networking_config == NetworkingConfig(EndpointsConfig={"front": None})


@pytest.mark.parametrize("body", [b"{}", b"null", b'{"HostConfig":{}}', b'{"Memory":1,"Cpuset":"0"}', b'{"Unknown":1}'])
def test_a_body_without_any_config_field_has_no_config(body: bytes) -> None:
    assert decode(ContainerCreate, body).config is None


def test_a_config_field_that_is_null_still_makes_a_config() -> None:
    assert decode(ContainerCreate, b'{"image":null}').config == Config()


def test_the_fields_of_a_host_config_beside_the_nested_one_are_ignored() -> None:
    create = decode(
        ContainerCreate, b'{"Image":"web","Memory":1,"Cpuset":"0","NetworkMode":7,"HostConfig":{"Init":true}}'
    )
    assert create.host_config == HostConfig(Init=True)
    assert decode(ContainerCreate, b'{"Memory":1,"CpusetCpus":"0"}') == ContainerCreate()


def test_a_null_among_pointers_is_refused() -> None:
    with pytest.raises(InvalidParameter, match="/Ulimits/0: expected an object, found null"):
        decode(HostConfig, b'{"Ulimits":[null]}')
