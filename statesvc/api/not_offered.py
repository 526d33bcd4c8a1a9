"""The paths of Docker's API without a counterpart here: 501 for what needs an engine, and no plugins."""

from statesvc.api.routing import Handler, Route
from statesvc.api.wire.answer import Answer
from statesvc.api.wire.answers import json_answer
from statesvc.api.wire.call import Call
from statesvc.domain import filters
from statesvc.errors import InvalidParameter, NotFound, NotOffered, Unavailable
from statesvc.services.engines import needs_engine

_ENGINES = (
    ("POST", "/session"), ("POST", "/grpc"), ("POST", "/auth"),
    ("GET", "/distribution/{name}/json"),
    ("GET", "/plugins/privileges"), ("POST", "/plugins/pull"), ("POST", "/plugins/create"),
)  # fmt: skip
_EXPERIMENTAL = (
    ("GET", "/containers/{name}/checkpoints"), ("POST", "/containers/{name}/checkpoints"),
    ("DELETE", "/containers/{name}/checkpoints/{checkpoint}"),
)  # fmt: skip
_PLUGIN = (
    ("GET", "/plugins/{name}/json"), ("DELETE", "/plugins/{name}"),
    *(("POST", f"/plugins/{{name}}/{doing}") for doing in ("enable", "disable", "push", "upgrade", "set")),
)  # fmt: skip
_PLUGIN_FILTERS = frozenset({"enabled", "capability"})

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
            Route("POST", "/build/cancel", _cancel_build),
            Route("PUT", "/volumes/{name}", _no_cluster_volume),
            Route("GET", "/plugins", _plugins),
            *(Route(method, path, _no_plugin) for method, path in _PLUGIN),
        ]


def _engines(what: str) -> Handler:
    async def handler(_call: Call) -> Answer:
        raise needs_engine(what)

    return handler


async def _cancel_build(call: Call) -> Answer:
    """POST /build/cancel?id="""
    if not call.text("id"):
        raise InvalidParameter("build ID not provided")
    raise needs_engine("build/cancel")


async def _no_cluster_volume(_call: Call) -> Answer:
    raise Unavailable(_NO_CLUSTER_VOLUME)


async def _not_experimental(_call: Call) -> Answer:
    raise NotOffered(_NO_EXPERIMENTS)


async def _plugins(call: Call) -> Answer:
    """GET /plugins?filters="""
    filters.parse(call.text("filters"), _PLUGIN_FILTERS)
    return json_answer([])


async def _no_plugin(call: Call) -> Answer:
    raise NotFound(f'plugin "{call.name}" not found')
