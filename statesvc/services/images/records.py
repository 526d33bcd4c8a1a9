"""Image records as services read them: finds the image that a text names, with its references and configuration."""

from collections.abc import Sequence
from dataclasses import dataclass

from statesvc.db import images
from statesvc.db.damage.judges import fault
from statesvc.db.database import Connection
from statesvc.db.images import Image
from statesvc.domain import references
from statesvc.domain.image_config import ImageConfig, parse_image_config, unreadable_image_config
from statesvc.domain.references import DigestReference
from statesvc.errors import InvalidParameter, NotFound


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


def find(conn: Connection, text: str) -> Image:
    """Return the image that a text names: by digest, reference, or prefix of its ID (moby images.GetImage).

    Raises NotFound, InvalidParameter for a text that is not a reference.
    """
    reference = references.parse_any(text)
    if isinstance(reference, DigestReference):
        found = images.by_id(conn, reference.digest)
        shown = reference.digest
    else:
        tagged = reference.with_default_tag()
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


def inspect(conn: Connection, text: str) -> RecordedImage:
    """Return the image that a text names, with its references and configuration. Raises as `find` does."""
    image = find(conn, text)
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
