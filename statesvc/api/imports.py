"""Imports over HTTP: a service that holds a data root imports into it on behalf of the command line."""

import json
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path

from statesvc.api.bodies import decoded
from statesvc.api.endpoint import Endpoint
from statesvc.api.routing import Route
from statesvc.api.wire.answer import Answer
from statesvc.api.wire.answers import json_answer
from statesvc.api.wire.call import Call
from statesvc.domain.documents import Document
from statesvc.domain.limits import KIB, LIMITS
from statesvc.domain.printable import printable
from statesvc.errors import InvalidParameter, Problem, TooLarge, pointer
from statesvc.services.imports.report import Entry, Importer, Report

_IMPORT = Endpoint(
    "Import the containers and images of another engine from a folder on the service's machine. `statesvc import` "
    "calls this if a service holds the data root. What is in the database already stays as it is. With `DryRun` "
    "nothing is changed. An outcome is `imported`, `unchanged`, `skipped` or `failed`; `Complete` is false after "
    "one of the last two.",
    {
        "Engine": "docker",
        "Path": "/var/lib/docker",
        "DryRun": False,
        "Complete": True,
        "Counts": {"container": {"imported": 1, "unchanged": 0, "skipped": 0, "failed": 0}},
        "Notes": [],
        "Objects": [
            {
                "Kind": "container",
                "Id": "4f1c…",
                "Name": "web",
                "Outcome": "imported",
                "Message": "",
                "Warnings": [],
            }
        ],
    },
    body={"Engine": "docker", "Path": "/var/lib/docker", "DryRun": False},
    errors={
        400: "another engine than `docker`, a path that is not absolute, or a folder that holds no such state",
        404: "there is no such folder",
    },
)


_LARGEST = 64 * KIB


class ImportRequest(Document):
    """What to import: the state of which engine, from which path of the service's machine."""

    Engine: str = ""
    Path: str = ""
    DryRun: bool = False


class ImportsApi:
    """The handler of imports. The importers are given: HTTP knows nothing of other engines."""

    def __init__(self, importers: Mapping[str, Importer]) -> None:
        self._importers = importers

    def routes(self) -> list[Route]:
        """Return the routes of this noun."""
        return [Route("POST", "/statesvc/v1/import", self.run, _IMPORT, ImportRequest)]

    async def run(self, call: Call) -> Answer:
        """POST /statesvc/v1/import {"Engine": "docker", "Path": "/var/lib/docker", "DryRun": false}"""
        body = await call.json_body()
        if len(body) > _LARGEST:
            raise TooLarge(f"the request of an import is larger than {_LARGEST // KIB} KiB")
        request = await decoded(call, ImportRequest, body)
        problems = (*islice(_unknown_fields(body), LIMITS.shown_problems), *self._problems(request))
        if problems:
            raise InvalidParameter("; ".join(problem.message for problem in problems), problems)
        report = await self._importers[request.Engine].run(Path(request.Path), dry_run=request.DryRun)
        return json_answer(report_document(report))

    def _problems(self, request: ImportRequest) -> list[Problem]:
        found = []
        if request.Engine not in self._importers:
            known = ", ".join(sorted(self._importers))
            message = f"state of the engine {request.Engine!r} cannot be imported; {known} can"
            found.append(Problem("engine", "/Engine", message, request.Engine))
        if not request.Path.startswith("/") or "\0" in request.Path:
            message = f"the path {request.Path!r} is not absolute"
            found.append(Problem("path", "/Path", message, request.Path))
        return found


def _unknown_fields(body: bytes) -> Iterator[Problem]:
    """Yield the fields of a request that it does not have. A misspelt DryRun would not be dry."""
    known = {name.lower() for name in ImportRequest.model_fields}
    for name in json.JSONDecoder().raw_decode(body.decode(errors="replace").lstrip())[0] or ():
        if name.lower() not in known:
            message = f"{name[:50]!r} is no field of an import: it has {', '.join(ImportRequest.model_fields)}"
            yield Problem("unknown", pointer(name), message)


def report_document(report: Report) -> dict[str, object]:
    """Return the report of an import. Control characters in texts of the other engine are escaped."""
    return {
        "Engine": report.engine,
        "Path": printable(report.path),
        "DryRun": report.dry_run,
        "Complete": report.complete,
        "Counts": report.counts,
        "Notes": [printable(note) for note in report.notes],
        "Objects": [_entry(entry) for entry in report.entries],
    }


def _entry(entry: Entry) -> dict[str, object]:
    return {
        "Kind": entry.kind,
        "Id": printable(entry.id),
        "Name": printable(entry.name),
        "Outcome": entry.outcome.value,
        "Message": printable(entry.message),
        "Warnings": [printable(warning) for warning in entry.warnings],
    }
