"""The measured operations: each as the requests that it sends."""

import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import quote

from client import ask_all, request
from peers import Peer

LABELLED = "bench.group=chosen"


@dataclass(frozen=True)
class Operation:
    """One kind of request. `messages` never end; `budget` is the allowed share of Docker's time."""

    name: str
    messages: Callable[[Peer], Iterator[bytes]]
    samples: int
    budget: float | None = None


_serial = itertools.count()


def create_message(labels: dict[str, str] | None = None) -> bytes:
    """Return a request for a new container with a name of its own."""
    body = {"Image": "busybox:latest", "Cmd": ["sleep", "60"], "Env": ["A=1", "B=2"], "Labels": labels or {}}
    return request("POST", f"/containers/create?name=bench{next(_serial):07d}", body)


def populate(peer: Peer, until: int, *, labelled: int = 0) -> None:
    """Create containers until there are `until`; the first `labelled` new ones get the label."""
    key, _, value = LABELLED.partition("=")
    missing = until - len(container_ids(peer))
    messages = [create_message({key: value} if at < labelled else None) for at in range(missing)]
    if messages:
        ask_all(peer.socket, messages, 16)


def container_ids(peer: Peer) -> list[str]:
    """Return the IDs of all containers."""
    return [one["Id"] for one in _listed(peer)]


def _names(peer: Peer) -> list[str]:
    return [one["Names"][0].removeprefix("/") for one in _listed(peer)]


def _listed(peer: Peer) -> list[dict[str, list[str]]]:
    connection = peer.connect()
    try:
        return connection.json(request("GET", "/containers/json?all=1"))
    finally:
        connection.close()


def ping(_peer: Peer) -> Iterator[bytes]:
    """Ask for nothing."""
    return itertools.repeat(request("GET", "/_ping"))


def create(_peer: Peer) -> Iterator[bytes]:
    """Create one container after the other."""
    return (create_message() for _ in itertools.count())


def inspect_by_id(peer: Peer) -> Iterator[bytes]:
    """Inspect each container in turn."""
    return itertools.cycle([request("GET", f"/containers/{one}/json") for one in container_ids(peer)])


def inspect_by_prefix(peer: Peer) -> Iterator[bytes]:
    """Inspect each container by the ID prefix that `docker ps` shows."""
    return itertools.cycle([request("GET", f"/containers/{one[:12]}/json") for one in container_ids(peer)])


def inspect_by_name(peer: Peer) -> Iterator[bytes]:
    """Inspect each container by its name."""
    return itertools.cycle([request("GET", f"/containers/{name}/json") for name in _names(peer)])


def rename(peer: Peer) -> Iterator[bytes]:
    """Give each container in turn a name that no other has."""
    for one in itertools.cycle(container_ids(peer)):
        yield request("POST", f"/containers/{one}/rename?name=renamed{next(_serial):07d}")


def list_all(_peer: Peer) -> Iterator[bytes]:
    """List every container."""
    return itertools.repeat(request("GET", "/containers/json?all=1"))


def list_by_label(_peer: Peer) -> Iterator[bytes]:
    """List the containers that have a label."""
    filters = quote(json.dumps({"label": [LABELLED]}))
    return itertools.repeat(request("GET", f"/containers/json?all=1&filters={filters}"))
