"""Reads image archives (`docker save`, `docker load`) in one forward pass, without storing a layer.

Members come in any order, so each is kept in its smallest form: a layer as its digest, a configuration as its bytes,
a link as its target. At the end the manifest connects them:

    manifest.json ─ Config ──> configuration bytes ── sha256 ──> image ID
                  ├ Layers ──> DiffIDs, which have to be the configuration's rootfs.diff_ids
                  └ RepoTags
"""

import io
import posixpath
from dataclasses import dataclass
from typing import BinaryIO

from statesvc.domain.image_config import ImageConfig, image_id, parse_image_config, read_json
from statesvc.domain.references import parse_normalized
from statesvc.errors import InvalidParameter
from statesvc.services.images.archive.decompression import CHUNK, Readable, decompressed
from statesvc.services.images.archive.layers import Budget, Layer, Metered, digest_layer
from statesvc.services.images.archive.tar_stream import TarMember, TarStream

_MANIFEST = "manifest.json"
_DOCUMENT_MAX = 4 * 1024 * 1024
_DOCUMENTS_MAX = 64 * 1024 * 1024
_MEMBERS_MAX = 65_536
_LINKS_MAX = 32


@dataclass(frozen=True, slots=True)
class LoadedImage:
    """An image in an archive: the exact bytes of its configuration, and its tags as Docker shows them (`busybox:1`).

    `size` is the sum of its layers' sizes as `digest_layer` counts them.
    """

    config: bytes
    id: str
    repo_tags: tuple[str, ...]
    size: int


@dataclass(frozen=True, slots=True)
class _Link:
    target: str


_Entry = bytes | Layer | _Link | InvalidParameter


def read_archive(stream: BinaryIO) -> list[LoadedImage]:
    """Return the images of a Docker archive, in order. The archive and its layers may be compressed.

    Raises InvalidParameter for anything that is not a valid image archive.
    """
    entries = _read_entries(stream)
    manifest = _manifest(entries)
    return [_image(entries, item) for item in manifest]


def _read_entries(stream: Readable) -> dict[str, _Entry]:
    budget = Budget()
    entries: dict[str, _Entry] = {}
    documents = 0
    archive = Metered(decompressed(stream), budget)
    tar = TarStream(archive)
    for count, member in enumerate(tar):
        if count >= _MEMBERS_MAX:
            raise InvalidParameter(f"invalid archive: it has more than {_MEMBERS_MAX} members")
        path = _inside(member.name)
        entry = _entry(tar, member, path, budget)
        if entry is None:
            continue
        documents += len(entry) if isinstance(entry, bytes) else 0
        if documents > _DOCUMENTS_MAX:
            raise InvalidParameter(f"invalid archive: its documents have more than {_DOCUMENTS_MAX} bytes")
        entries[path] = entry
    while archive.read(CHUNK):  # to the end, where a compressed stream has its checksum
        pass
    return entries


def _entry(tar: TarStream, member: TarMember, path: str, budget: Budget) -> _Entry | None:
    """Return what is kept of a member, None for directories and devices."""
    if member.kind == "1":
        return _Link(_inside(member.link))
    if member.kind == "2":
        # A symlink cannot leave the archive: ".." stops at its root.
        return _Link(_clean(posixpath.join("/", posixpath.dirname(path), member.link)))
    if member.kind != "0":
        return None
    start = tar.read(CHUNK)
    if member.size <= _DOCUMENT_MAX and (path.endswith(".json") or start.lstrip()[:1] in (b"{", b"[")):
        return start + b"".join(iter(lambda: tar.read(CHUNK), b""))
    try:
        return digest_layer(_Continued(start, tar), budget)
    except InvalidParameter as error:
        if budget.left < 0:
            raise
        return error  # an error only if the manifest names this member as a layer


class _Continued:
    """A stream whose first bytes were already read: they are returned first."""

    def __init__(self, start: bytes, rest: Readable) -> None:
        self.start, self.rest = io.BytesIO(start), rest

    def read(self, size: int, /) -> bytes:
        return self.start.read(size) or self.rest.read(size)


def _inside(name: str) -> str:
    """Return the normalized path of a member. Raises InvalidParameter for a path outside of the archive."""
    if name.startswith("/") or posixpath.normpath(name).split("/")[0] == "..":
        raise InvalidParameter(f'invalid archive: "{name}" is outside of the archive')
    return _clean(name)


def _clean(name: str) -> str:
    return posixpath.normpath("/" + name).lstrip("/")


def _find(entries: dict[str, _Entry], name: str) -> bytes | Layer | InvalidParameter | None:
    """Return the entry with this name, following links. Raises InvalidParameter for too many of them."""
    path = _clean(name)
    for _ in range(_LINKS_MAX):
        entry = entries.get(path)
        if not isinstance(entry, _Link):
            return entry
        path = entry.target
    raise InvalidParameter(f'invalid archive: "{name}" has too many levels of links')


def _manifest(entries: dict[str, _Entry]) -> list[dict[str, object]]:
    raw = _find(entries, _MANIFEST)
    if raw is None:
        layout = "index.json" in entries or "oci-layout" in entries
        hint = ": this is an OCI layout, save the image in the Docker format" if layout else ""
        raise InvalidParameter(f"invalid archive: it does not contain a {_MANIFEST}{hint}")
    if not isinstance(raw, bytes):
        raise InvalidParameter(f"invalid archive: {_MANIFEST} is too large")
    manifest = read_json(raw, _MANIFEST)
    if manifest is None:
        raise InvalidParameter("invalid manifest, manifest cannot be null (but can be [])")
    if not isinstance(manifest, list) or not all(isinstance(item, dict) for item in manifest):
        raise InvalidParameter("invalid manifest, it must be a list of objects")
    return [{key.lower(): value for key, value in item.items()} for item in manifest]


def _image(entries: dict[str, _Entry], item: dict[str, object]) -> LoadedImage:
    raw = _config(entries, item.get("config"))
    config = parse_image_config(raw)
    if config.os.lower() not in ("", "linux"):
        raise InvalidParameter(f"cannot load {config.os} image on linux")
    layers = _layers(entries, _texts(item, "layers"), config)
    tags = tuple(_tag(text) for text in _texts(item, "repotags"))
    return LoadedImage(raw, image_id(raw), tags, sum(layer.size for layer in layers))


def _config(entries: dict[str, _Entry], name: object) -> bytes:
    if not isinstance(name, str) or not name:
        raise InvalidParameter("invalid manifest, an image has no Config")
    raw = _find(entries, name)
    if raw is None:
        raise InvalidParameter(f'invalid archive: it does not contain the configuration "{name}"')
    if not isinstance(raw, bytes):
        raise InvalidParameter(f'invalid archive: the configuration "{name}" is too large, or not JSON')
    return raw


def _layers(entries: dict[str, _Entry], names: list[str], config: ImageConfig) -> list[Layer]:
    expected = config.diff_ids
    if len(names) != len(expected):
        raise InvalidParameter(f"invalid manifest, layers length mismatch: expected {len(names)}, got {len(expected)}")
    layers = [_layer(entries, name) for name in names]
    for index, (name, layer, diff_id) in enumerate(zip(names, layers, expected, strict=True)):
        if layer.diff_id != diff_id:
            raise InvalidParameter(
                f'invalid diffID for layer {index} ("{name}"): expected "{diff_id}", got "{layer.diff_id}"'
            )
    return layers


def _layer(entries: dict[str, _Entry], name: str) -> Layer:
    entry = _find(entries, name)
    if isinstance(entry, bytes):
        return digest_layer(io.BytesIO(entry))
    if isinstance(entry, InvalidParameter):
        raise InvalidParameter(f'invalid archive: the layer "{name}": {entry}') from entry
    if entry is None:
        raise InvalidParameter(f'invalid archive: it does not contain the layer "{name}"')
    return entry


def _texts(item: dict[str, object], key: str) -> list[str]:
    value = item.get(key)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise InvalidParameter(f"invalid manifest, {key} must be a list of strings")
    return value


def _tag(text: str) -> str:
    reference = parse_normalized(text)
    if reference.tag is None:
        raise InvalidParameter(f'invalid tag "{text}"')
    if reference.digest is not None:
        raise InvalidParameter("refusing to create a tag with a digest reference")
    return reference.familiar
