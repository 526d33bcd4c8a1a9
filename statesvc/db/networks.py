"""Networks, as the endpoints of containers name them: they have no table of their own."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, func, select

from statesvc.db.schema.tables import container_names, container_networks, container_specs, containers
from statesvc.db.statements import Query
from statesvc.domain.state import LIVE

_N, _C, _S = container_networks.c, containers.c, container_specs.c
_LIVE = _C.state.in_(sorted(LIVE))


class Network(NamedTuple):
    """A network as its endpoints describe it: `id` is "" if none states it, `live` counts its live containers."""

    name: str
    id: str
    live: int


class Endpoint(NamedTuple):
    """A live container in a network, with the JSON of its network settings."""

    container_id: str
    name: str
    network_settings: str


EVERY = Query(
    select(
        _N.name,
        func.max(_N.network_id).label("id"),
        func.count(_C.id).filter(_LIVE).label("live"),
    )
    .join_from(container_networks, containers, _C.id == _N.container_id)
    .group_by(_N.name)
    .order_by(_N.name),
    Network,
)
ENDPOINTS = Query(
    select(_N.container_id, container_names.c.name.label("name"), _S.network_settings)
    .join_from(container_networks, containers, _C.id == _N.container_id)
    .join(container_specs, _S.container_id == _C.id)
    .join(
        container_names,
        (container_names.c.container_id == _C.id) & (container_names.c.kind == "primary"),
    )
    .where(_N.name == bindparam("network"), _LIVE)
    .order_by(_N.container_id),
    Endpoint,
)


def every(conn: Connection) -> Sequence[Network]:
    """Return every network that a container has an endpoint in, by name."""
    return EVERY.all(conn, {})


def endpoints(conn: Connection, name: str) -> Sequence[Endpoint]:
    """Return the live containers in a network."""
    return ENDPOINTS.all(conn, {"network": name})
