"""IP and MAC addresses as Go's net package reads them."""

import ipaddress
import re

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

_OCTET = "[0-9a-fA-F]{2}"
_MAC = re.compile(
    rf"{_OCTET}([:-]){_OCTET}(?:\1{_OCTET}){{4}}(?:(?:\1{_OCTET}){{2}}|(?:\1{_OCTET}){{14}})?"
    r"|[0-9a-fA-F]{4}(?:\.[0-9a-fA-F]{4}){2}(?:\.[0-9a-fA-F]{4}|(?:\.[0-9a-fA-F]{4}){7})?"
)


_BYTE = "(?:25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])"
_IPV4 = re.compile(rf"{_BYTE}(?:\.{_BYTE}){{3}}")


def is_ip(text: str) -> bool:
    """Return whether `parse_ip` finds an address."""
    return _IPV4.fullmatch(text) is not None or parse_ip(text) is not None


def parse_ip(text: str) -> IPAddress | None:
    """Return the address, None for a text that Go's net.ParseIP refuses: leading zeros, a zone, a prefix.

    An IPv4 address in IPv6 form is an IPv4 address, as for Go's To4.
    """
    if "%" in text:
        return None
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return address if address.version == 4 else address.ipv4_mapped or address


def is_mac(text: str) -> bool:
    """Return whether Go's net.ParseMAC reads the text: 6, 8 or 20 octets, `02:42:…`, `02-42-…` or `0242.…`."""
    return _MAC.fullmatch(text) is not None
