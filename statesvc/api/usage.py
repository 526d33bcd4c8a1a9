"""`docker system df` over HTTP."""

import orjson

from statesvc.api import listing, volumes
from statesvc.api.image_documents import list_entry
from statesvc.api.routing import Route
from statesvc.api.wire.answer import Answer
from statesvc.api.wire.answers import raw_json
from statesvc.api.wire.call import Call
from statesvc.domain.api_version import Version
from statesvc.domain.times import Clock
from statesvc.errors import InvalidParameter
from statesvc.services.usage import DiskUsage, Usage

_KINDS = ("container", "image", "volume", "build-cache")


class UsageApi:
    """The handler of /system/df."""

    def __init__(self, usage: DiskUsage, clock: Clock) -> None:
        self._usage = usage
        self._clock = clock

    def routes(self) -> list[Route]:
        """Return the routes of this noun."""
        return [Route("GET", "/system/df", self.df)]

    async def df(self, call: Call) -> Answer:
        """GET /system/df?type=, the type any number of times. Fields of other types are null."""
        asked = call.values("type") if call.version >= (1, 42) else []
        for kind in asked:
            if kind not in _KINDS:
                raise InvalidParameter(f"unknown object type: {kind}")
        shown = frozenset(asked or _KINDS)
        if "container" not in shown:
            before, after = _around(await self._usage.without_containers(), shown, call.version)
            return raw_json(before + b"null" + after)
        pages = await self._usage.all(listing.rendered(self._clock()))
        try:
            before, after = _around(pages.before, shown, call.version)
        except BaseException:
            pages.close()
            raise
        return listing.answer(pages, before + b"[", b"]" + after)


def _around(usage: Usage, shown: frozenset[str], version: Version) -> tuple[bytes, bytes]:
    """Return what is before the list of containers, and what is behind it."""
    head = {
        "LayersSize": usage.layers if "image" in shown else 0,
        "Images": _images(usage, version) if "image" in shown else None,
    }
    tail: dict[str, object] = {
        "Volumes": _volumes(usage) if "volume" in shown else None,
        "BuildCache": [] if "build-cache" in shown else None,
    }
    return orjson.dumps(head)[:-1] + b',"Containers":', b"," + orjson.dumps(tail)[1:]


def _images(usage: Usage, version: Version) -> list[dict[str, object]]:
    return [
        list_entry(image, version, containers=of_image.users, shared=of_image.shared)
        | {"RepoTags": image.repo_tags or None, "RepoDigests": image.repo_digests or None}
        for image in usage.images
        if (of_image := usage.shared[image.image.id])
    ]


def _volumes(usage: Usage) -> list[dict[str, object]]:
    # Only the driver of a volume knows how large it is; Docker answers -1 for an unknown size.
    return [volumes.entry(volume) | {"UsageData": {"RefCount": volume.users, "Size": -1}} for volume in usage.volumes]
