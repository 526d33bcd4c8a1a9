import pytest
from hypothesis import given
from hypothesis import strategies as st

from statesvc.domain.documents import HostConfig, PortBinding
from statesvc.validation.ports import problems


def bound(host_port: str, key: str = "80/tcp", address: str = "") -> HostConfig:
    return HostConfig(PortBindings={key: [PortBinding(HostIp=address, HostPort=host_port)]})


@pytest.mark.parametrize(
    "host_port",
    [
        "", "0", "8080", "08080", "65535", "0000065535", "8000-8010", "8000-8000", "8000-8001-9", "8080/tcp",
        "8080/udp", "8080/foo", "/tcp", "8080/tcp/x",
    ],
)  # fmt: skip
def test_a_host_port_or_a_range_is_fine(host_port: str) -> None:
    assert list(problems(bound(host_port))) == []


@pytest.mark.parametrize(
    "host_port",
    [
        "http",
        "65536",
        "+8080",
        "-1",
        "8000-",
        "-8000",
        "-",
        "9000-8000",
        "80.5",
        "80 ",
        "127.0.0.1:80",
        "\u0661",
        "9" * 5000,
    ],
)
def test_another_host_port_is_refused_with_its_place(host_port: str) -> None:
    (problem,) = problems(bound(host_port))

    assert problem.message.startswith('invalid port specification: "')
    assert problem.field == "/HostConfig/PortBindings/80~1tcp/0/HostPort"


@pytest.mark.parametrize("key", ["80", "80/tcp", "53/udp", "1/sctp", "80/foo", "", "/tcp", "0/tcp", "80/"])
def test_a_container_port_is_fine_with_any_protocol(key: str) -> None:
    assert list(problems(bound("1", key))) == []


@pytest.mark.parametrize(
    ("key", "port"), [("http/tcp", "http"), ("70000/tcp", "70000"), ("80 /tcp", "80 "), ("80-90/tcp", "80-90")]
)
def test_another_container_port_is_refused(key: str, port: str) -> None:
    (problem,) = problems(bound("1", key))

    assert problem.message == f'invalid port specification: "{port}"'


@pytest.mark.parametrize("address", ["::1", "[::1]", "999.1.1.1", "localhost"])
def test_the_address_is_not_looked_at(address: str) -> None:
    assert list(problems(bound("80", address=address))) == []


@pytest.mark.parametrize("bindings", [None, [], [PortBinding()]], ids=["null", "empty", "zero"])
def test_a_port_may_have_no_binding(bindings: list[PortBinding] | None) -> None:
    assert list(problems(HostConfig(PortBindings={"80/tcp": bindings}))) == []


@given(st.text(), st.text())
def test_any_binding_is_judged(key: str, host_port: str) -> None:
    assert len(list(problems(bound(host_port, key)))) <= 2
