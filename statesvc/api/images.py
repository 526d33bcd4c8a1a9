"""Image records over HTTP: load, import, tag, list, inspect, remove."""

from collections.abc import Sequence

import orjson

from statesvc.api.routing import Route
from statesvc.api.wire.answer import Answer
from statesvc.api.wire.answers import JSON, json_answer, typed
from statesvc.api.wire.call import Call
from statesvc.domain import filters
from statesvc.domain.api_version import Version
from statesvc.domain.times import SECOND
from statesvc.domain.times import render as time_text
from statesvc.errors import InvalidParameter, NotOffered
from statesvc.services.images.listing import ACCEPTED
from statesvc.services.images.records import RecordedImage
from statesvc.services.images.service import Images


class ImagesApi:
    """The handlers under /images."""

    def __init__(self, images: Images) -> None:
        self._images = images

    def routes(self) -> list[Route]:
        """Return the routes of this noun."""
        return [
            Route("GET", "/images/json", self.index),
            Route("POST", "/images/load", self.load),
            Route("POST", "/images/create", self.create),
            Route("GET", "/images/{name}/json", self.inspect),
            Route("POST", "/images/{name}/tag", self.tag),
            Route("DELETE", "/images/{name}", self.delete),
        ]

    async def index(self, call: Call) -> Answer:
        """GET /images/json?filters=&filter=&all=&digests="""
        wanted = filters.parse(call.text("filters"), ACCEPTED)
        if call.version < (1, 41) and (pattern := call.text("filter")):
            wanted = {**wanted, "reference": (*wanted.get("reference", ()), pattern)}
        return json_answer([entry(image, call.version) for image in await self._images.listed(wanted)])

    async def load(self, call: Call) -> Answer:
        """POST /images/load, the body a tar archive of `docker save`."""
        lines = await self._images.load(call.stream())
        return _lines([{"stream": line + "\n"} for line in lines])

    async def create(self, call: Call) -> Answer:
        """POST /images/create: with fromSrc an import; with fromImage a pull, which is not offered."""
        source = call.text("fromSrc")
        if not source:
            raise NotOffered(
                f"pulling {call.text('fromImage')!r} is not offered: statesvc keeps image records and talks to no "
                "registry; load the image from an archive: docker save IMAGE | docker load"
            )
        if source != "-":
            raise NotOffered(
                f"importing from {source!r} is not offered: send the archive itself: docker import - < FILE"
            )
        image_id = await self._images.import_root(
            call.stream(),
            repo=call.text("repo"),
            tag=call.text("tag"),
            message=call.text("message"),
            changes=call.values("changes"),
            architecture=call.text("platform").partition("/")[2].partition("/")[0],
        )
        return _lines([{"status": image_id}])

    async def inspect(self, call: Call) -> Answer:
        """GET /images/{name}/json"""
        return json_answer(_document(await self._images.inspect(call.name), call.version))

    async def tag(self, call: Call) -> Answer:
        """POST /images/{name}/tag?repo=&tag="""
        await self._images.tag(call.name, call.text("repo"), call.text("tag"))
        return Answer(201)

    async def delete(self, call: Call) -> Answer:
        """DELETE /images/{name}?force="""
        if not call.name.strip():
            raise InvalidParameter("image name cannot be blank")
        removals = await self._images.remove(call.name, force=call.flag("force"))
        return json_answer(
            [{"Untagged": done.untagged} if done.untagged else {"Deleted": done.deleted} for done in removals]
        )


def _lines(messages: Sequence[dict[str, str]]) -> Answer:
    return typed(b"".join(orjson.dumps(message) + b"\r\n" for message in messages), JSON)


def entry(image: RecordedImage, version: Version) -> dict[str, object]:
    """Return an image as a list shows it."""
    parsed = image.parsed
    shown: dict[str, object] = {
        "Containers": -1,
        "Created": (image.image.created_at or 0) // SECOND,
        "Id": image.image.id,
        "Labels": parsed.config.Labels if parsed.config else None,
        "ParentId": parsed.parent,
        "RepoDigests": image.repo_digests,
        "RepoTags": image.repo_tags,
        "SharedSize": -1,
        "Size": image.image.size,
    }
    if version < (1, 44):
        shown["VirtualSize"] = image.image.size
    if version < (1, 43) and not image.repo_tags:
        shown |= {"RepoTags": ["<none>:<none>"], "RepoDigests": image.repo_digests or ["<none>@<none>"]}
    return shown


def _document(image: RecordedImage, version: Version) -> dict[str, object]:
    parsed = image.parsed
    shown: dict[str, object] = {
        "Id": image.image.id,
        "RepoTags": image.repo_tags,
        "RepoDigests": image.repo_digests,
        "Parent": parsed.parent,
        "Comment": parsed.comment,
        "Created": time_text(image.image.created_at),
        "DockerVersion": parsed.docker_version,
        "Author": parsed.author,
        "Config": parsed.config.to_dict() if parsed.config else None,
        "Architecture": parsed.architecture,
        "Os": parsed.os,
        "Size": image.image.size,
        "GraphDriver": {"Data": None, "Name": "overlay2"},
        "RootFS": {"Type": "layers", "Layers": list(parsed.diff_ids)} if parsed.diff_ids else {"Type": "layers"},
        "Metadata": {"LastTagTime": time_text(image.image.tagged_at)},
    }
    if parsed.variant:
        shown["Variant"] = parsed.variant
    if parsed.os_version:
        shown["OsVersion"] = parsed.os_version
    if version < (1, 44):
        shown["VirtualSize"] = image.image.size
    if version < (1, 45):
        container_config = parsed.container_config.to_dict() if parsed.container_config else None
        shown |= {"Container": parsed.container, "ContainerConfig": container_config}
    return shown
