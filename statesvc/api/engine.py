"""Docker's paths that nothing here can answer: they need an engine, or what belongs to one."""

from starlette.responses import Response

from statesvc.api.call import Call
from statesvc.api.routing import Handler, Route
from statesvc.errors import NotFound
from statesvc.services.processes import needs_engine

_ELSEWHERE = (
    ("POST", "/build"), ("POST", "/build/prune"), ("POST", "/auth"), ("GET", "/system/df"), ("GET", "/volumes"),
    ("POST", "/volumes/create"), ("POST", "/volumes/prune"), ("DELETE", "/volumes/{name}"), ("GET", "/networks"),
    ("POST", "/networks/create"), ("POST", "/networks/prune"), ("DELETE", "/networks/{name}"),
    ("POST", "/networks/{name}/connect"), ("POST", "/networks/{name}/disconnect"), ("GET", "/distribution/{name}/json"),
    ("GET", "/swarm"), ("GET", "/services"), ("GET", "/nodes"), ("GET", "/tasks"), ("GET", "/secrets"),
    ("GET", "/configs"), ("GET", "/plugins"),
)  # fmt: skip


class EngineApi:
    """The handlers that say what is missing."""

    def routes(self) -> list[Route]:
        """Return the routes that nothing answers without an engine."""
        return [
            # `docker inspect` asks for each kind of object in turn, and goes on to the next only after a 404.
            Route("GET", "/networks/{name}", _unknown("network")),
            Route("GET", "/volumes/{name}", _unknown("volume")),
            *(Route(method, path, _missing(path.partition("{")[0].strip("/"))) for method, path in _ELSEWHERE),
        ]


def _missing(what: str) -> Handler:
    async def handler(_call: Call) -> Response:
        raise needs_engine(what)

    return handler


def _unknown(kind: str) -> Handler:
    async def handler(call: Call) -> Response:
        raise NotFound(f"{kind} {call.name} not found: {kind}s are an engine's, and no engine is connected")

    return handler
