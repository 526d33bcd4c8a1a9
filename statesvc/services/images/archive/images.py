"""Reads image archives (`docker save`, `docker load`). When all members are known, the manifest connects them:

    manifest.json ─ Config ──> configuration bytes ── sha256 ──> image ID
                  ├ Layers ──> DiffIDs, which have to be the configuration's rootfs.diff_ids
                  └ RepoTags

An archive without a manifest.json may be an OCI layout, or one of Docker before 1.10.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from statesvc.domain.image_config import ImageConfig, image_id, parse_image_config
from statesvc.domain.platform import Platform, matches, of_image
from statesvc.domain.references import parse_tagged
from statesvc.errors import InvalidParameter
from statesvc.services.images.archive import legacy, manifest, oci
from statesvc.services.images.archive.decompression import Readable
from statesvc.services.images.archive.entries import Entries
from statesvc.services.images.archive.layers import Layer
from statesvc.services.images.archive.manifest import Item

_LAYERS_MAX = 125  # moby layer/layer_store.go maxLayerDepth


@dataclass(frozen=True, slots=True)
class LoadedImage:
    """An image in an archive: the exact bytes of its configuration, and its tags as Docker shows them (`busybox:1`).

    It is one item of a manifest, so several may be of the same image. `is_told` says whether Docker prints its names.
    `layers` has the size of each layer, as `digest_layer` counts it. For a layer that the archive does not hold it has
    the error: it is one only if no other image has the layer.
    """

    config: bytes
    id: str
    parsed: ImageConfig
    repo_tags: tuple[str, ...]
    layers: tuple[int | InvalidParameter, ...]
    is_told: bool = True


def read_archive(stream: Readable, host: Platform, wanted: Platform | None = None) -> list[LoadedImage]:
    """Return the images of an archive, in order. The archive and its layers may be compressed.

    If a platform is wanted, images for others are left out. An OCI layout can hold one image for several platforms: the
    one for the wanted platform is returned, else the one for the host. Raises InvalidParameter for anything that is not
    a valid image archive.
    """
    entries = Entries(stream)
    parsed: dict[bytes, ImageConfig] = {}
    found: list[LoadedImage] = []
    for item in _items(entries, wanted or host):
        if item.config not in parsed:
            parsed[item.config] = _parsed(item.config)
        config = parsed[item.config]
        if wanted is None or matches(wanted, of_image(config)):
            found.append(_image(entries, item, config))
    return found


def _items(entries: Entries, platform: Platform) -> Sequence[Item]:
    if not entries.has(manifest.NAME):
        if entries.has(legacy.REPOSITORIES):
            return legacy.items(entries)
        if entries.has(oci.INDEX):
            return oci.items(entries, platform)
    return manifest.items(entries)


def _parsed(config: bytes) -> ImageConfig:
    parsed = parse_image_config(config)
    if parsed.os.lower() not in ("", "linux"):
        raise InvalidParameter(f"cannot load {parsed.os} image on linux")
    return parsed


def _image(entries: Entries, item: Item, parsed: ImageConfig) -> LoadedImage:
    if len(item.layers) != len(parsed.diff_ids):
        counts = f"expected {len(item.layers)}, got {len(parsed.diff_ids)}"
        raise InvalidParameter(f"invalid manifest, layers length mismatch: {counts}")
    if len(parsed.diff_ids) > _LAYERS_MAX:
        raise InvalidParameter("max depth exceeded")
    if sum(not entry.empty_layer for entry in parsed.history) > len(parsed.diff_ids):
        raise InvalidParameter("too many non-empty layers in History section")
    named = enumerate(zip(item.layers, parsed.diff_ids, strict=True))
    layers = tuple(_size(entries, index, name, diff_id) for index, (name, diff_id) in named)
    tags = tuple(parse_tagged(text).familiar for text in item.tags)
    return LoadedImage(item.config, image_id(item.config), parsed, tags, layers, item.is_told)


def _size(entries: Entries, index: int, name: str, diff_id: str) -> int | InvalidParameter:
    try:
        layer: Layer = entries.layer(name)
    except InvalidParameter as error:
        return error
    if layer.diff_id != diff_id:
        return InvalidParameter(
            f'invalid diffID for layer {index} ("{name}"): expected "{diff_id}", got "{layer.diff_id}"'
        )
    return layer.size
