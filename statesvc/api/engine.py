"""Docker's paths that need an engine, which runs processes or holds files.

Their other errors come first, as in Docker.
"""

from collections.abc import Awaitable, Callable

from starlette.responses import Response

from statesvc.api.call import Call
from statesvc.api.routing import Handler, Route
from statesvc.errors import InvalidParameter, NotFound, NotOffered, StateError
from statesvc.services.containers import Containers

_ON_CONTAINER = {
    "start": "POST", "stop": "POST", "restart": "POST", "pause": "POST", "unpause": "POST", "wait": "POST",
    "resize": "POST", "attach": "POST", "logs": "GET", "stats": "GET", "top": "GET", "changes": "GET", "export": "GET",
}  # fmt: skip
_WITH_BODY = ("exec",)
_ARCHIVE = ("GET", "HEAD", "PUT")
_ELSEWHERE = (
    ("POST", "/commit"), ("POST", "/build"), ("POST", "/build/prune"), ("POST", "/auth"),
    ("GET", "/system/df"), ("GET", "/volumes"), ("POST", "/volumes/create"), ("POST", "/volumes/prune"),
    ("DELETE", "/volumes/{name}"), ("GET", "/networks"), ("POST", "/networks/create"),
    ("POST", "/networks/prune"), ("DELETE", "/networks/{name}"),
    ("POST", "/networks/{name}/connect"), ("POST", "/networks/{name}/disconnect"), ("GET", "/distribution/{name}/json"),
    ("GET", "/exec/{name}/json"), ("POST", "/exec/{name}/start"), ("POST", "/exec/{name}/resize"),
    ("GET", "/swarm"), ("GET", "/services"), ("GET", "/nodes"), ("GET", "/tasks"), ("GET", "/secrets"),
    ("GET", "/configs"), ("GET", "/plugins"),
)  # fmt: skip


class EngineApi:
    """The handlers that look the container up, and then say what is missing."""

    def __init__(self, containers: Containers) -> None:
        self._containers = containers

    def routes(self) -> list[Route]:
        """Return the routes that nothing answers without an engine."""
        return [
            *(
                Route(method, f"/containers/{{name}}/{verb}", self._found(verb))
                for verb, method in _ON_CONTAINER.items()
            ),
            *(Route("POST", f"/containers/{{name}}/{verb}", self._with_body(verb)) for verb in _WITH_BODY),
            *(Route(method, "/containers/{name}/archive", self._found("archive")) for method in _ARCHIVE),
            Route("POST", "/containers/{name}/kill", self.kill),
            # `docker inspect` asks for each kind of object in turn, and goes on to the next only after a 404.
            Route("GET", "/networks/{name}", _unknown("network")),
            Route("GET", "/volumes/{name}", _unknown("volume")),
            *(Route(method, path, _missing(path.partition("{")[0].strip("/"))) for method, path in _ELSEWHERE),
        ]

    async def kill(self, call: Call) -> Response:
        """POST /containers/{name}/kill"""
        try:
            await self._containers.find(call.name)
        except (NotFound, InvalidParameter) as error:
            raise _prefixed(error, f"cannot kill container: {call.name}: ") from None
        raise _needs_engine("kill")

    def _found(self, verb: str) -> Handler:
        async def handler(call: Call) -> Response:
            await self._containers.find(call.name)
            raise _needs_engine(verb)

        return handler

    def _with_body(self, verb: str) -> Callable[[Call], Awaitable[Response]]:
        async def handler(call: Call) -> Response:
            await call.json_body()
            await self._containers.find(call.name)
            raise _needs_engine(verb)

        return handler


def _missing(what: str) -> Handler:
    async def handler(_call: Call) -> Response:
        raise _needs_engine(what)

    return handler


def _unknown(kind: str) -> Handler:
    async def handler(call: Call) -> Response:
        raise NotFound(f"{kind} {call.name} not found: {kind}s are an engine's, and no engine is connected")

    return handler


def _needs_engine(what: str) -> NotOffered:
    return NotOffered(
        f"{what} is not offered: statesvc keeps the state of containers, and no engine is connected to it"
    )


def _prefixed(error: StateError, prefix: str) -> StateError:
    return type(error)(prefix + error.message)
