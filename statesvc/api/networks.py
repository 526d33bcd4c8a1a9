"""Networks over HTTP, derived from containers and labelled so."""

from statesvc.api.bodies import document
from statesvc.api.routing import Handler, Route
from statesvc.api.wire.answer import Answer
from statesvc.api.wire.answers import json_answer, no_content
from statesvc.api.wire.call import Call
from statesvc.domain import filters, times
from statesvc.domain.documents import NetworkConnect, NetworkCreate
from statesvc.domain.go.values import is_bool, quote
from statesvc.errors import InvalidParameter, NotFound
from statesvc.services.networks import ACCEPTED, PRUNE_ACCEPTED, Attachment, Network, Networks
from statesvc.services.volumes import DERIVED

_WITHOUT_POOLS = frozenset({"host", "null"})


class NetworksApi:
    """The handlers under /networks."""

    def __init__(self, networks: Networks) -> None:
        self._networks = networks

    def routes(self) -> list[Route]:
        """Return the routes of this noun."""
        return [
            Route("GET", "/networks", self.index),
            Route("GET", "/networks/", self.index),
            Route("GET", "/networks/{name}", self.inspect),
            Route("POST", "/networks/create", self.create, body=NetworkCreate),
            Route("POST", "/networks/prune", self.prune),
            Route("DELETE", "/networks/{name}", self.delete),
            *(
                Route("POST", f"/networks/{{name}}/{doing}", self._connect(doing), body=NetworkConnect)
                for doing in ("connect", "disconnect")
            ),
        ]

    async def index(self, call: Call) -> Answer:
        """GET /networks?filters="""
        found = await self._networks.listed(filters.parse(call.text("filters"), ACCEPTED))
        return json_answer([_entry(network) for network in found])

    async def inspect(self, call: Call) -> Answer:
        """GET /networks/{name}?scope=&verbose="""
        verbose, scope = call.text("verbose"), call.text("scope")
        if verbose and not is_bool(verbose):
            message = (
                f"invalid value for verbose: {verbose}: strconv.ParseBool: parsing {quote(verbose)}: invalid syntax"
            )
            raise InvalidParameter(message)
        if scope not in {"", "local"}:  # there are no others: no swarm is joined
            raise NotFound(f"network {call.name} not found")
        return json_answer(_entry(await self._networks.inspect(call.name)))

    async def create(self, call: Call) -> Answer:
        """POST /networks/create"""
        await self._networks.create((await document(call, NetworkCreate)).Name)
        return no_content()

    async def prune(self, call: Call) -> Answer:
        """POST /networks/prune?filters="""
        await self._networks.prune(filters.parse(call.text("filters"), PRUNE_ACCEPTED))
        return json_answer({"NetworksDeleted": None})

    async def delete(self, call: Call) -> Answer:
        """DELETE /networks/{name}"""
        await self._networks.remove(call.name)
        return no_content()

    def _connect(self, doing: str) -> Handler:
        async def handler(call: Call) -> Answer:
            asked = await document(call, NetworkConnect)
            await self._networks.connect(call.name, asked.Container, doing=doing)
            return Answer()

        return handler


def _entry(network: Network) -> dict[str, object]:
    """Return a network as Docker shows it. Its time of creation and its options are not known."""
    return {
        "Name": network.name,
        "Id": network.id,
        "Created": times.ZERO,
        "Scope": "local",
        "Driver": network.driver,
        "EnableIPv4": True,
        "EnableIPv6": False,
        "IPAM": {"Driver": "default", "Options": None, "Config": None if network.driver in _WITHOUT_POOLS else []},
        "Internal": False,
        "Attachable": False,
        "Ingress": False,
        "ConfigFrom": {"Network": ""},
        "ConfigOnly": False,
        "Containers": {key: _attachment(one) for key, one in network.attached.items()},
        "Options": {},
        "Labels": dict(DERIVED),
    }


def _attachment(attached: Attachment) -> dict[str, object]:
    return {
        "Name": attached.name,
        "EndpointID": attached.endpoint_id,
        "MacAddress": attached.mac_address,
        "IPv4Address": attached.ipv4_address,
        "IPv6Address": attached.ipv6_address,
    }
