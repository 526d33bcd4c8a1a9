"""A container's networks: requested, and as they are."""

from typing import ClassVar

from statesvc.domain.documents.document import Document
from statesvc.domain.documents.go_types import Int, StringMap, Strings


class EndpointIPAMConfig(Document):
    """The addresses that the user asked for."""

    OMIT_EMPTY: ClassVar = frozenset({"IPv4Address", "IPv6Address", "LinkLocalIPs"})

    IPv4Address: str = ""
    IPv6Address: str = ""
    LinkLocalIPs: Strings | None = None


class EndpointSettings(Document):
    """A container's connection to one network."""

    IPAMConfig: EndpointIPAMConfig | None = None
    Links: Strings | None = None
    Aliases: Strings | None = None
    MacAddress: str = ""
    DriverOpts: StringMap | None = None
    GwPriority: Int = 0
    NetworkID: str = ""
    EndpointID: str = ""
    Gateway: str = ""
    IPAddress: str = ""
    IPPrefixLen: Int = 0
    IPv6Gateway: str = ""
    GlobalIPv6Address: str = ""
    GlobalIPv6PrefixLen: Int = 0
    DNSNames: Strings | None = None


class NetworkingConfig(Document):
    """The networks to connect a new container to, by name."""

    EndpointsConfig: dict[str, EndpointSettings | None] | None = None
