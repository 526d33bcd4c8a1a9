"""Rules of HostConfig.PortBindings (moby daemon/container.go validatePortBindings, docker/go-connections nat)."""

from collections.abc import Iterator

from statesvc.domain.documents import HostConfig
from statesvc.domain.go.values import quote
from statesvc.errors import Problem
from statesvc.validation.rules import rule

_SOURCE = "moby daemon/container.go validatePortBindings"
_KEY = "/HostConfig/PortBindings/K"
CONTAINER_PORT = rule("port", _KEY, "A key is PORT or PORT/PROTOCOL.", _SOURCE)
HOST_PORT = rule("host-port", f"{_KEY}/N/HostPort", "A host port is a port or a range FIRST-LAST.", _SOURCE)

_HIGHEST = 65535


def problems(host: HostConfig) -> Iterator[Problem]:
    """Yield what is wrong with the port bindings.

    As in Docker, neither addresses nor protocols are checked (nat SplitProtoPort).
    """
    for key, bindings in (host.PortBindings or {}).items():
        port = key.partition("/")[0]
        if not _is_port(port):
            yield CONTAINER_PORT.broken(f"invalid port specification: {quote(port)}", key, at=key)
        for at, binding in enumerate(bindings or ()):
            if not _is_range(binding.HostPort.partition("/")[0]):
                message = f"invalid port specification: {quote(binding.HostPort)}"
                yield HOST_PORT.broken(message, binding.HostPort, at=(key, at))


def _is_range(text: str) -> bool:
    """Return whether it is empty, a port or a range; what follows a second dash is ignored (nat ParsePortRange)."""
    if "-" not in text:
        return _is_port(text)
    first, last = text.split("-")[:2]
    return bool(first and last) and _is_port(first) and _is_port(last) and int(first) <= int(last)


def _is_port(text: str) -> bool:
    """Return whether it is empty or a number of 16 bits, which may have leading zeros (nat ParsePort)."""
    if not text:
        return True
    return text.isascii() and text.isdigit() and (len(text) < 5 or _is_low(text.lstrip("0")))


def _is_low(digits: str) -> bool:
    return len(digits) <= 5 and int(digits or 0) <= _HIGHEST
