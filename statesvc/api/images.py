"""Image records over HTTP: list, inspect, history, tag, remove."""

from statesvc.api.image_documents import history_steps, inspected, list_entry
from statesvc.api.routing import Route
from statesvc.api.wire.answer import Answer
from statesvc.api.wire.answers import json_answer
from statesvc.api.wire.call import Call
from statesvc.domain import filters
from statesvc.domain.platform import Platform
from statesvc.errors import InvalidParameter
from statesvc.services.images.listing import ACCEPTED
from statesvc.services.images.service import Images, asked_platform


class ImagesApi:
    """The handlers under /images that read and change what is recorded."""

    def __init__(self, images: Images) -> None:
        self._images = images

    def routes(self) -> list[Route]:
        """Return the routes of this noun."""
        return [
            Route("GET", "/images/json", self.index),
            Route("GET", "/images/{name}/json", self.inspect),
            Route("GET", "/images/{name}/history", self.history),
            Route("POST", "/images/{name}/tag", self.tag),
            Route("DELETE", "/images/{name}", self.delete),
        ]

    async def index(self, call: Call) -> Answer:
        """GET /images/json?filters=&filter=&all=&digests=&shared-size=&manifests="""
        wanted = filters.parse(call.text("filters"), ACCEPTED)
        if call.version < (1, 41) and (pattern := call.text("filter")):
            wanted = {**wanted, "reference": (*wanted.get("reference", ()), pattern)}
        counted = call.version >= (1, 51)
        shared = call.version >= (1, 42) and call.flag("shared-size")
        listed = await self._images.listed(wanted, counted=counted, shared=shared)
        return json_answer(
            [
                list_entry(one.recorded, call.version, containers=one.containers if counted else -1, shared=one.shared)
                for one in listed
            ]
        )

    async def inspect(self, call: Call) -> Answer:
        """GET /images/{name}/json?platform=&manifests="""
        platform = asked_platform(call.text("platform")) if call.version >= (1, 49) else None
        if platform and call.flag("manifests"):
            raise InvalidParameter("conflicting options: manifests and platform options cannot both be set")
        return json_answer(inspected(await self._images.inspect(call.name, platform), call.version))

    async def history(self, call: Call) -> Answer:
        """GET /images/{name}/history?platform="""
        platform = asked_platform(call.text("platform")) if call.version >= (1, 48) else None
        return json_answer(history_steps(await self._images.history(call.name, platform)))

    async def tag(self, call: Call) -> Answer:
        """POST /images/{name}/tag?repo=&tag="""
        await self._images.tag(call.name, call.text("repo"), call.text("tag"))
        return Answer(201)

    async def delete(self, call: Call) -> Answer:
        """DELETE /images/{name}?force=&noprune=&platforms="""
        if not call.name.strip():
            raise InvalidParameter("image name cannot be blank")
        platform = None
        if call.version >= (1, 50):
            if "" in call.values("platforms"):
                raise InvalidParameter("failed to parse platform: unexpected end of JSON input")
            platform = one_platform(call, "platforms")
        removals = await self._images.remove(call.name, force=call.flag("force"), platform=platform)
        return json_answer(
            [{"Untagged": done.untagged} if done.untagged else {"Deleted": done.deleted} for done in removals]
        )


def one_platform(call: Call, key: str) -> Platform | None:
    """Return the platform in a parameter that may come several times, None for none.

    Raises InvalidParameter for what is no platform, and for several: an image here is for one.
    """
    asked = [asked_platform(text) for text in call.values(key)]
    if len(asked) > 1:
        raise InvalidParameter("multiple platform parameters not supported")
    return asked[0] if asked else None
