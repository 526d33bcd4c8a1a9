"""Runtimes over HTTP: the version in force, those before, the containers that lag behind, a reload."""

from starlette.responses import Response

from statesvc.api.routing import Route
from statesvc.api.wire.answers import json_answer
from statesvc.api.wire.call import Call
from statesvc.domain.runtime_history import shown
from statesvc.services.runtimes.history import RuntimeHistory
from statesvc.services.runtimes.service import Runtimes

HISTORY = 50


class RuntimesApi:
    """The handlers under /statesvc/v1/runtimes."""

    def __init__(self, runtimes: Runtimes, history: RuntimeHistory) -> None:
        self._runtimes = runtimes
        self._history = history

    def routes(self) -> list[Route]:
        """Return the routes of this noun."""
        return [
            Route("GET", "/statesvc/v1/runtimes", self.in_force),
            Route("GET", "/statesvc/v1/runtimes/history", self.history),
            Route("GET", "/statesvc/v1/runtimes/changes", self.changes),
            Route("GET", "/statesvc/v1/runtimes/drift", self.drift),
            Route("POST", "/statesvc/v1/runtimes/reload", self.reload),
        ]

    async def in_force(self, _call: Call) -> Response:
        """GET /statesvc/v1/runtimes"""
        version, runtimes = await self._history.in_force()
        return json_answer(version.told() | {"runtimes": [shown(runtime) for runtime in runtimes]})

    async def history(self, call: Call) -> Response:
        """GET /statesvc/v1/runtimes/history?limit="""
        limit = call.number("limit") if call.text("limit") else HISTORY
        return json_answer({"versions": [one.told() for one in await self._history.versions(limit)]})

    async def changes(self, call: Call) -> Response:
        """GET /statesvc/v1/runtimes/changes?before=&after="""
        return json_answer((await self._history.changes(call.number("before"), call.number("after"))).told())

    async def drift(self, _call: Call) -> Response:
        """GET /statesvc/v1/runtimes/drift"""
        return json_answer({"containers": [one.told() for one in await self._history.drift()]})

    async def reload(self, _call: Call) -> Response:
        """POST /statesvc/v1/runtimes/reload"""
        return json_answer((await self._runtimes.reload()).told())
