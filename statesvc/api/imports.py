"""Imports over HTTP: a service that holds a data root imports into it on behalf of the command line."""

from collections.abc import Mapping
from pathlib import Path

from starlette.responses import Response

from statesvc.api.routing import Route
from statesvc.api.wire.answers import json_answer
from statesvc.api.wire.call import Call
from statesvc.domain.documents import Document
from statesvc.domain.documents.decode import decode
from statesvc.errors import InvalidParameter, Problem
from statesvc.services.imports.report import Importer


class ImportRequest(Document):
    """What to import: the state of which engine, from which path of the service's machine."""

    engine: str = ""
    path: str = ""
    dry_run: bool = False


class ImportsApi:
    """The handler of imports. The importers are given: HTTP knows nothing of other engines."""

    def __init__(self, importers: Mapping[str, Importer]) -> None:
        self._importers = importers

    def routes(self) -> list[Route]:
        """Return the routes of this noun."""
        return [Route("POST", "/statesvc/v1/import", self.run)]

    async def run(self, call: Call) -> Response:
        """POST /statesvc/v1/import {"engine": "docker", "path": "/var/lib/docker", "dry_run": false}"""
        request = decode(ImportRequest, await call.json_body())
        problems = tuple(self._problems(request))
        if problems:
            raise InvalidParameter("; ".join(problem.message for problem in problems), problems)
        report = await self._importers[request.engine].run(Path(request.path), dry_run=request.dry_run)
        return json_answer(report.to_dict())

    def _problems(self, request: ImportRequest) -> list[Problem]:
        found = []
        if request.engine not in self._importers:
            known = ", ".join(sorted(self._importers))
            message = f"state of the engine {request.engine!r} cannot be imported; {known} can"
            found.append(Problem("engine", "/engine", message, request.engine))
        if not request.path.startswith("/") or "\0" in request.path:
            message = f"the path {request.path!r} is not absolute"
            found.append(Problem("path", "/path", message, request.path))
        return found
