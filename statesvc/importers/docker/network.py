"""Converts the stored network settings of a container of Docker Engine into those that inspect and list show."""

from statesvc.domain.documents import EndpointIPAMConfig, EndpointSettings, PortBinding
from statesvc.domain.network_mode import is_user_defined
from statesvc.importers.docker.documents import StoredEndpoint, StoredNetworkSettings
from statesvc.services.imports.foreign import ForeignNetworks, ForeignPort

_LIVE = (
    "EndpointID", "Gateway", "GlobalIPv6Address", "GlobalIPv6PrefixLen", "IPAddress", "IPPrefixLen", "IPv6Gateway",
    "MacAddress",
)  # fmt: skip
_NOTHING_LIVE: dict[str, object] = {name: 0 if name.endswith("PrefixLen") else "" for name in _LIVE}
_FIELD_OF_28 = "GwPriority"
_LISTED = (*_LIVE, "NetworkID", "GwPriority")


def networks(stored: StoredNetworkSettings, *, live: bool) -> ForeignNetworks:
    """Return the networks of a container; if it is not `live`, without ports and what a failed start has left."""
    endpoints = {name: endpoint for name, endpoint in (stored.Networks or {}).items() if endpoint is not None}
    return ForeignNetworks(
        inspected=_inspected(stored, endpoints, live=live),
        listed={name: _listed(endpoint).to_dict() for name, endpoint in endpoints.items()},
        ids={name: endpoint.NetworkID for name, endpoint in endpoints.items()},
        ports=_ports(stored.Ports or {}) if live else (),
    )


def mac_address(stored: StoredNetworkSettings, mode: str) -> str:
    """Return the MAC address that the user asked for on the container's main network (moby daemon/inspect.go)."""
    endpoint = (stored.Networks or {}).get("bridge" if mode == "default" else mode)
    if endpoint is None or not (mode in {"default", "bridge"} or is_user_defined(mode)):
        return ""
    return endpoint.DesiredMacAddress


def _inspected(stored: StoredNetworkSettings, endpoints: dict[str, StoredEndpoint], *, live: bool) -> dict[str, object]:
    # A failed start leaves a sandbox and what belongs to it on disk, which the engine no longer has in memory.
    stale = not live and bool(stored.SandboxID)
    shown = {name: _cleaned(endpoint) if stale else _shown(endpoint) for name, endpoint in sorted(endpoints.items())}
    bridge = shown.get("bridge", EndpointSettings())
    settings = stored.to_dict()
    del settings["Networks"]
    if stale and any(_FIELD_OF_28 in endpoint.model_fields_set for endpoint in endpoints.values()):
        settings |= {"SandboxID": "", "SandboxKey": ""}  # older engines go on showing these two
    settings["Ports"] = (settings["Ports"] or {}) if live else {}
    settings |= {name: getattr(bridge, name) for name in _LIVE}
    return settings | {"Networks": {name: endpoint.to_dict() for name, endpoint in shown.items()}}


def _shown(stored: StoredEndpoint) -> EndpointSettings:
    return EndpointSettings(**{name: getattr(stored, name) for name in EndpointSettings.model_fields})


def _cleaned(stored: StoredEndpoint) -> EndpointSettings:
    endpoint = _shown(stored).copy_with(**_NOTHING_LIVE)  # moby cleanOperationalData
    return endpoint.copy_with(IPAMConfig=None) if stored.IPAMOperational else endpoint


def _listed(stored: StoredEndpoint) -> EndpointSettings:
    # A list shows the endpoint as last written to disk, with fewer fields (moby container/view.go).
    ipam = stored.IPAMConfig
    listed = ipam and EndpointIPAMConfig(IPv4Address=ipam.IPv4Address, IPv6Address=ipam.IPv6Address)
    return EndpointSettings(IPAMConfig=listed, **{name: getattr(stored, name) for name in _LISTED})


def _ports(published: dict[str, list[PortBinding] | None]) -> tuple[ForeignPort, ...]:
    found = []
    for text, bindings in published.items():
        number, _, protocol = text.partition("/")
        private = _number(number)
        if private is None:
            continue
        for binding in bindings or (PortBinding(HostPort="0"),):
            public = _number(binding.HostPort)
            if public is not None:
                found.append(ForeignPort(private, protocol or "tcp", public, binding.HostIp))
    return tuple(sorted(found, key=lambda port: (port.private_port, port.protocol, port.public_port, port.host_ip)))


def _number(text: str) -> int | None:
    # Docker leaves an invalid port out of the list, with a line in its log.
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 5 and int(text) < 2**16 else None
