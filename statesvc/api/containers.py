"""Containers over HTTP: create, list, inspect, rename, delete."""

from typing import Any

import orjson

from statesvc.api import listing
from statesvc.api.bodies import decoded, document
from statesvc.api.inspection import render
from statesvc.api.preconditions import if_match, tagged
from statesvc.api.routing import Route
from statesvc.api.wire.answer import Answer
from statesvc.api.wire.answers import json_answer, no_content, raw_json
from statesvc.api.wire.call import Call
from statesvc.domain.api_version import Version
from statesvc.domain.documents import ContainerCreate, ContainerUpdate
from statesvc.domain.documents.update import host_config
from statesvc.domain.network_mode import is_user_defined
from statesvc.domain.times import Clock
from statesvc.services.containers.service import Containers, Inspection
from statesvc.services.listing.service import Listing

_AS_STORED = (1, 45)
"""Since this version, inspect shows a container as it is stored."""


class ContainersApi:
    """The handlers under /containers that need no engine."""

    def __init__(self, containers: Containers, listing: Listing, clock: Clock) -> None:
        self._containers = containers
        self._listing = listing
        self._clock = clock

    def routes(self) -> list[Route]:
        """Return the routes of this noun."""
        return [
            Route("POST", "/containers/create", self.create, body=ContainerCreate),
            Route("GET", "/containers/json", self.index),
            Route("GET", "/containers/{name}/json", self.inspect),
            Route("POST", "/containers/{name}/update", self.update, body=ContainerUpdate),
            Route("POST", "/containers/{name}/rename", self.rename),
            Route("DELETE", "/containers/{name}", self.delete),
        ]

    async def create(self, call: Call) -> Answer:
        """POST /containers/create?name=&platform="""
        request = await decoded(call, ContainerCreate, await call.json_body())
        created = await self._containers.create(
            call.text("name"),
            request,
            version=call.version,
            platform=call.text("platform"),
            idempotency_key=call.header("idempotency-key"),
        )
        return json_answer({"Id": created.id, "Warnings": list(created.warnings)}, 201)

    async def index(self, call: Call) -> Answer:
        """GET /containers/json?all=&limit=&size=&filters="""
        render = listing.rendered(self._clock(), call.version)
        return listing.answer(await self._listing.index(listing.query(call), render))

    async def inspect(self, call: Call) -> Answer:
        """GET /containers/{name}/json?size="""
        row = await self._containers.inspect(call.name)
        if call.version >= _AS_STORED and not call.query:
            return tagged(raw_json(render(row)), row.revision)
        document: dict[str, Any] = orjson.loads(render(row))
        if call.flag("size"):
            document |= await self._sizes(row)
        return tagged(raw_json(_adapted(document, call.version)), row.revision)

    async def _sizes(self, row: Inspection) -> dict[str, int]:
        """Return the sizes that are known. Only an engine knows what a container that ran has written."""
        root = await self._containers.image_size(row.image_id)
        return {"SizeRootFs": root} if row.started_at else {"SizeRw": 0, "SizeRootFs": root}

    async def update(self, call: Call) -> Answer:
        """POST /containers/{name}/update"""
        expected = if_match(call)
        asked = host_config(await document(call, ContainerUpdate))
        warnings = await self._containers.update(call.name, asked, version=call.version, expected=expected)
        return json_answer({"Warnings": list(warnings)})

    async def rename(self, call: Call) -> Answer:
        """POST /containers/{name}/rename?name="""
        await self._containers.rename(call.name, call.text("name"), expected=if_match(call))
        return no_content()

    async def delete(self, call: Call) -> Answer:
        """DELETE /containers/{name}?force=&v=&link="""
        if call.flag("link"):
            await self._containers.remove_link(call.name, expected=if_match(call))
        else:
            await self._containers.remove(call.name, force=call.flag("force"), expected=if_match(call))
        return no_content()


def _adapted(document: dict[str, Any], version: Version) -> bytes:
    """Return an inspect document as the API version has it (moby daemon/inspect.go)."""
    if version < _AS_STORED:
        more = [document["Id"][:12], document["Config"]["Hostname"]]
        for name, endpoint in document["NetworkSettings"]["Networks"].items():
            if is_user_defined(name):
                endpoint["Aliases"] = list(dict.fromkeys([*(endpoint["Aliases"] or ()), *more]))
    return orjson.dumps(document)
