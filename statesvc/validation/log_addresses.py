"""The addresses of log drivers, parsed as Go's net/url and net packages and the drivers parse them."""

import re
from dataclasses import dataclass
from urllib.parse import unquote

from statesvc.domain.go.values import parse_uint, quote

_SCHEME = re.compile("([a-zA-Z][a-zA-Z0-9+.-]*):")
_BAD_ESCAPE = re.compile("%(?![0-9a-fA-F]{2})")
_BAD_IN_HOST = re.compile(r"[\x00-\x20\\^`{|}#?/@\x7f]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Address:
    """The parts of a URL that an address consists of."""

    scheme: str
    host: str
    path: str


def gelf(text: str) -> Address:
    """Return the address of a GELF endpoint. Raises ValueError in Docker's words."""
    if not text:
        raise ValueError("gelf-address is a required parameter")
    address = _parse(text)
    if address.scheme not in {"udp", "tcp"}:
        raise ValueError("gelf: endpoint needs to be TCP or UDP")
    if _port_fault(address.host):
        raise ValueError("gelf: please provide gelf-address as proto://host:port")
    return address


def syslog(text: str) -> None:
    """Raise ValueError, in Docker's words, for a text that is no address of a syslog server.

    Docker also checks that a Unix socket exists; that is left to the engine that starts the container.
    """
    scheme, host = (address := _parse(text)).scheme, address.host
    if scheme in {"unix", "unixgram"}:
        return
    if scheme not in {"udp", "tcp", "tcp+tls"}:
        raise ValueError(f"unsupported scheme: '{scheme}'")
    if (fault := _port_fault(host)) and fault != "missing port in address":
        raise ValueError(f"address {host}: {fault}")


def fluentd(text: str) -> None:
    """Raise ValueError, in Docker's words, for a text that is no address of a Fluentd server."""
    try:
        _check_fluentd(_parse(text if "://" in text else f"tcp://{text}"))
    except ValueError as error:
        raise ValueError(f"invalid fluentd-address ({text}): {error}") from None


def _check_fluentd(address: Address) -> None:
    if address.scheme == "unix":
        if not address.path.lstrip("/"):
            raise ValueError("path is empty")
        return
    if address.scheme not in {"tcp", "tls"}:
        raise ValueError(f"unsupported scheme: '{address.scheme}'")
    if address.path:
        raise ValueError("should not contain a path element")
    port = address.host.rpartition("]")[2].rpartition(":")[2] if ":" in address.host.rpartition("]")[2] else ""
    if port:
        try:
            parse_uint(port, 16)
        except ValueError as error:
            raise ValueError(f"invalid port: {error}") from None


def _parse(text: str) -> Address:
    """Return the parts of a URL. Raises ValueError in the words of Go's url.Parse."""
    if _CONTROL.search(text):
        raise ValueError(f"parse {quote(text)}: net/url: invalid control character in URL")
    rest = text.partition("#")[0]
    if rest.startswith(":"):
        raise ValueError(f"parse {quote(text)}: missing protocol scheme")
    found = _SCHEME.match(rest)
    scheme = found[1].lower() if found else ""
    rest = rest[found.end() :] if found else rest
    rest = rest.partition("?")[0]
    if not rest.startswith("/"):
        if not scheme and ":" in rest.partition("/")[0]:
            raise ValueError(f"parse {quote(text)}: first path segment in URL cannot contain colon")
        return Address(scheme, "", "" if scheme else _unescaped(text, rest))
    if not rest.startswith("//") or (not scheme and rest.startswith("///")):
        return Address(scheme, "", _unescaped(text, rest))
    authority, slash, path = rest[2:].partition("/")
    host = authority.rpartition("@")[2]
    if fault := _host_fault(host):
        raise ValueError(f"parse {quote(text)}: {fault}")
    return Address(scheme, _unescaped(text, host), _unescaped(text, slash + path))


def _unescaped(url: str, part: str) -> str:
    if bad := _BAD_ESCAPE.search(part):
        raise ValueError(f"parse {quote(url)}: invalid URL escape {quote(part[bad.start() : bad.start() + 3])}")
    return unquote(part, errors="replace")


def _host_fault(host: str) -> str:
    if bad := _BAD_IN_HOST.search(host):
        return f"invalid character {quote(bad[0])} in host name"
    if host.startswith("["):
        if "]" not in host:
            return "missing ']' in host"
        port = host.rpartition("]")[2]
    else:
        port = host[host.rindex(":") :] if ":" in host else ""
    return "" if re.fullmatch("(:[0-9]*)?", port) else f"invalid port {quote(port)} after host"


def _port_fault(host: str) -> str:
    """Return the error of Go's net.SplitHostPort for the host of a URL, "" if it has a port."""
    if host.startswith("["):
        if not (after := host.partition("]")[2]):
            return "missing port in address"
        return "" if after.startswith(":") else "missing port in address"
    if ":" not in host:
        return "missing port in address"
    return "too many colons in address" if host.count(":") > 1 else ""
