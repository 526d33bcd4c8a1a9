"""Records the images of archives, and those that are imported."""

from collections.abc import Sequence

from statesvc.db import images
from statesvc.db.images import Image
from statesvc.db.sqlite import Connection
from statesvc.domain import references
from statesvc.domain.references import Reference
from statesvc.errors import InvalidParameter
from statesvc.services.images.archive import LoadedImage
from statesvc.services.images.layers import LayerSizes, chain_ids
from statesvc.services.images.records import readable
from statesvc.services.journal.writing import log_image


def record(conn: Connection, loaded: Sequence[LoadedImage], now: int) -> list[str]:
    """Record the images of an archive, all or none; return the lines that Docker prints.

    Raises InvalidParameter if an image has layers that neither the archive nor another image has.
    """
    has_all = all(isinstance(layer, int) for entry in loaded for layer in entry.layers)
    known = _KnownLayers([] if has_all else images.all_images(conn))
    lines = []
    for entry in loaded:
        size = known.add(entry)
        images.put(conn, Image(entry.id, entry.config, size, entry.parsed.created_at, None))
        lines += _tag(conn, entry)
        log_image(conn, "load", entry.id, entry.id, now)
    # As Docker does: all IDs, if the last image has no name.
    if loaded and loaded[-1].is_told and not loaded[-1].repo_tags:
        lines += [f"Loaded image ID: {entry.id}" for entry in loaded]
    return lines


def record_import(conn: Connection, image: Image, reference: Reference | None, now: int) -> str:
    """Record an imported image, under a name if one is given; return its ID."""
    images.put(conn, image)
    if reference is not None:
        images.tag(conn, reference.full, image.id, now)
        log_image(conn, "tag", image.id, reference.familiar, now)
    log_image(conn, "import", image.id, image.id, now)
    return image.id


def _tag(conn: Connection, entry: LoadedImage) -> list[str]:
    lines = []
    for text in entry.repo_tags:
        reference = references.parse_tagged(text)
        before = images.tag(conn, reference.full, entry.id, None)
        if before not in {None, entry.id}:
            lines.append(f"The image {text} already exists, renaming the old one with ID {before} to empty string")
        if entry.is_told:
            lines.append(f"Loaded image: {text}")
    return lines


class _KnownLayers:
    """The layers of the images that are recorded, and of those before in the archive."""

    def __init__(self, recorded: Sequence[Image]) -> None:
        sums = [(readable(image).diff_ids, image.size) for image in recorded]
        self._chains = {chain for layers, _ in sums for chain in chain_ids(layers)}
        self._sizes = LayerSizes(sums)
        self._held: dict[str, int] = {}

    def add(self, entry: LoadedImage) -> int:
        """Add the layers of an image; return its size. Layers of unknown size count as 0.

        Raises InvalidParameter for a layer that the archive does not hold and that is not known.
        """
        layers = entry.parsed.diff_ids
        for layer, chain in zip(entry.layers, chain_ids(layers), strict=True):
            if isinstance(layer, InvalidParameter) and chain not in self._chains:
                raise layer
            self._chains.add(chain)
        self._held |= {of: size for of, size in zip(layers, entry.layers, strict=True) if isinstance(size, int)}
        sizes = [self._held.get(diff_id, self._sizes.of(diff_id)) for diff_id in layers]
        below = next((at for at in range(len(sizes), 0, -1) if sizes[at - 1] is None), 0)
        total = self._sizes.total(layers[:below])
        return sum(size or 0 for size in (sizes if total is None else (total, *sizes[below:])))
