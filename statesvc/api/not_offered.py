"""The paths of Docker's API without a counterpart here: 501 for what needs an engine, swarm paths 503, no plugins."""

from statesvc.api.routing import Handler, Route
from statesvc.api.wire.answer import Answer
from statesvc.api.wire.answers import json_answer
from statesvc.api.wire.call import Call
from statesvc.domain import filters
from statesvc.errors import NotFound, NotOffered, Unavailable
from statesvc.services.engines import needs_engine

_ENGINES = (
    ("POST", "/build/cancel"), ("POST", "/session"), ("POST", "/grpc"), ("POST", "/auth"),
    ("GET", "/distribution/{name}/json"),
    ("GET", "/plugins/privileges"), ("POST", "/plugins/pull"), ("POST", "/plugins/create"), ("POST", "/swarm/init"),
    ("POST", "/swarm/join"),
)  # fmt: skip
_EXPERIMENTAL = (("GET", "/containers/{name}/checkpoints"), ("POST", "/containers/{name}/checkpoints"))
_SWARM = (
    ("GET", "/swarm"), ("GET", "/swarm/unlockkey"), ("POST", "/swarm/update"), ("POST", "/swarm/unlock"),
    *(
        (method, f"/{noun}{path}")
        for noun in ("services", "secrets", "configs")
        for method, path in (
            ("GET", ""), ("POST", "/create"), ("GET", "/{name}"), ("POST", "/{name}/update"), ("DELETE", "/{name}"),
        )
    ),
    ("GET", "/services/{name}/logs"),
    ("GET", "/nodes"), ("GET", "/nodes/{name}"), ("POST", "/nodes/{name}/update"), ("DELETE", "/nodes/{name}"),
    ("GET", "/tasks"), ("GET", "/tasks/{name}"), ("GET", "/tasks/{name}/logs"),
)  # fmt: skip
_PLUGIN = (
    ("GET", "/plugins/{name}/json"), ("DELETE", "/plugins/{name}"),
    *(("POST", f"/plugins/{{name}}/{doing}") for doing in ("enable", "disable", "push", "upgrade", "set")),
)  # fmt: skip
_PLUGIN_FILTERS = frozenset({"enabled", "capability"})

# In Docker's words: clients show them, and some look for "not a swarm manager".
_NO_MANAGER = (
    'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm '
    "and try again."
)
_NO_SWARM = "This node is not part of a swarm"
_NO_CLUSTER_VOLUME = "volume update only valid for cluster volumes, but swarm is unavailable"
_NO_EXPERIMENTS = (
    "This experimental feature is disabled by default. Start the Docker daemon in experimental mode in order to "
    "enable it."
)


class NotOfferedApi:
    """The handlers of what is not offered."""

    def routes(self) -> list[Route]:
        """Return the routes of what is not offered."""
        return [
            *(Route(method, path, _engines(path.partition("{")[0].strip("/"))) for method, path in _ENGINES),
            *(Route(method, path, _not_experimental) for method, path in _EXPERIMENTAL),
            *(Route(method, path, _unavailable(_NO_MANAGER)) for method, path in _SWARM),
            Route("POST", "/swarm/leave", _unavailable(_NO_SWARM)),
            Route("PUT", "/volumes/{name}", _unavailable(_NO_CLUSTER_VOLUME)),
            Route("GET", "/plugins", _plugins),
            *(Route(method, path, _no_plugin) for method, path in _PLUGIN),
        ]


def _engines(what: str) -> Handler:
    async def handler(_call: Call) -> Answer:
        raise needs_engine(what)

    return handler


def _unavailable(message: str) -> Handler:
    async def handler(_call: Call) -> Answer:
        raise Unavailable(message)

    return handler


async def _not_experimental(_call: Call) -> Answer:
    raise NotOffered(_NO_EXPERIMENTS)


async def _plugins(call: Call) -> Answer:
    """GET /plugins?filters="""
    filters.parse(call.text("filters"), _PLUGIN_FILTERS)
    return json_answer([])


async def _no_plugin(call: Call) -> Answer:
    raise NotFound(f'plugin "{call.name}" not found')
