"""Disk usage for `docker system df`. Of each image only the order of its layers and their total size are known."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from statesvc.db.containers import rows as containers
from statesvc.db.database import Database
from statesvc.db.sqlite import Connection
from statesvc.db.volumes import Volume
from statesvc.services import volumes
from statesvc.services.images import records
from statesvc.services.images.layers import Layers, shared_sizes
from statesvc.services.images.records import RecordedImage
from statesvc.services.listing.query import ListQuery
from statesvc.services.listing.service import Listing, Pages, Render


@dataclass(frozen=True, slots=True)
class Shared:
    """How many containers use an image, and how many of its bytes other images share, None if not known."""

    users: int
    shared: int | None


@dataclass(frozen=True, slots=True)
class Usage:
    """Everything that uses disk space, but for the containers."""

    layers: int
    images: Sequence[RecordedImage]
    shared: Mapping[str, Shared]
    volumes: Sequence[Volume]


class DiskUsage:
    """Computes disk usage."""

    def __init__(self, database: Database, listing: Listing) -> None:
        self._database = database
        self._listing = listing

    async def without_containers(self) -> Usage:
        """Return the usage alone; no list of containers is read."""
        return await self._database.scan_long(_usage)

    async def all(self, render: Render) -> Pages[Usage]:
        """Return the containers in pages, with the sizes of their images; `before` has the rest."""
        return await self._listing.pages(ListQuery(all=True, size=True), render, _usage)


def _usage(conn: Connection) -> Usage:
    found = records.recorded(conn)
    made_of = [(image.parsed.diff_ids, image.image.size) for image in found]
    users = containers.count_by_image(conn)
    shared = {
        image.image.id: Shared(users.get(image.image.id, 0), size)
        for image, size in zip(found, shared_sizes(made_of), strict=True)
    }
    return Usage(_layers(dict(made_of)), found, shared, volumes.every(conn))


def _layers(sizes: Mapping[Layers, int]) -> int:
    """Return the bytes of all layers. Layers that images share count once if they are an image themselves."""
    return sum(size - sizes.get(_longest_below(chain, sizes), 0) for chain, size in sizes.items())


def _longest_below(chain: Layers, sizes: Mapping[Layers, int]) -> Layers:
    """Return the layers of the largest image that this one is built on, () if there is none."""
    return next((chain[:end] for end in range(len(chain) - 1, 0, -1) if chain[:end] in sizes), ())
