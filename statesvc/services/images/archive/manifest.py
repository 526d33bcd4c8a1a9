"""Manifests of image archives: which members make up an image, as manifest.json of `docker save` lists them."""

from collections.abc import Iterable
from typing import NamedTuple

from statesvc.domain.image_config import read_first_json
from statesvc.domain.limits import LIMITS
from statesvc.errors import InvalidParameter
from statesvc.services.images.archive.entries import Entries

NAME = "manifest.json"
# What one archive may name in its manifest; each is looked at, and written.
_NAMED_MAX = LIMITS.archive_images


class Item(NamedTuple):
    """One image of an archive: its configuration's bytes, its tags as they are written, the names of its layers.

    `is_told` says whether Docker prints its names when it is loaded.
    """

    config: bytes
    tags: list[str]
    layers: list[str]
    is_told: bool = True


def items(entries: Entries) -> list[Item]:
    """Return the images that manifest.json lists. Raises InvalidParameter for what is no such list."""
    raw = entries.document(NAME)
    if raw is None:
        raise InvalidParameter(f"invalid archive: it does not contain a {NAME}")
    listed = read_first_json(raw, NAME)
    if listed is None:
        raise InvalidParameter("invalid manifest, manifest cannot be null (but can be [])")
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise InvalidParameter("invalid manifest, it must be a list of objects")
    return checked([_item(entries, {key.lower(): value for key, value in one.items()}) for one in listed])


def checked(found: list[Item]) -> list[Item]:
    """Return the items. Raises InvalidParameter if they and their tags are more than one archive may have."""
    check_count(len(found) + sum(len(item.tags) for item in found))
    return found


def check_count(named: int) -> None:
    """Raise InvalidParameter if so many images and tags are more than one archive may have."""
    if named > _NAMED_MAX:
        raise InvalidParameter(f"invalid archive: it has more than {_NAMED_MAX} images and tags")


def read_config(entries: Entries, name: str) -> bytes:
    """Return the bytes of a configuration. Raises InvalidParameter if the archive has none of that name."""
    raw = entries.document(name)
    if raw is None:
        raise InvalidParameter(f'invalid archive: it does not contain the configuration "{name}"')
    return raw


def texts(value: object, what: str) -> list[str]:
    """Return a list of texts, an empty one for none. Raises InvalidParameter for anything else."""
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise InvalidParameter(f"invalid manifest, {what} must be a list of strings")
    return value


def objects(value: object, what: str) -> Iterable[dict[str, object]]:
    """Return a list of JSON objects, an empty one for none. Raises InvalidParameter for anything else."""
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise InvalidParameter(f"invalid manifest, {what} must be a list of objects")
    return value


def _item(entries: Entries, item: dict[str, object]) -> Item:
    name = item.get("config")
    if not isinstance(name, str) or not name:
        raise InvalidParameter("invalid manifest, an image has no Config")
    return Item(
        read_config(entries, name), texts(item.get("repotags"), "repotags"), texts(item.get("layers"), "layers")
    )
