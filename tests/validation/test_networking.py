import pytest
from hypothesis import given
from hypothesis import strategies as st

from statesvc.domain.documents import Config, EndpointIPAMConfig, EndpointSettings, HostConfig, NetworkingConfig
from statesvc.validation import networking
from statesvc.validation.networking import Settled

MAC = "02:42:ac:11:00:09"
OTHER_MAC = "02:42:ac:11:00:0a"
NEWEST, OLD = (1, 45), (1, 43)
DEPRECATED = (
    "The container-wide MacAddress field is now deprecated. It should be specified in EndpointsConfig instead.",
)


def settled(
    endpoints: dict[str, EndpointSettings | None] | None = None,
    *,
    mode: str = "",
    mac: str = "",
    version: tuple[int, ...] = NEWEST,
    disabled: bool = False,
) -> Settled:
    config = Config(MacAddress=mac, NetworkDisabled=disabled)
    return networking.settle(config, HostConfig(NetworkMode=mode), NetworkingConfig(EndpointsConfig=endpoints), version)


def endpoint_messages(name: str, endpoint: EndpointSettings | None) -> list[str]:
    found = settled({name: endpoint}, mode=name)
    return [problem.message for problem in found.endpoint_problems]


@pytest.mark.parametrize("mode", ["", "default", "bridge"])
def test_without_a_word_it_is_the_bridge(mode: str) -> None:
    assert settled(mode=mode).networking == {"bridge": EndpointSettings()}


@pytest.mark.parametrize("mode", ["host", "none", "mynet", "Container:x", "HOST"])
def test_the_mode_names_the_network(mode: str) -> None:
    assert settled(mode=mode).networking == {mode: EndpointSettings()}


def test_no_networking_at_all_is_fine() -> None:
    assert networking.settle(Config(), HostConfig(), None, NEWEST).networking == {"bridge": EndpointSettings()}


def test_a_shared_network_is_none_of_its_own() -> None:
    assert settled({"x": EndpointSettings()}, mode="container:other").networking == {}


def test_a_disabled_network_is_none() -> None:
    assert settled({"x": EndpointSettings()}, disabled=True).networking == {}


def test_the_endpoints_asked_for_are_recorded() -> None:
    asked = {"a": EndpointSettings(Aliases=["x"]), "b": EndpointSettings(DriverOpts={"k": "v"})}

    assert settled(asked, mode="a").networking == asked


def test_endpoints_do_not_add_that_of_the_mode() -> None:
    assert settled({"b": EndpointSettings()}, mode="a").networking == {"b": EndpointSettings()}


def test_the_default_endpoint_is_the_bridges() -> None:
    endpoint = EndpointSettings(DriverOpts={"k": "v"})

    assert settled({"default": endpoint}, mode="default").networking == {"bridge": endpoint}


def test_an_old_client_gives_one_network_at_most() -> None:
    found = settled({"a": EndpointSettings(), "b": EndpointSettings()}, mode="a", version=OLD)

    assert [problem.message for problem in found.problems] == [
        "Container cannot be created with multiple network endpoints: a, b"
    ]


def test_the_mac_address_of_the_main_endpoint_is_shown() -> None:
    found = settled({"bridge": EndpointSettings(MacAddress=MAC)})

    assert (found.mac_address, found.warnings, found.problems) == (MAC, (), ())


def test_the_containers_mac_address_moves_to_the_main_endpoint() -> None:
    found = settled({"default": EndpointSettings()}, mode="default", mac=MAC)

    assert found.networking["bridge"].MacAddress == MAC
    assert (found.mac_address, found.warnings) == (MAC, DEPRECATED)


@pytest.mark.parametrize("mode", ["", "mynet"])
def test_it_makes_the_main_endpoint_if_there_is_none(mode: str) -> None:
    found = settled(mode=mode, mac=MAC)

    assert found.networking == {mode or "bridge": EndpointSettings(MacAddress=MAC)}
    assert found.mac_address == MAC


@pytest.mark.parametrize("mode", ["host", "none", "container:x"])
def test_without_a_network_of_its_own_it_is_dropped(mode: str) -> None:
    found = settled(mode=mode, mac=MAC)

    assert (found.mac_address, found.warnings, found.problems) == ("", DEPRECATED, ())


def test_it_must_be_that_of_the_endpoint() -> None:
    found = settled({"bridge": EndpointSettings(MacAddress=OTHER_MAC)}, mac=MAC)

    assert [problem.code for problem in found.problems] == ["mac-mismatch"]
    assert found.warnings == ()


def test_the_same_one_twice_is_fine() -> None:
    assert settled({"bridge": EndpointSettings(MacAddress=MAC)}, mac=MAC).problems == ()


def test_it_needs_the_endpoint_of_the_main_network() -> None:
    (problem,) = settled({"b": EndpointSettings()}, mode="a", mac=MAC).problems
    assert problem.code == "mac-endpoint"
    assert problem.message == (
        "unable to migrate container-wide MAC address to a specific network: "
        "HostConfig.NetworkMode must match the identity of a network in NetworkSettings.Networks"
    )


def test_a_bad_one_is_told_where_it_went() -> None:
    (problem,) = settled(mac="zz").endpoint_problems

    assert problem.message == "invalid config for network bridge: invalid MAC address zz"
    assert problem.field == "/NetworkingConfig/EndpointsConfig/bridge/MacAddress"


def test_an_old_client_gives_the_container_an_address() -> None:
    found = settled(mac=MAC, version=OLD)

    assert found.networking["bridge"].MacAddress == MAC
    assert (found.mac_address, found.warnings) == (MAC, ())


def test_an_old_clients_address_goes_to_whatever_network_there_is() -> None:
    found = settled({"b": EndpointSettings(MacAddress=OTHER_MAC)}, mode="a", mac=MAC, version=OLD)

    assert found.networking["b"].MacAddress == MAC
    assert found.mac_address == MAC


@pytest.mark.parametrize("mac", [MAC, "zz"])
def test_an_old_clients_endpoint_has_no_address(mac: str) -> None:
    found = settled({"bridge": EndpointSettings(MacAddress=mac)}, version=OLD)

    assert found.networking["bridge"].MacAddress == ""
    assert found.endpoint_problems == ()


@pytest.mark.parametrize("mode", ["host", "none", "container:x"])
def test_an_old_clients_address_needs_a_network_of_its_own(mode: str) -> None:
    (problem,) = settled(mode=mode, mac=MAC, version=OLD).problems

    assert problem.message == "conflicting options: mac-address and the network mode"


@pytest.mark.parametrize("version", [NEWEST, OLD])
@pytest.mark.parametrize("mac", ["", MAC])
def test_a_null_endpoint_is_refused(version: tuple[int, ...], mac: str) -> None:
    (problem,) = settled({"bridge": None}, mac=mac, version=version).endpoint_problems

    assert problem.message == "invalid config for network bridge: EndpointsConfig is nil"


@pytest.mark.parametrize(
    ("name", "ipam", "message"),
    [
        (
            "bridge",
            EndpointIPAMConfig(IPv4Address="172.17.0.9"),
            "user specified IP address is supported on user defined networks only",
        ),
        (
            "none",
            EndpointIPAMConfig(IPv4Address="10.0.0.5"),
            (
                "* user specified IP address is supported on user defined networks only\n"
                "* user specified IP address is supported only when connecting to networks with user configured subnets"
            ),
        ),
        ("n", EndpointIPAMConfig(IPv4Address="::1"), "invalid IPv4 address: ::1"),
        ("n", EndpointIPAMConfig(IPv4Address="10.0.0.1/24"), "invalid IPv4 address: 10.0.0.1/24"),
        ("n", EndpointIPAMConfig(IPv4Address="010.0.0.1"), "invalid IPv4 address: 010.0.0.1"),
        ("n", EndpointIPAMConfig(IPv4Address="0.0.0.0"), "invalid IPv4 address: 0.0.0.0"),
        ("n", EndpointIPAMConfig(IPv6Address="zz"), "invalid IPv6 address: zz"),
        ("n", EndpointIPAMConfig(IPv6Address="1.2.3.4"), "invalid IPv6 address: 1.2.3.4"),
        ("n", EndpointIPAMConfig(IPv6Address="::ffff:1.2.3.4"), "invalid IPv6 address: ::ffff:1.2.3.4"),
        ("n", EndpointIPAMConfig(LinkLocalIPs=["x"]), "invalid link-local IP address: x"),
        ("n", EndpointIPAMConfig(LinkLocalIPs=[""]), "invalid link-local IP address: "),
    ],
)
def test_addresses_are_refused_in_dockers_words(name: str, ipam: EndpointIPAMConfig, message: str) -> None:
    before = f"invalid config for network {name}: invalid endpoint settings:\n"

    assert endpoint_messages(name, EndpointSettings(IPAMConfig=ipam)) == [before + message]


@pytest.mark.parametrize(
    "ipam",
    [
        None,
        EndpointIPAMConfig(),
        EndpointIPAMConfig(IPv4Address="10.0.0.5", IPv6Address="fe80::1", LinkLocalIPs=["169.254.1.1"]),
        EndpointIPAMConfig(IPv4Address="::ffff:1.2.3.4"),
        EndpointIPAMConfig(IPv4Address="224.0.0.1"),
    ],
    ids=["none", "empty", "all", "mapped", "multicast"],
)
def test_a_network_of_the_users_gives_chosen_addresses(ipam: EndpointIPAMConfig | None) -> None:
    assert endpoint_messages("mynet", EndpointSettings(IPAMConfig=ipam, Aliases=["a"])) == []


@pytest.mark.parametrize("name", ["bridge", "host", "none"])
def test_only_networks_of_the_users_know_aliases(name: str) -> None:
    assert endpoint_messages(name, EndpointSettings(Aliases=["a"])) == [
        (
            f"invalid config for network {name}: invalid endpoint settings:\n"
            "network-scoped alias is supported only for containers in user defined networks"
        )
    ]


def test_every_mistake_is_told_with_its_field() -> None:
    ipam = EndpointIPAMConfig(IPv4Address="x", IPv6Address="y", LinkLocalIPs=["z"])
    found = settled({"n": EndpointSettings(MacAddress="m", IPAMConfig=ipam)}, mode="n")

    assert [problem.field.rpartition("/")[2] for problem in found.endpoint_problems] == [
        "MacAddress", "IPv4Address", "IPv6Address", "LinkLocalIPs",
    ]  # fmt: skip


def test_endpoints_are_judged_alone_as_they_are_with_the_rest() -> None:
    asked = NetworkingConfig(EndpointsConfig={"n": EndpointSettings(MacAddress="m"), "o": None})

    assert [problem.code for problem in networking.problems(asked, NEWEST)] == ["endpoint-mac", "endpoint-null"]
    assert [problem.code for problem in networking.problems(asked, OLD)] == ["endpoint-null"]


NAMES = ("", "default", "bridge", "host", "none", "n", "container:x", "1.2.3.4", "::1", MAC)
TEXTS = st.sampled_from(NAMES) | st.text()
ENDPOINTS = st.builds(
    EndpointSettings,
    MacAddress=TEXTS,
    Aliases=st.none() | st.lists(TEXTS),
    IPAMConfig=st.none() | st.builds(EndpointIPAMConfig, IPv4Address=TEXTS, IPv6Address=TEXTS),
)


@given(TEXTS, TEXTS, st.dictionaries(TEXTS, st.none() | ENDPOINTS), st.sampled_from([(1, 24), OLD, (1, 44), NEWEST]))
def test_what_is_settled_without_a_problem_stays_settled(
    mode: str, mac: str, endpoints: dict[str, EndpointSettings | None], version: tuple[int, ...]
) -> None:
    before = dict(endpoints)
    first = settled(endpoints, mode=mode, mac=mac, version=version)

    assert endpoints == before
    if not first.problems and first.networking:
        again = settled(dict(first.networking), mode=mode, mac=first.mac_address, version=version)
        assert (again.networking, again.mac_address) == (first.networking, first.mac_address)
