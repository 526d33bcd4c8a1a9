"""Rules of HostConfig.ExtraHosts: additional entries of the container's hosts file."""

from collections.abc import Iterator

from statesvc.domain.documents import HostConfig
from statesvc.domain.go.addresses import is_ip
from statesvc.domain.go.values import quote
from statesvc.errors import Problem
from statesvc.validation.rules import rule

HOST_GATEWAY = "host-gateway"
"""The placeholder for the host's own address."""

_SOURCE = "moby opts/hosts.go ValidateExtraHost"
FORM = rule("extra-host", "/HostConfig/ExtraHosts/N", "An entry is NAME:ADDRESS.", _SOURCE)
ADDRESS = rule(
    "extra-host-address", "/HostConfig/ExtraHosts/N", "The address is an IP address or host-gateway.", _SOURCE
)


def problems(host: HostConfig) -> Iterator[Problem]:
    """Yield what is wrong with the entries, in their order."""
    for at, entry in enumerate(host.ExtraHosts or ()):
        name, colon, address = entry.partition(":")
        if not name or not colon:
            yield FORM.broken(f"bad format for add-host: {quote(entry)}", entry, at=at)
        # Docker trims the address to check it, and stores it as written.
        elif address != HOST_GATEWAY and not is_ip(address.strip()):
            yield ADDRESS.broken(f"invalid IP address in add-host: {quote(address)}", entry, at=at)
