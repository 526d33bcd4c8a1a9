"""What there is and how large it is, as `docker system df` asks. Of images the layers' order and the sums are known."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from statesvc.db.containers import rows as containers
from statesvc.db.database import Connection
from statesvc.db.volumes import Volume
from statesvc.services import volumes
from statesvc.services.images import records
from statesvc.services.images.records import RecordedImage
from statesvc.services.listing.query import Listed, ListQuery
from statesvc.services.listing.service import Listing, Select

Layers = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Shared:
    """How much an image takes: `shared` is what other images have too, None if that is not known."""

    users: int
    shared: int | None


@dataclass(frozen=True, slots=True)
class Usage:
    """Everything that takes room, as one snapshot has it."""

    layers: int
    images: Sequence[RecordedImage]
    shared: Mapping[str, Shared]
    containers: Listed
    volumes: Sequence[Volume]


class DiskUsage:
    """Who takes how much room."""

    def __init__(self, listing: Listing) -> None:
        self._listing = listing

    async def all(self) -> Usage:
        """Return what takes how much room."""
        return await self._listing.scan(_usage)


def _usage(conn: Connection, select: Select) -> Usage:
    found = records.recorded(conn)
    sizes = {image.says.diff_ids: image.image.size for image in found}
    users = containers.count_by_image(conn)
    shared = {image.image.id: Shared(users.get(image.image.id, 0), _shared(image, found, sizes)) for image in found}
    listed = select(conn, ListQuery(all=True, size=True))
    return Usage(_layers(sizes), found, shared, listed, volumes.every(conn))


def _layers(sizes: Mapping[Layers, int]) -> int:
    """Return the bytes of all layers. What two images share counts once, as far as it is an image itself."""
    return sum(size - sizes.get(_longest_below(chain, sizes), 0) for chain, size in sizes.items())


def _longest_below(chain: Layers, sizes: Mapping[Layers, int]) -> Layers:
    """Return the longest image on whose layers another is built, none if it is built on none."""
    return next((chain[:end] for end in range(len(chain) - 1, 0, -1) if chain[:end] in sizes), ())


def _shared(image: RecordedImage, among: Sequence[RecordedImage], sizes: Mapping[Layers, int]) -> int | None:
    """Return the bytes of the layers that another image has too; None if no image ends where they part."""
    chain: Layers = image.says.diff_ids
    others = [other.says.diff_ids for other in among if other is not image]
    part = max((_common(chain, other) for other in others), default=0)
    return sizes.get(chain[:part]) if part else 0


def _common(one: Layers, other: Layers) -> int:
    """Return how many layers two images have in common, from the lowest up."""
    return next(
        (at for at, pair in enumerate(zip(one, other, strict=False)) if pair[0] != pair[1]), min(len(one), len(other))
    )
