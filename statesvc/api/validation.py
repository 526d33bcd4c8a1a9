"""The dry run over HTTP: what would become of a create request, with nothing created."""

from starlette.responses import Response

from statesvc.api.routing import Route
from statesvc.api.wire.answers import json_answer
from statesvc.api.wire.call import Call
from statesvc.services.containers.service import Containers


class ValidationApi:
    """The handler of /statesvc/v1/containers/validate."""

    def __init__(self, containers: Containers) -> None:
        self._containers = containers

    def routes(self) -> list[Route]:
        """Return the routes of this noun."""
        return [Route("POST", "/statesvc/v1/containers/validate", self.validate)]

    async def validate(self, call: Call) -> Response:
        """POST /statesvc/v1/containers/validate?name=&platform=, the body that of a create."""
        judgement = await self._containers.judge(
            await call.json_body(), name=call.text("name"), version=call.version, platform=call.text("platform")
        )
        return json_answer(judgement.told())
