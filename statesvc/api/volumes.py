"""Volumes over HTTP, derived from containers and labelled so."""

from statesvc.api.bodies import document
from statesvc.api.routing import Route
from statesvc.api.wire.answer import Answer
from statesvc.api.wire.answers import json_answer, no_content
from statesvc.api.wire.call import Call
from statesvc.domain import filters
from statesvc.domain.documents import VolumeCreate
from statesvc.services.volumes import ACCEPTED, DERIVED, PRUNE_ACCEPTED, Volume, Volumes


class VolumesApi:
    """The handlers under /volumes."""

    def __init__(self, volumes: Volumes) -> None:
        self._volumes = volumes

    def routes(self) -> list[Route]:
        """Return the routes of this noun."""
        return [
            Route("GET", "/volumes", self.index),
            Route("GET", "/volumes/{name}", self.inspect),
            Route("POST", "/volumes/create", self.create, body=VolumeCreate),
            Route("POST", "/volumes/prune", self.prune),
            Route("DELETE", "/volumes/{name}", self.delete),
        ]

    async def index(self, call: Call) -> Answer:
        """GET /volumes?filters="""
        found = await self._volumes.listed(filters.parse(call.text("filters"), ACCEPTED))
        return json_answer({"Volumes": [entry(volume) for volume in found], "Warnings": None})

    async def inspect(self, call: Call) -> Answer:
        """GET /volumes/{name}"""
        return json_answer(entry(await self._volumes.inspect(call.name)))

    async def create(self, call: Call) -> Answer:
        """POST /volumes/create"""
        asked = await document(call, VolumeCreate)
        return json_answer(entry(await self._volumes.create(asked.Name, asked.Driver, asked.DriverOpts or {})), 201)

    async def prune(self, call: Call) -> Answer:
        """POST /volumes/prune?filters=: all known volumes are in use, so that nothing is removed."""
        self._volumes.prune(filters.parse(call.text("filters"), PRUNE_ACCEPTED))
        return json_answer({"VolumesDeleted": [], "SpaceReclaimed": 0})

    async def delete(self, call: Call) -> Answer:
        """DELETE /volumes/{name}?force="""
        await self._volumes.remove(call.name, force=call.flag("force"))
        return no_content()


def entry(volume: Volume) -> dict[str, object]:
    """Return a volume as Docker shows it. Its time of creation and its options are not known."""
    return {
        "Driver": volume.driver,
        "Labels": dict(DERIVED),
        "Mountpoint": volume.mountpoint,
        "Name": volume.name,
        "Options": None,
        "Scope": "local",
    }
