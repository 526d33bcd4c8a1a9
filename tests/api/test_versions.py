"""What inspect and /info show in each version of the API, beside what the conformance cases ask for."""

import json
from typing import Any

import pytest
from service import Service

from statesvc.api.inspection import render
from statesvc.services.containers.service import Inspection

MAC = "02:42:ac:11:00:99"


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ({"MacAddress": MAC}, MAC),
        ({"NetworkingConfig": {"EndpointsConfig": {"bridge": {"MacAddress": MAC}}}}, MAC),
        ({"MacAddress": MAC, "HostConfig": {"NetworkMode": "own"}}, ""),
        ({}, ""),
    ],
)
def test_the_mac_address_on_the_default_network_is_shown_at_the_top(
    service: Service, body: dict[str, object], shown: str
) -> None:
    container = service.create(**body)
    assert service.call("GET", f"/containers/{container}/json").json()["NetworkSettings"]["MacAddress"] == shown


def inspection(networks: dict[str, Any] | None) -> Inspection:
    """An inspection of which only the network settings matter."""
    values: dict[str, Any] = dict.fromkeys(Inspection._fields, "") | {"state": "created", "created_at": 0}
    values |= {"args": "[]", "config": "{}", "host_config": "{}", "status": None, "pid": 0, "restart_count": 0}
    values |= {"exit_code": 0, "started_at": None, "finished_at": None, "oom_killed": 0}
    return Inspection(**values | {"network_settings": json.dumps({"Ports": {}, "Networks": networks})})


def test_an_endpoint_from_before_priorities_has_the_priority_0() -> None:
    shown = json.loads(render(inspection({"own": {"MacAddress": MAC, "DriverOpts": {"a": "b"}}, "gone": None})))
    networks = shown["NetworkSettings"]["Networks"]
    assert list(networks["own"])[3:6] == ["MacAddress", "DriverOpts", "GwPriority"]
    assert (networks["own"]["GwPriority"], networks["own"]["DriverOpts"], networks["gone"]) == (0, {"a": "b"}, None)
    assert json.loads(render(inspection(None)))["NetworkSettings"]["Networks"] is None


@pytest.mark.parametrize(
    ("version", "field", "there"),
    [
        ("1.49", "BridgeNfIptables", True),
        ("1.50", "BridgeNfIptables", False),
        ("1.45", "Containerd", False),
        ("1.46", "Containerd", True),
    ],
)
def test_info_has_the_fields_of_its_version(service: Service, version: str, field: str, there: bool) -> None:
    assert (field in service.call("GET", f"/v{version}/info").json()) is there


def test_before_1_25_security_options_are_names(service: Service) -> None:
    new = service.call("GET", "/v1.25/info").json()["SecurityOptions"]
    old = service.call("GET", "/v1.24/info").json()["SecurityOptions"]
    assert [option.partition(",")[0] for option in new] == [f"name={name}" for name in old]
    assert any("," in option for option in new)


@pytest.mark.parametrize(("version", "there"), [("1.46", True), ("1.47", False)])
def test_the_lists_of_registries_lost_two_fields(service: Service, version: str, there: bool) -> None:
    config = service.call("GET", f"/v{version}/info").json()["RegistryConfig"]
    assert ("AllowNondistributableArtifactsCIDRs" in config) is there
