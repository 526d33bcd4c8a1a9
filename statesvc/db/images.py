"""Image records: the exact configuration bytes under their digest, and the references that name them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, select, update
from sqlalchemy.dialects.sqlite import insert

from statesvc.db.prefixes import after
from statesvc.db.schema.tables import image_digests, image_tags, images
from statesvc.db.statements import Statement


@dataclass(frozen=True, slots=True)
class Image:
    """A recorded image.

    `config` are the bytes whose SHA-256 is the ID; `size` counts the bytes of its unpacked layers.
    """

    id: str
    config: bytes
    size: int
    created_at: int | None
    tagged_at: int | None


_I = images.c
_BY_ID = Statement(select(images).where(_I.id == bindparam("id")))
_BY_TAG = Statement(
    select(images)
    .join(image_tags, image_tags.c.image_id == _I.id)
    .where(image_tags.c.reference == bindparam("reference"))
)
_BY_DIGEST = Statement(
    select(images)
    .join(image_digests, image_digests.c.image_id == _I.id)
    .where(image_digests.c.reference == bindparam("reference"))
)
_BY_PREFIX = select(images).where(_I.id >= bindparam("prefix"), _I.id < bindparam("after")).limit(2)


def _image(row: Sequence[Any] | None) -> Image | None:
    return None if row is None else Image(*row)


def by_id(conn: Connection, image_id: str) -> Image | None:
    """Return the image with this ID (sha256:…), None if it is not recorded."""
    return _image(_BY_ID.run(conn, {"id": image_id}).fetchone())


def by_reference(conn: Connection, reference: str) -> Image | None:
    """Return the image that a full reference (with tag or digest) names, None if nothing has it."""
    statement = _BY_DIGEST if "@" in reference else _BY_TAG
    return _image(statement.run(conn, {"reference": reference}).fetchone())


def by_prefix(conn: Connection, hexadecimal: str) -> Image | None:
    """Return the only image whose ID begins with these digits, None if there is none or more than one."""
    prefix = f"sha256:{hexadecimal}"
    rows = conn.execute(_BY_PREFIX, {"prefix": prefix, "after": after(prefix)}).all()
    return _image(rows[0]) if len(rows) == 1 else None


def all_images(conn: Connection) -> list[Image]:
    """Return every image, the newest first."""
    return [Image(*row) for row in conn.execute(select(images).order_by(_I.created_at.desc(), _I.id))]


def put(conn: Connection, image: Image) -> bool:
    """Record the image; one that is recorded already stays as it is. Return whether it is new."""
    statement = insert(images).values(**{name: getattr(image, name) for name in image.__slots__})
    return conn.execute(statement.on_conflict_do_nothing().returning(_I.id)).first() is not None


def tag(conn: Connection, reference: str, image_id: str, at: int | None) -> str | None:
    """Let the reference name this image; return the ID of the image it named before, None if it was free.

    `at` is when the image was tagged, None if that is not known, or if this does not count.
    """
    table = image_digests if "@" in reference else image_tags
    before = conn.execute(select(table.c.image_id).where(table.c.reference == reference)).scalar()
    statement = insert(table).values(reference=reference, image_id=image_id)
    conn.execute(statement.on_conflict_do_update(index_elements=["reference"], set_={"image_id": image_id}))
    if at is not None:
        conn.execute(update(images).where(_I.id == image_id).values(tagged_at=at))
    return before


def untag(conn: Connection, reference: str) -> bool:
    """Remove the reference; return whether it named an image."""
    table = image_digests if "@" in reference else image_tags
    return conn.execute(delete(table).where(table.c.reference == reference)).rowcount > 0


def tags(conn: Connection, image_id: str) -> list[str]:
    """Return the references with a tag that name the image, in order."""
    table = image_tags.c
    return list(
        conn.execute(select(table.reference).where(table.image_id == image_id).order_by(table.reference)).scalars()
    )


def digests(conn: Connection, image_id: str) -> list[str]:
    """Return the references with a digest that name the image, in order."""
    table = image_digests.c
    return list(
        conn.execute(select(table.reference).where(table.image_id == image_id).order_by(table.reference)).scalars()
    )


def references_by_image(conn: Connection) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Return all references with a tag, and all with a digest, by image ID."""
    return _grouped(conn.execute(select(image_tags).order_by(image_tags.c.reference)).all()), _grouped(
        conn.execute(select(image_digests).order_by(image_digests.c.reference)).all()
    )


def containing(conn: Connection, text: str, *, but: str) -> list[Image]:
    """Return the images whose configuration contains a text, all but the one with this ID."""
    contains = func.instr(_I.config, text.encode()) > 0
    return [Image(*row) for row in conn.execute(select(images).where(contains, _I.id != but))]


def has_tag_in(conn: Connection, repository: str) -> bool:
    """Return whether a tag of this repository names an image; its name is the full one."""
    reference = image_tags.c.reference
    found = select(reference).where(reference >= f"{repository}:", reference < f"{repository};").limit(1)
    return conn.execute(found).first() is not None


def _grouped(rows: Sequence[Any]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(row.image_id, []).append(row.reference)
    return found


def remove(conn: Connection, image_id: str) -> None:
    """Delete the image and every reference to it."""
    conn.execute(delete(images).where(_I.id == image_id))


def sizes(conn: Connection, image_ids: Collection[str]) -> dict[str, int]:
    """Return the size of each of these images that is recorded."""
    found = conn.execute(select(_I.id, _I.size).where(_I.id.in_(image_ids)))
    return {row.id: row.size for row in found}


def count(conn: Connection) -> int:
    """Return how many images are recorded."""
    return conn.execute(select(func.count()).select_from(images)).scalar_one()
