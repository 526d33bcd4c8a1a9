"""Pruning over HTTP."""

from statesvc.api.routing import Route
from statesvc.api.wire.answer import Answer
from statesvc.api.wire.answers import json_answer
from statesvc.api.wire.call import Call
from statesvc.domain import filters
from statesvc.domain.go.values import atoi
from statesvc.errors import InvalidParameter
from statesvc.services.pruning import ACCEPTED, BUILD_ACCEPTED, IMAGES_ACCEPTED, Pruning


class PruningApi:
    """The handlers of prunes, but for those of volumes and networks, which are with their nouns."""

    def __init__(self, pruning: Pruning) -> None:
        self._pruning = pruning

    def routes(self) -> list[Route]:
        """Return the routes of this noun."""
        return [
            Route("POST", "/containers/prune", self.containers),
            Route("POST", "/images/prune", self.images),
            Route("POST", "/build/prune", self.build_cache),
        ]

    async def containers(self, call: Call) -> Answer:
        """POST /containers/prune?filters="""
        removed = await self._pruning.containers(filters.parse(call.text("filters"), ACCEPTED))
        return json_answer({"ContainersDeleted": removed or None, "SpaceReclaimed": 0})

    async def images(self, call: Call) -> Answer:
        """POST /images/prune?filters="""
        removals = await self._pruning.images(filters.parse(call.text("filters"), IMAGES_ACCEPTED))
        shown = [{"Untagged": done.untagged} if done.untagged else {"Deleted": done.deleted} for done in removals]
        return json_answer({"ImagesDeleted": shown or None, "SpaceReclaimed": 0})

    async def build_cache(self, call: Call) -> Answer:
        """POST /build/prune?filters=&keep-storage=&reserved-space=&max-used-space=&min-free-space=

        There is no build cache, since nothing is built.
        """
        is_new = call.version >= (1, 48)
        for key in ("reserved-space", "max-used-space", "min-free-space") if is_new else ():
            _bytes(call, key)
        if not (is_new and _bytes(call, "reserved-space")):
            _bytes(call, "keep-storage")
        self._pruning.build_cache(filters.parse(call.text("filters"), BUILD_ACCEPTED))
        return json_answer({"CachesDeleted": None, "SpaceReclaimed": 0})


def _bytes(call: Call, key: str) -> int:
    """Return the bytes in a parameter, 0 without one. Raises InvalidParameter for what is no number."""
    if not (text := call.text(key)):
        return 0
    try:
        return atoi(text)
    except ValueError as error:
        raise InvalidParameter(f"{key} is in bytes and expects an integer, got {text}: {error}") from None
