"""The steps in which an image was built, the last one first (moby daemon/images/image_history.go)."""

from collections.abc import Iterator
from typing import NamedTuple

from statesvc.db import images
from statesvc.db.sqlite import Connection
from statesvc.domain import references, times
from statesvc.domain.image_config import HistoryEntry
from statesvc.domain.platform import Platform
from statesvc.services.images.layers import Layers, LayerSizes
from statesvc.services.images.records import find_for, readable


class Step(NamedTuple):
    """A step of the history, when it was done, and what its layer takes.

    `size` is 0 for a step that made no layer, None if it is not known; `created` is 0 for a step without a time.
    """

    entry: HistoryEntry
    created: int
    size: int | None


class History(NamedTuple):
    """An image, its tags as Docker shows them, and its steps."""

    id: str
    tags: list[str]
    steps: list[Step]


def history(conn: Connection, text: str, platform: Platform | None) -> History:
    """Return the history of the image that a text means. Raises as find_for does."""
    image = find_for(conn, text, platform)
    parsed = readable(image)
    # What one layer takes is what the image takes; else all images have to be looked at.
    images_of = ((readable(one).diff_ids, one.size) for one in images.all_images(conn))
    sizes = LayerSizes([(parsed.diff_ids, image.size)] if len(parsed.diff_ids) < 2 else images_of)
    steps = list(_steps(parsed.history, parsed.diff_ids, sizes))[::-1]
    return History(image.id, list(map(references.familiar, images.tags(conn, image.id))), steps)


def _steps(entries: tuple[HistoryEntry, ...], layers: Layers, sizes: LayerSizes) -> Iterator[Step]:
    left = iter(layers)
    for entry in entries:
        created = 0 if entry.created is None else times.parse_any(entry.created)
        yield Step(entry, created, 0 if entry.empty_layer else sizes.of(next(left, "")))
