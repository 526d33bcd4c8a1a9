"""Image records: load, import, tag, list, inspect, remove. Layers are digested, not stored."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from statesvc.db import images
from statesvc.db.damage.judges import fault
from statesvc.db.database import Database
from statesvc.db.images import Image
from statesvc.db.sqlite import Connection
from statesvc.domain import references
from statesvc.domain.dockerfile import apply_changes
from statesvc.domain.documents import Config
from statesvc.domain.filters import Filters
from statesvc.domain.image_config import image_id, imported_config, parse_image_config
from statesvc.domain.platform import Platform, of_host, of_image
from statesvc.domain.references import Reference
from statesvc.errors import Damaged, InvalidParameter
from statesvc.services.images import history, listing, loading, records, removal
from statesvc.services.images.archive import digest_layer, read_archive
from statesvc.services.images.history import History
from statesvc.services.images.listing import ListedImage
from statesvc.services.images.records import RecordedImage, find
from statesvc.services.images.removal import Removal
from statesvc.services.images.streams import read_in_thread
from statesvc.services.journal.writing import log_image
from statesvc.services.site import Site
from statesvc.validation import platforms

DOCKER_VERSION = "28.5.2"


@dataclass(frozen=True, slots=True)
class ResolvedImage:
    """An image as `create` needs it: its ID, configuration and platform."""

    id: str
    config: Config | None
    platform: Platform


@lru_cache(maxsize=256)
def _config_and_platform(raw: bytes) -> tuple[Config | None, Platform]:
    parsed = parse_image_config(raw)
    return parsed.config, of_image(parsed)


class Images:
    """The image records."""

    def __init__(self, database: Database, site: Site) -> None:
        self._database = database
        self._site = site

    async def resolve(self, text: str) -> ResolvedImage:
        """Return the image that a text names to Docker.

        Raises NotFound, InvalidParameter for a text that is not a reference, Damaged.
        """
        image = await self._database.read(find, text)
        try:
            config, platform = _config_and_platform(image.config)
        except InvalidParameter:
            raise _damaged(image.id, fault("images", "config", image.config) or "") from None
        return ResolvedImage(image.id, config, platform)

    async def inspect(self, text: str, platform: Platform | None = None) -> RecordedImage:
        """Return an image with its references and configuration.

        Raises as `resolve` does, and NotFound if the image is not for the platform, if one is given.
        """
        found = await self._database.scan(records.inspect, text, platform)
        if found.damage:
            raise _damaged(found.image.id, found.damage)
        return found

    async def history(self, text: str, platform: Platform | None) -> History:
        """Return the steps in which an image was built. Raises as `inspect` does."""
        return await self._database.scan(history.history, text, platform)

    async def listed(self, filters: Filters, *, counted: bool = False, shared: bool = False) -> Sequence[ListedImage]:
        """Return the images that pass the filters, newest first, each with the references that match `reference`.

        Raises InvalidParameter for an invalid filter value, NotFound if the image that `before` or `since` names is
        not recorded.
        """
        return await self._database.scan_long(
            listing.listed, filters, self._site.clock(), counted=counted, shared=shared
        )

    async def load(self, archive: AsyncIterator[bytes], platform: Platform | None = None) -> list[str]:
        """Record the images of a `docker save` archive; return the lines that `docker load` prints.

        With a platform, images for others are left out. Raises InvalidParameter for an invalid archive, Unavailable if
        too many are being read.
        """
        host = of_host(self._site.facts.architecture)
        loaded = await read_in_thread(
            archive, lambda file: read_archive(file, host, platform), self._site.threads.uploads
        )
        return await self._database.write(loading.record, loaded, self._site.clock())

    async def import_root(
        self, tar: AsyncIterator[bytes], *, repo: str, tag: str, message: str, changes: Sequence[str], platform: str
    ) -> str:
        """Record an image with a single layer, from the tar of a root file system; return its ID.

        Raises InvalidParameter for an invalid name, platform, change or tar.
        """
        meant = self.platform_named(platform) or of_host(self._site.facts.architecture)
        if meant.os != "linux":
            raise InvalidParameter("operating system is not supported")
        reference = references.parse_repo_tag(repo, tag)
        config = await self._site.threads.decoding.run(apply_changes, {}, changes)
        layer = await read_in_thread(tar, digest_layer, self._site.threads.uploads)
        now = self._site.clock()
        raw = imported_config(
            config=config,
            diff_id=layer.diff_id,
            created=now,
            comment=message or "Imported from -",
            architecture=meant.architecture,
            os=meant.os,
            docker_version=DOCKER_VERSION,
            variant=meant.variant,
        )
        image = Image(image_id(raw), raw, layer.size, now, None)
        return await self._database.write(loading.record_import, image, reference, now)

    def platform_named(self, text: str) -> Platform | None:
        """Return the platform that a text such as `linux/arm/v7` names, None for none. Raises InvalidParameter."""
        return platforms.parse(text, of_host(self._site.facts.architecture)) if text else None

    async def find(self, text: str) -> None:
        """Raise NotFound if a text names no image, InvalidParameter if it is no reference."""
        await self._database.read(find, text)

    async def find_repository(self, name: str, tag: str) -> None:
        """Raise NotFound if no image has this name, with this tag or, without one, with any."""
        await self._database.read(records.find_repository, name, tag)

    async def tag(self, text: str, repo: str, tag: str) -> None:
        """Give an image another reference; an image that has this reference loses it."""
        reference = references.parse_repo_tag(repo, tag)
        if reference is None:
            raise InvalidParameter("invalid reference format")
        await self._database.write(_tag, text, reference, self._site.clock())

    async def remove(self, text: str, *, force: bool, platform: Platform | None = None) -> list[Removal]:
        """Remove a reference, or an image with all its references; return what was done, in order.

        Raises Conflict where Docker refuses: a container uses the image, or several repositories name it. NotFound if
        the image is not for the platform, where one is given.
        """
        return await self._database.write(removal.remove, text, self._site.clock(), force=force, platform=platform)


def asked_platform(text: str) -> Platform | None:
    """Return the platform in a parameter, a JSON object; None for none. Raises InvalidParameter for anything else."""
    return platforms.parse_json(text) if text else None


def judge_platform(image: ResolvedImage, text: str, wanted: str, host: Platform) -> tuple[str, ...]:
    """Return a warning if the request names no platform and the image's is not the host's.

    Raises InvalidParameter for a platform that cannot be parsed, NotFound if the image is of another platform than the
    request names.
    """
    if wanted:
        platforms.check(text, platforms.parse(wanted, host), image.platform)
        return ()
    warning = platforms.warning(image.platform, host)
    return (warning,) if warning else ()


def _damaged(image_id: str, reason: str) -> Damaged:
    return Damaged(f"image {image_id} is damaged: images.config {reason}. It can be removed, and loaded again")


def _tag(conn: Connection, text: str, reference: Reference, now: int) -> None:
    image = find(conn, text)
    images.tag(conn, reference.full, image.id, now)
    log_image(conn, "tag", image.id, reference.familiar, now)
