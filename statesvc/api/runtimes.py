"""Runtimes over HTTP: the versions of the configuration, a reload."""

from starlette.responses import Response

from statesvc.api.answers import json_answer
from statesvc.api.call import Call
from statesvc.api.routing import Route
from statesvc.services.runtimes import Runtimes


class RuntimesApi:
    """The handlers under /statesvc/v1/runtimes."""

    def __init__(self, runtimes: Runtimes) -> None:
        self._runtimes = runtimes

    def routes(self) -> list[Route]:
        """Return the routes of this noun."""
        return [
            Route("POST", "/statesvc/v1/runtimes/reload", self.reload),
        ]

    async def reload(self, _call: Call) -> Response:
        """POST /statesvc/v1/runtimes/reload"""
        return json_answer((await self._runtimes.reload()).told())
