"""Pruning over HTTP."""

from starlette.responses import Response

from statesvc.api.answers import json_answer
from statesvc.api.call import Call
from statesvc.api.routing import Route
from statesvc.domain import filters
from statesvc.services.pruning import ACCEPTED, Pruning


class PruningApi:
    """The handler of /containers/prune."""

    def __init__(self, pruning: Pruning) -> None:
        self._pruning = pruning

    def routes(self) -> list[Route]:
        """Return the routes of this noun."""
        return [Route("POST", "/containers/prune", self.containers)]

    async def containers(self, call: Call) -> Response:
        """POST /containers/prune?filters="""
        removed = await self._pruning.containers(filters.parse(call.text("filters"), ACCEPTED))
        return json_answer({"ContainersDeleted": removed or None, "SpaceReclaimed": 0})
