"""The networks of a new container, and the rules of its endpoints (moby container_routes.go, daemon)."""

from collections.abc import Iterator
from typing import NamedTuple

from statesvc.domain.api_version import Version
from statesvc.domain.documents import Config, EndpointIPAMConfig, EndpointSettings, HostConfig, NetworkingConfig
from statesvc.domain.go.addresses import is_mac, parse_ip
from statesvc.domain.go.values import quote
from statesvc.domain.network_mode import BRIDGE, is_container, is_user_defined
from statesvc.errors import Problem
from statesvc.validation.rules import RuleWarning, rule

_CREATE = "moby api/server/router/container/container_routes.go postContainersCreate"
_MAC = "moby api/server/router/container/container_routes.go handleMACAddressBC"
_SYSCTL = "moby api/server/router/container/container_routes.go handleSysctlBC"
_ENDPOINT = "moby daemon/container_operations.go validateEndpointSettings"
_IPAM = "moby api/types/network/endpoint.go EndpointIPAMConfig.Validate"
_KEY = "/NetworkingConfig/EndpointsConfig/K"
SEVERAL = rule("endpoints", "/NetworkingConfig/EndpointsConfig", "Before API 1.44, one network at most.", _CREATE)
MAC_MODE = rule("mac-network", "/MacAddress", "A MAC address needs a network of the container's own.", _MAC)
MAC_NETWORK = rule(
    "mac-endpoint", "/MacAddress", "The container's MAC address needs the main network's endpoint.", _MAC
)
MAC_MISMATCH = rule(
    "mac-mismatch", "/MacAddress", "It is the MAC address of the main network's endpoint, or empty.", _MAC
)
MAC_DEPRECATED = rule("mac-deprecated", "/MacAddress", "The MAC address belongs in the endpoint.", _MAC, warns=True)
SYSCTL = rule(
    "endpoint-sysctl",
    f"{_KEY}/DriverOpts",
    "Settings of the endpoint's interface: net.ipv4, net.ipv6 or net.mpls, a kind, IFNAME, a name and a value.",
    _ENDPOINT,
)
SYSCTL_INTERFACE = rule(
    "sysctl-interface",
    "/HostConfig/Sysctls/K",
    "An interface is set up by its endpoint; before API 1.48, settings of eth0 move into the main network's.",
    _SYSCTL,
)
SYSCTL_MOVED = rule(
    "sysctl-moved", "/HostConfig/Sysctls/K", "A setting of eth0 moved into its endpoint.", _SYSCTL, warns=True
)
NIL = rule("endpoint-null", _KEY, "An endpoint is not null.", "moby daemon/create.go validateNetworkingConfig")
MAC = rule("endpoint-mac", f"{_KEY}/MacAddress", "It is a MAC address.", _ENDPOINT)
PREDEFINED = rule(
    "endpoint-address", f"{_KEY}/IPAMConfig", "Only user-defined networks accept a chosen address.", _ENDPOINT
)
ALIASES = rule("endpoint-aliases", f"{_KEY}/Aliases", "Only user-defined networks have aliases.", _ENDPOINT)
IPV4 = rule("endpoint-ipv4", f"{_KEY}/IPAMConfig/IPv4Address", "It is an IPv4 address, not 0.0.0.0.", _IPAM)
IPV6 = rule("endpoint-ipv6", f"{_KEY}/IPAMConfig/IPv6Address", "It is an IPv6 address, not ::.", _IPAM)
LINK_LOCAL = rule("endpoint-link-local", f"{_KEY}/IPAMConfig/LinkLocalIPs", "Each is an IP address.", _IPAM)

_PLAIN = EndpointSettings()
_NO_ADDRESSES = EndpointIPAMConfig()
_WITHOUT_SUBNETS = frozenset({"host", "none"})
_PER_ENDPOINT = (1, 44)
"""Since this version, MAC addresses belong to endpoints, and a new container may have several endpoints."""

_DEPRECATED = (
    "The container-wide MacAddress field is now deprecated. It should be specified in EndpointsConfig instead."
)

_PRIORITIES = (1, 48)
"""Since this version, an endpoint has a priority for the default gateway, and sets its own interface up."""

_SYSCTLS = "com.docker.network.endpoint.sysctls"
_PROTOCOLS = frozenset({"ipv4", "ipv6", "mpls"})

_Endpoints = dict[str, EndpointSettings | None]


class Settled(NamedTuple):
    """The networks that are stored of a new container, and the MAC address that inspect shows in Config.

    `sysctls` are those that stay the container's, None if all do.
    Docker finds `problems` before it verifies the settings, `endpoint_problems` after it has the image.
    """

    networking: dict[str, EndpointSettings]
    mac_address: str
    problems: tuple[Problem, ...]
    endpoint_problems: tuple[Problem, ...]
    warnings: tuple[RuleWarning, ...]
    sysctls: dict[str, str] | None = None


def settle(config: Config, host: HostConfig, networking: NetworkingConfig | None, version: Version) -> Settled:
    """Return a new container's networks, as Docker chooses them for a client of this API version."""
    endpoints = dict((networking and networking.EndpointsConfig) or {})
    mode = _mode(host.NetworkMode, endpoints)
    found: list[Problem] = []
    if version < _PER_ENDPOINT and len(endpoints) > 1:
        message = f"Container cannot be created with multiple network endpoints: {', '.join(endpoints)}"
        found.append(SEVERAL.broken(message, sorted(endpoints)))
    if version < _PRIORITIES:
        _reset(endpoints, GwPriority=0)
    conflict = _take_mac(config.MacAddress, mode, endpoints, version)
    mac_stays = version < _PER_ENDPOINT
    sysctls = _move_sysctls(host, mode, endpoints, version) if host.Sysctls else _NOTHING_MOVED
    return Settled(
        recorded := _recorded(config, mode, endpoints),
        _shown_mac(mode, recorded, config.MacAddress if mac_stays else ""),
        (*found, *([conflict] if conflict else ()), *sysctls.problems),
        tuple(_endpoint_problems(endpoints)),
        (
            *((MAC_DEPRECATED.warning(_DEPRECATED),) if config.MacAddress and not mac_stays and not conflict else ()),
            *sysctls.warnings,
        ),
        sysctls.left,
    )


def problems(networking: NetworkingConfig | None, version: Version) -> Iterator[Problem]:
    """Yield the problems of the endpoints alone; `settle` reports these and those of the other settings."""
    endpoints = dict((networking and networking.EndpointsConfig) or {})
    _take_mac("", BRIDGE, endpoints, version)
    yield from _endpoint_problems(endpoints)


def _mode(mode: str, endpoints: _Endpoints) -> str:
    """Return the mode with the default network by its name; an endpoint for `default` is renamed likewise."""
    if mode not in {"", "default"}:
        return mode
    if "default" in endpoints:
        endpoints[BRIDGE] = endpoints.pop("default")
    return BRIDGE


def _take_mac(mac: str, mode: str, endpoints: _Endpoints, version: Version) -> Problem | None:
    """Move the container-wide MAC address to the endpoint of the main network. Return the problem if it has none."""
    own_network = mode == BRIDGE or is_user_defined(mode)
    if version < _PER_ENDPOINT:
        if mac and not own_network:
            return MAC_MODE.broken("conflicting options: mac-address and the network mode", mac)
        if mac and not endpoints:
            endpoints[mode] = _PLAIN
        # Before 1.44 an endpoint had no MAC address of its own: what a client sends there is ignored.
        for name, endpoint in endpoints.items():
            _set_mac(endpoints, name, endpoint, mac)
        return None
    if not mac or not own_network:
        return None
    if not endpoints:
        endpoints[mode] = _PLAIN
    if mode not in endpoints:
        return MAC_NETWORK.broken(
            "unable to migrate container-wide MAC address to a specific network: "
            "HostConfig.NetworkMode must match the identity of a network in NetworkSettings.Networks",
            mac,
        )
    endpoint = endpoints[mode]
    if endpoint is not None and endpoint.MacAddress not in {"", mac}:
        return MAC_MISMATCH.broken(
            "the container-wide MAC address must match the endpoint-specific MAC address for the main network, "
            "or be left empty",
            mac,
        )
    _set_mac(endpoints, mode, endpoint, mac)
    return None


class _Sysctls(NamedTuple):
    left: dict[str, str] | None = None
    problems: tuple[Problem, ...] = ()
    warnings: tuple[RuleWarning, ...] = ()


_NOTHING_MOVED = _Sysctls()


def _move_sysctls(host: HostConfig, mode: str, endpoints: _Endpoints, version: Version) -> _Sysctls:
    """Move the settings of the interface eth0 to the main network's endpoint, as Docker does before API 1.48."""
    left = dict(host.Sysctls or ())
    of_interfaces = [] if mode == "host" or is_container(mode) else [key for key in sorted(left) if _interface(key)]
    if not of_interfaces:
        return _NOTHING_MOVED
    if version >= _PRIORITIES:
        return _Sysctls(problems=tuple(_refused(key) for key in of_interfaces))
    if not endpoints:
        endpoints[mode] = _PLAIN
    name = mode if mode in endpoints or version >= _PER_ENDPOINT else next(iter(endpoints))
    endpoint = endpoints.get(name, _PLAIN)
    problems = []
    if name not in endpoints:
        text = "HostConfig.NetworkMode must match the identity of a network in NetworkSettings.Networks"
        problems = [
            SYSCTL_INTERFACE.broken(f"unable to find a network for sysctl {key}: {text}", key, at=key)
            for key in of_interfaces
        ]
    elif others := [key for key in of_interfaces if _interface(key) != "eth0"]:
        how = f"use driver option '{_SYSCTLS}' to set per-interface sysctls"
        text = "unable to determine network endpoint for sysctl"
        problems = [SYSCTL_INTERFACE.broken(f"{text} {key}, {how}", key, at=key) for key in others]
    if problems or endpoint is None:
        return _Sysctls(problems=tuple(problems))
    moved = ",".join(f"{key.replace('.eth0.', '.IFNAME.', 1)}={left.pop(key)}" for key in of_interfaces)
    options = endpoint.DriverOpts or {}
    both = f"{moved},{options[_SYSCTLS]}" if _SYSCTLS in options else moved
    endpoints[name] = endpoint.copy_with(DriverOpts=options | {_SYSCTLS: both})
    warning = f"Migrated sysctl {quote(','.join(of_interfaces))} to DriverOpts{{{quote(_SYSCTLS)}:{quote(moved)}}}."
    return _Sysctls(left, warnings=(SYSCTL_MOVED.warning(warning),))


def _interface(sysctl: str) -> str:
    """Return the interface in the name of a sysctl, `net.*.*.ethN.*`, "" if it has none."""
    parts = sysctl.split(".", 4)
    return parts[3] if len(parts) == 5 and parts[0] == "net" and parts[3].startswith("eth") else ""


def _refused(sysctl: str) -> Problem:
    how = f"must be supplied using driver option '{_SYSCTLS}'"
    return SYSCTL_INTERFACE.broken(f"interface specific sysctl setting {quote(sysctl)} {how}", sysctl, at=sysctl)


def _reset(endpoints: _Endpoints, **values: object) -> None:
    for name, endpoint in endpoints.items():
        if endpoint is not None and any(getattr(endpoint, field) != value for field, value in values.items()):
            endpoints[name] = endpoint.copy_with(**values)


def _set_mac(endpoints: _Endpoints, name: str, endpoint: EndpointSettings | None, mac: str) -> None:
    if endpoint is not None and endpoint.MacAddress != mac:
        endpoints[name] = endpoint.copy_with(MacAddress=mac)


def _recorded(config: Config, mode: str, endpoints: _Endpoints) -> dict[str, EndpointSettings]:
    """Return the requested endpoints, or one for the network of the mode (updateContainerNetworkSettings)."""
    if config.NetworkDisabled or is_container(mode):
        return {}
    named = {name: endpoint for name, endpoint in endpoints.items() if endpoint is not None}
    return named or {mode: _PLAIN}


def _shown_mac(mode: str, recorded: dict[str, EndpointSettings], mac: str) -> str:
    """Return the MAC address of the main endpoint if there is one (moby daemon/inspect.go)."""
    main = recorded.get(mode) if mode == BRIDGE or is_user_defined(mode) else None
    return mac if main is None else main.MacAddress


def _endpoint_problems(endpoints: _Endpoints) -> Iterator[Problem]:
    for name, endpoint in endpoints.items():
        before = f"invalid config for network {name}:"
        if endpoint is None:
            yield NIL.broken(f"{before} EndpointsConfig is nil", at=name)
            continue
        # Docker checks the MAC address last, and then reports nothing else.
        if endpoint.MacAddress and not is_mac(endpoint.MacAddress):
            yield MAC.broken(f"{before} invalid MAC address {endpoint.MacAddress}", endpoint.MacAddress, at=name)
        if not is_user_defined(name):
            yield from _predefined_problems(name, endpoint, endpoint.IPAMConfig or _NO_ADDRESSES)
        if endpoint.IPAMConfig is not None:
            yield from _address_problems(name, endpoint.IPAMConfig)
        if _SYSCTLS in (endpoint.DriverOpts or ()):
            yield from _sysctl_problems(name, endpoint)


def _sysctl_problems(name: str, endpoint: EndpointSettings) -> Iterator[Problem]:
    before = f"invalid config for network {name}: invalid endpoint settings:\n"
    form = "represent 'net.X.Y.ethN.Z=V' as 'net.X.Y.IFNAME.Z=V', 'X' must be 'ipv4', 'ipv6' or 'mpls'"
    for text in (endpoint.DriverOpts or {})[_SYSCTLS].split(","):
        parts = text.split(".", 4)
        if len(parts) != 5 or parts[1] not in _PROTOCOLS or parts[3] not in {"IFNAME", "ifname"}:
            yield SYSCTL.broken(f"{before}unrecognised network interface sysctl '{text}'; {form}", text, at=name)


def _predefined_problems(name: str, endpoint: EndpointSettings, ipam: EndpointIPAMConfig) -> Iterator[Problem]:
    """Yield the settings that only user-defined networks support. Docker's host and none have no subnets at all."""
    before = f"invalid config for network {name}: invalid endpoint settings:\n"
    addresses = [address for address in (ipam.IPv4Address, ipam.IPv6Address) if address]
    if addresses:
        message = "user specified IP address is supported on user defined networks only"
        if name in _WITHOUT_SUBNETS:
            subnets = "only when connecting to networks with user configured subnets"
            message = "\n".join(f"* {line}" for line in (message, f"user specified IP address is supported {subnets}"))
        yield PREDEFINED.broken(before + message, addresses, at=name)
    if endpoint.Aliases:
        message = "network-scoped alias is supported only for containers in user defined networks"
        yield ALIASES.broken(before + message, endpoint.Aliases, at=name)


def _address_problems(name: str, ipam: EndpointIPAMConfig) -> Iterator[Problem]:
    before = f"invalid config for network {name}: invalid endpoint settings:\n"
    for text, kind, broken in ((ipam.IPv4Address, 4, IPV4), (ipam.IPv6Address, 6, IPV6)):
        address = parse_ip(text) if text else None
        if text and (address is None or address.version != kind or address.is_unspecified):
            yield broken.broken(f"{before}invalid IPv{kind} address: {text}", text, at=name)
    for text in ipam.LinkLocalIPs or ():
        address = parse_ip(text)
        if address is None or address.is_unspecified:
            yield LINK_LOCAL.broken(f"{before}invalid link-local IP address: {text}", text, at=name)
