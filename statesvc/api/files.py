"""The files of a container over HTTP: archive, changes, export, commit. Only an engine has them: 501."""

from statesvc.api.bodies import document
from statesvc.api.routing import TAR, Route
from statesvc.api.wire.answer import Answer
from statesvc.api.wire.answers import json_answer
from statesvc.api.wire.call import Call
from statesvc.domain import references
from statesvc.domain.documents import ContainerCreate
from statesvc.errors import InvalidParameter
from statesvc.services.processes import Processes


class FilesApi:
    """The handlers of the files of a container."""

    def __init__(self, processes: Processes) -> None:
        self._processes = processes

    def routes(self) -> list[Route]:
        """Return the routes of this noun."""
        return [
            *(Route(method, "/containers/{name}/archive", self.archive) for method in ("GET", "HEAD")),
            Route("PUT", "/containers/{name}/archive", self.archive, body=TAR),
            Route("GET", "/containers/{name}/changes", self.changes),
            Route("GET", "/containers/{name}/export", self.export),
            Route("POST", "/commit", self.commit, body=ContainerCreate),
        ]

    async def archive(self, call: Call) -> Answer:
        """GET, HEAD and PUT /containers/{name}/archive?path="""
        if not call.text("path"):
            raise InvalidParameter("bad parameter: pathcannot be empty")
        await self._processes.archive(call.name)
        return Answer()

    async def changes(self, call: Call) -> Answer:
        """GET /containers/{name}/changes"""
        await self._processes.changes(call.name)
        return json_answer(None)

    async def export(self, call: Call) -> Answer:
        """GET /containers/{name}/export"""
        await self._processes.export(call.name)
        return Answer()

    async def commit(self, call: Call) -> Answer:
        """POST /commit?container=&repo=&tag=&comment=&author=&pause=&changes="""
        await document(call, ContainerCreate)
        references.parse_repo_tag(call.text("repo"), call.text("tag"))
        await self._processes.commit(call.text("container"), call.values("changes"))
        return Answer(201)
