"""Image records as services read them: finds the image that a text names, with its references and configuration."""

from collections.abc import Sequence
from dataclasses import dataclass

from statesvc.db import images
from statesvc.db.damage.judges import fault
from statesvc.db.images import Image
from statesvc.db.sqlite import Connection
from statesvc.domain import references
from statesvc.domain.image_config import ImageConfig, parse_image_config, unreadable_image_config
from statesvc.domain.platform import Platform, of_image
from statesvc.domain.references import DigestReference
from statesvc.errors import InvalidParameter, NotFound
from statesvc.validation import platforms


@dataclass(frozen=True, slots=True)
class RecordedImage:
    """An image with its references, as Docker shows them, and its parsed configuration.

    `damage` is the reason why the stored configuration cannot be parsed.
    """

    image: Image
    parsed: ImageConfig
    repo_tags: list[str]
    repo_digests: list[str]
    damage: str | None = None

    @property
    def created(self) -> int | None:
        """When the image was created, in nanoseconds that 64 bits need not hold; None if it does not say."""
        return self.image.created_at if self.parsed.created is None else self.parsed.created


def find(conn: Connection, text: str) -> Image:
    """Return the image that a text names: by digest, reference, or prefix of its ID (moby images.GetImage).

    Raises NotFound, InvalidParameter for a text that is not a reference.
    """
    reference = references.parse_any(text)
    if isinstance(reference, DigestReference):
        found = images.by_id(conn, reference.digest)
        shown = reference.digest
    else:
        tagged = reference.as_stored()
        found = images.by_reference(conn, tagged.full) or images.by_prefix(conn, text.removeprefix("sha256:"))
        shown = tagged.familiar
    if found is None:
        raise NotFound(f"No such image: {shown}")
    return found


def id_of(conn: Connection, text: str) -> str:
    """Return the ID of the image that a text names, "" if there is none."""
    try:
        return find(conn, text).id
    except (NotFound, InvalidParameter):
        return ""


def find_for(conn: Connection, text: str, platform: Platform | None) -> Image:
    """Return the image that a text names. Raises as `find` does, and NotFound if it is not for the platform, if any."""
    image = find(conn, text)
    if platform is not None:
        platforms.check(text, platform, of_image(readable(image)))
    return image


def find_repository(conn: Connection, name: str, tag: str) -> None:
    """Raise NotFound if no image has this name, with this tag or with any; InvalidParameter for an invalid name."""
    reference = references.parse_repo_tag(name, tag) if tag else references.parse_normalized(name)
    if reference is None:
        raise InvalidParameter("invalid reference format")
    known = (
        images.has_tag_in(conn, reference.name) if reference.is_name_only else images.by_reference(conn, reference.full)
    )
    if not known:
        raise NotFound(f"An image does not exist locally with the tag: {reference.familiar_name}")


def readable(image: Image) -> ImageConfig:
    """Return the parsed configuration of an image, an empty one if it cannot be read."""
    try:
        return parse_image_config(image.config)
    except InvalidParameter:
        return unreadable_image_config()


def inspect(conn: Connection, text: str, platform: Platform | None = None) -> RecordedImage:
    """Return the image that a text names, with its references and configuration. Raises as `find_for` does."""
    image = find_for(conn, text, platform)
    return _recorded(image, images.tags(conn, image.id), images.digests(conn, image.id))


def recorded(conn: Connection) -> list[RecordedImage]:
    """Return every image, newest first."""
    tags, digests = images.references_by_image(conn)
    return [_recorded(image, tags.get(image.id, ()), digests.get(image.id, ())) for image in images.all_images(conn)]


def _recorded(image: Image, tags: Sequence[str], digests: Sequence[str]) -> RecordedImage:
    damage = None
    try:
        parsed = parse_image_config(image.config)
    except InvalidParameter:  # an unreadable image must not make the list fail
        parsed, damage = unreadable_image_config(), fault("images", "config", image.config)
    return RecordedImage(
        image, parsed, list(map(references.familiar, tags)), list(map(references.familiar, digests)), damage
    )
