"""The dry run of a create request over HTTP: validates it and creates nothing."""

from statesvc.api.endpoint import MORE, Endpoint
from statesvc.api.routing import Route
from statesvc.api.wire.answer import Answer
from statesvc.api.wire.answers import json_answer
from statesvc.api.wire.call import Call
from statesvc.domain.documents import ContainerCreate
from statesvc.errors import Problem
from statesvc.services.containers.service import Containers, Judgement

_VALIDATE = Endpoint(
    "Check a create request and create nothing: every mistake, every warning, and the documents that would be stored "
    "if there is no mistake. The body is that of Docker's create. [validation.md](validation.md) lists the codes. "
    "A path with a version (`/v1.43/statesvc/v1/…`) checks by that version of Docker's API.",
    {
        "Valid": True,
        "Message": "",
        "Errors": [{"Code": "memory-minimum", "Field": "/HostConfig/Memory", "Message": MORE, "Value": 1}],
        "Warnings": [],
        "Config": {"Cmd": ["sleep", "100"], MORE: MORE},
        "HostConfig": {"Memory": 67108864, MORE: MORE},
        "NetworkingConfig": {"EndpointsConfig": {"bridge": {MORE: MORE}}},
    },
    query={"name": "the name that it would get", "platform": "as that of Docker's create"},
    body={"Image": "busybox", "Cmd": ["sleep", "100"], "HostConfig": {"Memory": 67108864}},
)


class ValidationApi:
    """The handler of /statesvc/v1/containers/validate."""

    def __init__(self, containers: Containers) -> None:
        self._containers = containers

    def routes(self) -> list[Route]:
        """Return the routes of this noun."""
        return [Route("POST", "/statesvc/v1/containers/validate", self.validate, _VALIDATE, ContainerCreate)]

    async def validate(self, call: Call) -> Answer:
        """POST /statesvc/v1/containers/validate?name=&platform=, the body that of a create."""
        judgement = await self._containers.judge(
            await call.json_body(), name=call.text("name"), version=call.version, platform=call.text("platform")
        )
        return json_answer(judgement_document(judgement))


def judgement_document(judgement: Judgement) -> dict[str, object]:
    """Return a judgement: every mistake and warning, and the documents that would be stored if there is no mistake."""
    refusal, verified = judgement.refusal, judgement.verified
    problems = refusal.problems if refusal else ()
    document: dict[str, object] = {
        "Valid": refusal is None,
        "Message": refusal.message if refusal else "",
        "Errors": [_problem(problem) for problem in problems],
        "Warnings": list(judgement.warnings),
    }
    if verified:
        networks = {name: endpoint.to_dict() for name, endpoint in verified.networks.items()}
        document["Config"] = verified.config.to_dict()
        document["HostConfig"] = verified.host_config.to_dict()
        document["NetworkingConfig"] = {"EndpointsConfig": networks}
    return document


def _problem(problem: Problem) -> dict[str, object]:
    return {"Code": problem.code, "Field": problem.field, "Message": problem.message, "Value": problem.value}
