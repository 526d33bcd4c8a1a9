"""Images that come and go over HTTP: load and import; pull, push, search, export and build, which are not offered."""

from collections.abc import Sequence

import orjson

from statesvc.api.images import one_platform
from statesvc.api.routing import TAR, Route
from statesvc.api.wire.answer import Answer
from statesvc.api.wire.answers import JSON, json_answer, typed
from statesvc.api.wire.call import Call
from statesvc.domain import filters, references
from statesvc.domain.filters import Filters
from statesvc.domain.go.values import atoi
from statesvc.errors import Forbidden, InvalidParameter, NotOffered
from statesvc.services.engines import needs_engine
from statesvc.services.images.service import Images, asked_platform

_SEARCH_FILTERS = frozenset({"is-automated", "is-official", "stars"})


class ImageTransferApi:
    """The handlers that bring images in and out."""

    def __init__(self, images: Images) -> None:
        self._images = images

    def routes(self) -> list[Route]:
        """Return the routes of this noun."""
        return [
            Route("POST", "/images/load", self.load, body=TAR),
            Route("POST", "/images/create", self.create, body=TAR),
            Route("GET", "/images/search", self.search),
            Route("GET", "/images/get", self.export),
            Route("GET", "/images/{name}/get", self.export),
            Route("POST", "/images/{name}/push", self.push),
            Route("POST", "/build", self.build),
        ]

    async def load(self, call: Call) -> Answer:
        """POST /images/load?quiet=&platform=, the body a tar archive of `docker save`.

        As Docker does it, the answer to a broken archive is a 200 whose stream tells the error: clients look there.
        """
        platform = one_platform(call, "platform") if call.version >= (1, 48) else None
        try:
            lines = await self._images.load(call.stream(), platform)
        except InvalidParameter as error:
            return _lines([{"errorDetail": {"message": error.message}, "error": error.message}])
        return _lines([{"stream": line + "\n"} for line in lines])

    async def create(self, call: Call) -> Answer:
        """POST /images/create?fromImage=&fromSrc=&repo=&tag=&message=&changes=&platform=

        With fromImage it is a pull, which is not offered; with fromSrc an import.
        """
        platform = call.text("platform") if call.version >= (1, 32) else ""
        self._images.platform_named(platform)
        if call.text("fromImage"):
            self._pull(call.text("fromImage"), call.text("tag"))
        references.parse_repo_tag(call.text("repo"), call.text("tag"))
        if call.text("fromSrc") != "-":
            raise NotOffered(
                f"importing from {call.text('fromSrc')!r} is not offered: send the archive itself: "
                "docker import - < FILE"
            )
        image_id = await self._images.import_root(
            call.stream(),
            repo=call.text("repo"),
            tag=call.text("tag"),
            message=call.text("message"),
            changes=call.values("changes"),
            platform=platform,
        )
        return _lines([{"status": image_id}])

    async def search(self, call: Call) -> Answer:
        """GET /images/search?term=&limit=&filters=: there is no registry, but mistakes are reported first."""
        limit = _limit(call.text("limit"))
        wanted = filters.parse(call.text("filters"), _SEARCH_FILTERS)
        automated = filters.flag(wanted, "is-automated")
        filters.flag(wanted, "is-official")
        _check_stars(wanted)
        if automated:  # no registry knows of such any more
            return json_answer([])
        if not 1 <= limit <= 100:
            raise InvalidParameter(f"limit {limit} is outside the range of [1, 100]")
        raise NotOffered(f"searching for {call.text('term')!r} is not offered: statesvc talks to no registry")

    async def export(self, call: Call) -> Answer:
        """GET /images/{name}/get or /images/get?names=&platform=: only an engine has the layers."""
        if call.version >= (1, 48):
            one_platform(call, "platform")
        for name in [call.name] if call.name else call.values("names"):
            await self._images.find(name)
        raise needs_engine("export of images")

    async def push(self, call: Call) -> Answer:
        """POST /images/{name}/push?tag=&platform="""
        if call.version >= (1, 46):
            asked_platform(call.text("platform"))
        await self._images.find_repository(call.name, call.text("tag"))
        raise needs_engine("push")

    async def build(self, call: Call) -> Answer:
        """POST /build?platform=: only an engine can run the steps, but a platform that is none is refused first."""
        if call.version >= (1, 32):
            self._images.platform_named(call.text("platform"))
        raise needs_engine("build")

    def _pull(self, image: str, tag: str) -> None:
        reference = references.parse_pulled(image.removesuffix(":"), tag)
        if reference.familiar_name == "scratch":
            raise Forbidden("'scratch' is a reserved name")
        raise NotOffered(
            f"pulling {image!r} is not offered: statesvc keeps image records and talks to no registry; load the image "
            "from an archive: docker save IMAGE | docker load"
        )


def _limit(text: str) -> int:
    try:
        limit = atoi(text) if text else 0
    except ValueError as error:
        raise InvalidParameter(f"invalid limit specified: {error}") from None
    return 25 if limit == 0 else limit


def _check_stars(wanted: Filters) -> None:
    for stars in wanted.get("stars", ()):
        try:
            atoi(stars)
        except ValueError as error:
            raise InvalidParameter(f"invalid filter 'stars={stars}': {error}") from None


def _lines(messages: Sequence[dict[str, object]]) -> Answer:
    return typed(b"".join(orjson.dumps(message) + b"\r\n" for message in messages), JSON)
