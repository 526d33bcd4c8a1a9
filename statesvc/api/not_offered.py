"""The paths of Docker's API that answer 501: they need an engine, a registry or a cluster."""

from statesvc.api.routing import Handler, Route
from statesvc.api.wire.answer import Answer
from statesvc.api.wire.call import Call
from statesvc.services.engines import needs_engine

_ELSEWHERE = (
    ("POST", "/build"), ("POST", "/auth"), ("GET", "/distribution/{name}/json"),
    ("GET", "/swarm"), ("GET", "/services"), ("GET", "/nodes"), ("GET", "/tasks"), ("GET", "/secrets"),
    ("GET", "/configs"), ("GET", "/plugins"),
)  # fmt: skip


class NotOfferedApi:
    """The handlers that answer 501."""

    def routes(self) -> list[Route]:
        """Return the routes of what is not offered."""
        return [Route(method, path, _missing(path.partition("{")[0].strip("/"))) for method, path in _ELSEWHERE]


def _missing(what: str) -> Handler:
    async def handler(_call: Call) -> Answer:
        raise needs_engine(what)

    return handler
