"""Reads the images of a Docker data root: their configurations, sizes, and references."""

import hashlib
from collections.abc import Iterator
from contextlib import AbstractContextManager

from statesvc.domain import references, times
from statesvc.domain.image_config import image_id, parse_image_config, read_json
from statesvc.errors import InvalidParameter
from statesvc.importers.folder import Folder, Missing, Unreadable
from statesvc.services.imports.foreign import ForeignImage
from statesvc.services.imports.report import Entry, Outcome

LIMIT = 16 * 1024 * 1024
_SMALL = 4096
_UNKNOWN_TIME = "the time of its last tag is not known: "


class ImageStore:
    """The images of one storage driver, under image/DRIVER."""

    def __init__(self, root: Folder, driver: str) -> None:
        """Read the references. Invalid ones become entries in `problems`."""
        self._root = root
        self._driver = driver
        self.problems: list[Entry] = []
        self._references: dict[str, list[str]] = {}
        for reference, named in self._named():
            self._references.setdefault(named, []).append(reference)

    def ids(self) -> list[str]:
        """Return the file names of the image configurations. Raises Unreadable if they cannot be listed."""
        try:
            with self._folder("imagedb", "content", "sha256") as folder:
                return folder.names()
        except Missing:
            return []

    def image(self, hexadecimal: str) -> tuple[ForeignImage, bool, tuple[str, ...]]:
        """Return an image, whether its size is known, and warnings.

        Raises Unreadable if its file cannot be read, or has another digest than its name.
        """
        with self._folder("imagedb", "content", "sha256") as folder:
            raw = folder.read(hexadecimal, LIMIT)
        found = image_id(raw)
        if found != f"sha256:{hexadecimal}":
            raise Unreadable(f"its configuration has the digest {found}: it is damaged, or not this image's")
        try:
            parsed = parse_image_config(raw)
        except InvalidParameter as error:
            raise Unreadable(error.message) from None
        size = self._size(parsed.diff_ids)
        tagged_at, warnings = self._tagged_at(hexadecimal)
        named = tuple(self._references.pop(found, ()))
        return ForeignImage(found, raw, size or 0, parsed.created_at, tagged_at, named), size is not None, warnings

    def lost_references(self) -> Iterator[Entry]:
        """Yield a failed entry for each reference whose image was not read."""
        for named, lost in self._references.items():
            for reference in lost:
                why = f"the image {named} that it names was not imported"
                yield Entry("tag", named, references.familiar(reference), Outcome.FAILED, why)

    def _folder(self, *path: str) -> AbstractContextManager[Folder]:
        return self._root.folder("image", self._driver, *path)

    def _named(self) -> Iterator[tuple[str, str]]:
        name = "repositories.json"
        try:
            with self._folder() as folder:
                repositories = _repositories(read_json(folder.read(name, LIMIT), name))
        except Missing:
            return
        except (Unreadable, InvalidParameter) as error:
            self.problems.append(Entry("tag", "", f"image/{self._driver}/{name}", Outcome.FAILED, str(error)))
            return
        for text, named in repositories:
            reference = self._full(text, named)
            if reference:
                yield reference, str(named)

    def _full(self, text: str, named: object) -> str | None:
        try:
            reference = references.parse_normalized(text)
        except InvalidParameter as error:
            self.problems.append(Entry("tag", str(named), text, Outcome.FAILED, error.message))
            return None
        if reference.is_name_only or not isinstance(named, str):
            why = "it is not a tag or digest of an image"
            self.problems.append(Entry("tag", str(named), text, Outcome.FAILED, why))
            return None
        return reference.full

    def _size(self, diff_ids: tuple[str, ...]) -> int | None:
        """Return the bytes of all layers, None if one of them is not in the layer store."""
        total, chain = 0, ""
        for diff_id in diff_ids:
            chain = _chained(chain, diff_id) if chain else diff_id
            size = self._layer_size(chain.removeprefix("sha256:"), diff_id)
            if size is None:
                return None
            total += size
        return total if total < 2**63 else None

    def _layer_size(self, chain: str, diff_id: str) -> int | None:
        try:
            with self._folder("layerdb", "sha256", chain) as layer:
                matches = layer.read("diff", _SMALL).strip() == diff_id.encode()
                size = layer.read("size", _SMALL).strip()
        except Unreadable:
            return None
        return int(size) if matches and size.isdigit() and len(size) < 20 else None

    def _tagged_at(self, hexadecimal: str) -> tuple[int | None, tuple[str, ...]]:
        try:
            with self._folder("imagedb", "metadata", "sha256", hexadecimal) as folder:
                text = folder.read("lastUpdated", _SMALL).decode("utf-8", "replace")
            return times.parse(text.strip()), ()
        except Missing:
            return None, ()
        except (Unreadable, InvalidParameter) as error:
            return None, (_UNKNOWN_TIME + str(error),)


def stores(root: Folder) -> list[str]:
    """Return the storage drivers that have images. Raises Unreadable if they cannot be listed."""
    try:
        with root.folder("image") as folder:
            return [name for name in folder.names() if folder.is_folder(name)]
    except Missing:
        return []


def _repositories(written: object) -> list[tuple[str, object]]:
    """Return each reference with the image ID it names. Raises Unreadable if this is not a list of references."""
    repositories = written.get("Repositories") or {} if isinstance(written, dict) else None
    if not isinstance(repositories, dict) or not all(isinstance(named, dict) for named in repositories.values()):
        raise Unreadable("it is not a list of references by repository")
    return [pair for named in repositories.values() for pair in named.items()]


def _chained(parent: str, diff_id: str) -> str:
    # The chain ID identifies a layer together with all layers below it (OCI image specification).
    return f"sha256:{hashlib.sha256(f'{parent} {diff_id}'.encode()).hexdigest()}"
