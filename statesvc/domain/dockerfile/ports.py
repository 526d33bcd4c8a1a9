"""The port specifications of EXPOSE: `80`, `53/udp`, `8000-8010`, with an address and host ports that are ignored.

The rules and sentences are those of github.com/docker/go-connections/nat.
"""

import ipaddress
import re
from collections.abc import Iterable

from statesvc.domain.port import split_protocol
from statesvc.errors import InvalidParameter

_PROTOCOLS = ("tcp", "udp", "sctp")
_PORT_MAX = 65535
# Every port of every protocol, twice: more can only be meant to fill the memory.
EXPOSED_MAX = 2 * len(_PROTOCOLS) * _PORT_MAX


def exposed_ports(specifications: Iterable[str]) -> list[str]:
    """Return the exposed ports, each as `port/protocol`. Raises InvalidParameter for a malformed specification."""
    ports: list[str] = []
    for specification in dict.fromkeys(specifications):
        ports += _ports(specification)
        if len(ports) > EXPOSED_MAX:
            raise InvalidParameter(f"an instruction cannot expose more than {EXPOSED_MAX} ports")
    return ports


def _ports(specification: str) -> list[str]:
    address, host_part, container_part = _split(specification)
    protocol, container = split_protocol(container_part)
    _check_address(address)
    if not container:
        raise InvalidParameter(f"no port specified: {specification}<empty>")
    ports = _range(container, "containerPort")
    if host_part:
        host = _range(host_part, "hostPort")
        # The host port of one container port may be chosen from a range; otherwise both ranges have the same length.
        if len(ports) not in (1, len(host)):
            raise InvalidParameter(
                f"invalid ranges specified for container and host Ports: {container} and {host_part}"
            )
    if protocol.lower() not in _PROTOCOLS:
        raise InvalidParameter(f"invalid proto: {protocol}")
    return [f"{port}/{protocol.lower()}" for port in ports]


def _split(specification: str) -> tuple[str, str, str]:
    """Return address, host ports and container ports; the address may have colons itself."""
    head, _, container = specification.rpartition(":")
    address, _, host = head.rpartition(":")
    return address, host, container


def _check_address(address: str) -> None:
    bare = address[1:-1] if address.startswith("[") and address.endswith("]") else address
    try:
        if bare:
            ipaddress.ip_address(bare)
    except ValueError as error:
        raise InvalidParameter(f"invalid IP address: {bare}") from error


def _range(text: str, name: str) -> range:
    first, dash, rest = text.partition("-")
    last = rest.split("-")[0] if dash else first
    if not (_is_port(first) and _is_port(last)) or int(last) < int(first):
        raise InvalidParameter(f"invalid {name}: {text}")
    return range(int(first), int(last) + 1)


def _is_port(text: str) -> bool:
    return re.fullmatch(r"0*[0-9]{1,5}", text) is not None and int(text[-5:]) <= _PORT_MAX
