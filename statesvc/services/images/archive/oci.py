"""Archives in the OCI image layout: index.json leads to manifests, and those to configurations and layers, by digest.

`docker save` writes manifest.json beside it since version 25, and that is read where it is. Docker without containerd's
image store takes an archive without it for one of Docker before 1.10, and so refuses a layout alone; buildx, skopeo and
podman write such archives.
"""

import hashlib
import re
from collections.abc import Iterator, Sequence

from statesvc.domain.image_config import read_json
from statesvc.domain.platform import Platform, matches
from statesvc.errors import InvalidParameter
from statesvc.services.images.archive.entries import Entries
from statesvc.services.images.archive.manifest import Item, checked, objects

INDEX = "index.json"
_DIGEST = re.compile(r"sha256:[a-f0-9]{64}")
# An index may lead to others, and each of them to all the rest.
_LEVELS_MAX = 4
_DESCRIPTORS_MAX = 10_000
# The full reference, as containerd writes it, before the one of the specification, which may be a tag alone.
_NAMES = ("io.containerd.image.name", "org.opencontainers.image.ref.name")

Descriptor = dict[str, object]


def items(entries: Entries, platform: Platform) -> list[Item]:
    """Return the images of the layout; of one for several platforms the one that suits best, as far as it is there.

    Raises InvalidParameter for what is no such layout.
    """
    return checked(list(_Layout(entries, platform).images()))


class _Layout:
    def __init__(self, entries: Entries, platform: Platform) -> None:
        self._entries = entries
        self._platform = platform
        self._left = _DESCRIPTORS_MAX

    def images(self) -> Iterator[Item]:
        index = read_json(self._entries.document(INDEX) or b"", INDEX)
        for descriptor in self._manifests(index):
            document = self._document(descriptor)
            for _ in range(_LEVELS_MAX):
                if document is None or "manifests" not in document:
                    break
                document = self._best(self._manifests(document))
            if document is None:
                raise InvalidParameter("invalid archive: an image that its index names is not there")
            yield self._item(document, _tags(descriptor))

    def _manifests(self, index: object) -> Sequence[Descriptor]:
        if not isinstance(index, dict):
            raise InvalidParameter(f"invalid archive: {INDEX} leads to something that is no object")
        found = [one for one in objects(index.get("manifests"), "manifests") if not _is_attestation(one)]
        self._left -= len(found)
        if self._left < 0:
            raise InvalidParameter(f"invalid archive: {INDEX} leads to more than {_DESCRIPTORS_MAX} manifests")
        return found

    def _best(self, descriptors: Sequence[Descriptor]) -> Descriptor | None:
        """Return the manifest or index for the platform, else the first that the archive holds, None if it has none."""
        there = [(one, document) for one in descriptors if (document := self._document(one)) is not None]
        suiting = (document for one, document in there if self._suits(one.get("platform")))
        return next(suiting, there[0][1] if there else None)

    def _suits(self, platform: object) -> bool:
        if not isinstance(platform, dict):
            return True
        os, architecture, variant = (str(platform.get(key) or "") for key in ("os", "architecture", "variant"))
        return matches(self._platform, Platform(os, architecture, variant))

    def _document(self, descriptor: Descriptor) -> Descriptor | None:
        """Return the document of a descriptor, None if it is not there. Raises InvalidParameter if it is another."""
        raw = self._entries.document(_path(descriptor))
        if raw is None:
            return None
        if f"sha256:{hashlib.sha256(raw).hexdigest()}" != descriptor["digest"]:
            raise InvalidParameter(f"invalid archive: the content of {descriptor['digest']} is another")
        document = read_json(raw, "a manifest")
        if not isinstance(document, dict):
            raise InvalidParameter("invalid archive: a manifest is no object")
        return document

    def _item(self, manifest: Descriptor, tags: list[str]) -> Item:
        config = manifest.get("config")
        if not isinstance(config, dict):
            raise InvalidParameter("invalid manifest, an image has no config")
        raw = self._entries.document(_path(config))
        if raw is None:
            raise InvalidParameter(f"invalid archive: it does not contain the configuration {config['digest']}")
        if f"sha256:{hashlib.sha256(raw).hexdigest()}" != config["digest"]:
            raise InvalidParameter(f"invalid archive: the content of {config['digest']} is another")
        return Item(raw, tags, [_path(layer) for layer in objects(manifest.get("layers"), "layers")])


def _path(descriptor: Descriptor) -> str:
    digest = descriptor.get("digest")
    if not isinstance(digest, str) or not _DIGEST.fullmatch(digest):
        raise InvalidParameter("invalid manifest, a digest is no sha256 digest")
    return f"blobs/sha256/{digest.removeprefix('sha256:')}"


def _is_attestation(descriptor: Descriptor) -> bool:
    annotations = descriptor.get("annotations")
    return isinstance(annotations, dict) and "vnd.docker.reference.type" in annotations


def _tags(descriptor: Descriptor) -> list[str]:
    annotations = descriptor.get("annotations")
    names = [annotations.get(name) for name in _NAMES] if isinstance(annotations, dict) else []
    # A tag without a name says nothing about which repository it is of.
    return next(([name] for name in names if isinstance(name, str) and re.search("[:/]", name)), [])
