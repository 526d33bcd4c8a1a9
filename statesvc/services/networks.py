"""Networks: derived from the containers that are connected to them, and Docker's three predefined ones."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import orjson

from statesvc.db import networks
from statesvc.db.containers import rows as containers
from statesvc.db.damage.judges import fault
from statesvc.db.database import Database
from statesvc.db.networks import Endpoint
from statesvc.db.sqlite import Connection
from statesvc.domain import filters as filtering
from statesvc.domain.filters import Filters
from statesvc.domain.state import State
from statesvc.errors import Conflict, Forbidden, InvalidParameter, NotFound
from statesvc.services import pruning
from statesvc.services.engines import needs_engine
from statesvc.services.listing.patterns import Patterns
from statesvc.services.site import Site
from statesvc.services.volumes import DERIVED

ACCEPTED = frozenset({"dangling", "driver", "id", "label", "name", "scope", "type"})
PRUNE_ACCEPTED = frozenset({"label", "label!", "until"})
_TYPES = ("builtin", "custom")
# Every engine has these; a container that names no network is on the first. Name and driver.
PREDEFINED: Mapping[str, str] = {"bridge": "bridge", "host": "host", "none": "null"}


@dataclass(frozen=True, slots=True)
class Attachment:
    """A live container in a network: its name, its endpoint, and addresses with their prefix length."""

    name: str
    endpoint_id: str = ""
    mac_address: str = ""
    ipv4_address: str = ""
    ipv6_address: str = ""


@dataclass(frozen=True, slots=True)
class Network:
    """A network and the number of live containers in it. `attached` has these by ID, only after `inspect`.

    The driver is "" for a network that a user made, as it is not known.
    """

    name: str
    id: str
    driver: str
    live: int = 0
    attached: Mapping[str, Attachment] = field(default_factory=dict)

    @property
    def is_predefined(self) -> bool:
        """Whether it is one of Docker's predefined networks."""
        return self.name in PREDEFINED


class Networks:
    """The networks that containers name."""

    def __init__(self, database: Database, site: Site) -> None:
        self._database = database
        self._site = site

    async def listed(self, filters: Filters) -> list[Network]:
        """Return the networks that pass the filters, by name. Raises InvalidParameter for invalid values."""
        for kind in filters.get("type", ()):
            if kind not in _TYPES:
                raise InvalidParameter(f"invalid filter: 'type'='{kind}'")
        return await self._database.scan_long(_passing, self._site.instance_id, filters)

    async def inspect(self, reference: str) -> Network:
        """Return a network with its live containers. Raises NotFound, InvalidParameter for an ambiguous reference."""
        return await self._database.scan_long(_inspected, self._site.instance_id, reference)

    async def create(self, name: str) -> None:
        """Check a request to make a network as Docker does. Always raises: at the end NotOffered."""
        if not name.strip():
            raise InvalidParameter("invalid name: name is empty")
        if name in PREDEFINED:
            raise Forbidden(f"operation is not permitted on predefined {name} network")
        if any(network.name == name for network in await self._all()):
            raise Conflict(f"network with name {name} already exists")
        raise needs_engine("making a network")

    async def remove(self, reference: str) -> None:
        """Check a request to remove a network. Always raises: Forbidden if predefined or in use, else NotOffered."""
        network = await self._find(reference)
        if network.is_predefined:
            raise Forbidden(f"{network.name} is a pre-defined network and cannot be removed")
        if network.live:
            what = f"network {network.name} id {network.id} has active endpoints"
            raise Forbidden(f"error while removing network: {what}")
        raise needs_engine("removing a network")

    async def prune(self, filters: Filters) -> None:
        """Remove the networks without a live container. Raises NotOffered if there are any: an engine has to do it.

        Raises InvalidParameter before that for an invalid `until`.
        """
        pruning.until(filters, self._site.clock())
        if any(not network.live and not network.is_predefined for network in await self._all()):
            raise needs_engine("removing networks")

    async def connect(self, reference: str, container: str, *, doing: str) -> None:
        """Check a request to connect or disconnect. Always raises NotFound, Conflict during removal, or NotOffered."""
        await self._find(reference)
        found = await self._database.read(containers.find, container)
        if found.state in {State.REMOVING, State.DEAD}:
            raise Conflict(
                f"Container {found.id} is marked for removal and cannot be connected or disconnected to the network"
            )
        raise needs_engine(f"network {doing}")

    async def _all(self) -> list[Network]:
        return await self._database.scan_long(_every, self._site.instance_id)

    async def _find(self, reference: str) -> Network:
        return await self._database.scan_long(_found_by, self._site.instance_id, reference)


def _inspected(conn: Connection, instance: str, reference: str) -> Network:
    network = _found_by(conn, instance, reference)
    found = networks.endpoints(conn, network.name)
    return replace(network, attached={endpoint.container_id: _attachment(endpoint, network.name) for endpoint in found})


def _found_by(conn: Connection, instance: str, reference: str) -> Network:
    """Return the network with this ID, this name, or this unique prefix of its ID (moby getNetwork)."""
    every = _every(conn, instance)
    found = [network for network in every if network.id == reference]
    found = found or [network for network in every if network.name == reference]
    found = found or [network for network in every if reference and network.id.startswith(reference)]
    if not found:
        raise NotFound(f"network {reference} not found")
    if len(found) > 1:
        raise InvalidParameter(f"network {reference} is ambiguous ({len(found)} matches found based on ID prefix)")
    return found[0]


def _every(conn: Connection, instance: str) -> list[Network]:
    named = {row.name: row for row in networks.every(conn)}
    found = []
    for name in sorted({*named, *PREDEFINED}):
        row = named.get(name)
        known = row.id if row else ""
        found.append(Network(name, known or _own_id(instance, name), PREDEFINED.get(name, ""), row.live if row else 0))
    return found


def _own_id(instance: str, name: str) -> str:
    """Return a made-up ID for a network whose real ID is unknown: stable, and different for each installation."""
    return hashlib.sha256(f"network {instance} {name}".encode()).hexdigest()


def _attachment(endpoint: Endpoint, network: str) -> Attachment:
    if fault("container_specs", "network_settings", endpoint.network_settings):
        return Attachment(endpoint.name)
    settings = (orjson.loads(endpoint.network_settings).get("Networks") or {}).get(network) or {}
    return Attachment(
        endpoint.name,
        settings.get("EndpointID", ""),
        settings.get("MacAddress", ""),
        _with_length(settings, "IPAddress", "IPPrefixLen"),
        _with_length(settings, "GlobalIPv6Address", "GlobalIPv6PrefixLen"),
    )


def _with_length(settings: Mapping[str, object], address: str, length: str) -> str:
    return f"{settings[address]}/{settings[length]}" if settings.get(address) else ""


def _passing(conn: Connection, instance: str, filters: Filters) -> list[Network]:
    dangling = filtering.flag(filters, "dangling")
    names, ids = Patterns.asked(filters, "name"), Patterns.asked(filters, "id")
    drivers, kinds = frozenset(filters.get("driver", ())), filters.get("type", _TYPES)
    if "local" not in filters.get("scope", ("local",)):
        return []
    if not filtering.has_labels(DERIVED, filters.get("label", ())):
        return []
    return [
        network
        for network in _every(conn, instance)
        if (not names or names.find(network.name))
        and (not ids or ids.find(network.id))
        and ("driver" not in filters or network.driver in drivers)
        and ("builtin" if network.is_predefined else "custom") in kinds
        and (dangling is None or dangling == (not network.is_predefined and not network.live))
    ]
