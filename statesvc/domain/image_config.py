"""Image configurations: JSON whose SHA-256 is the image ID, parsed, and written for `docker import`.

Reading goes through the one decoder (unknown fields, case of names and null as in Go). Writing follows the files that
Docker Engine 26.1 leaves in image/overlay2/imagedb/content: sorted names outside, the order of Docker's structs inside.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from pydantic import Field

from statesvc.domain import times
from statesvc.domain.documents import Config, Document
from statesvc.domain.documents.decode import decode, decode_value
from statesvc.domain.documents.go_types import Strings, Structs
from statesvc.domain.go.text import decode_utf8, dumps, loads
from statesvc.errors import InvalidParameter

_SCANNER = json.JSONDecoder(parse_int=str, parse_float=str)
_DIGEST = re.compile(r"sha256:[a-f0-9]{64}")


class RootFS(Document):
    """The digests of the uncompressed layers."""

    type: str = ""
    diff_ids: Strings | None = None


class HistoryEntry(Document):
    """The build step that made a layer, or an empty one."""

    OMIT_EMPTY: ClassVar = frozenset({"created", "created_by", "author", "comment", "empty_layer"})

    created: str | None = None
    created_by: str = ""
    author: str = ""
    comment: str = ""
    empty_layer: bool = False


class _ImageDocument(Document):
    architecture: str = ""
    os: str = ""
    variant: str = ""
    os_version: str = Field(default="", alias="os.version")
    created: str | None = None
    author: str = ""
    comment: str = ""
    docker_version: str = ""
    container: str = ""
    config: Config | None = None
    container_config: Config | None = None
    rootfs: RootFS | None = None
    history: Structs[HistoryEntry] | None = None


@dataclass(frozen=True, slots=True)
class ImageConfig:
    """A parsed image configuration; `created` is in nanoseconds, and may be more than 64 bits can hold.

    `created_text` is that time in the time zone in which it was written.
    """

    architecture: str
    os: str
    variant: str = ""
    os_version: str = ""
    created: int | None = None
    created_text: str | None = None
    author: str = ""
    comment: str = ""
    docker_version: str = ""
    container: str = ""
    config: Config | None = None
    container_config: Config | None = None
    rootfs_type: str = ""
    diff_ids: tuple[str, ...] = ()
    history: tuple[HistoryEntry, ...] = ()

    @property
    def created_at(self) -> int | None:
        """When the image was created, as near as 64 bits of nanoseconds can hold; None if it is not known."""
        if self.created is None or self.created == times.EPOCH:
            return None
        return max(-(2**63), min(self.created, 2**63 - 1))

    @property
    def labels(self) -> dict[str, str]:
        """The labels of the image."""
        return (self.config.Labels if self.config else None) or {}


def image_id(raw: bytes) -> str:
    """Return the ID of the image with this configuration: the digest of its exact bytes."""
    return f"sha256:{hashlib.sha256(raw).hexdigest()}"


def parse_image_config(raw: bytes) -> ImageConfig:
    """Parse an OCI or Docker image configuration. Raises InvalidParameter for anything else."""
    found = decode_value(_ImageDocument, read_json(raw, "the image configuration"))
    if found.rootfs is None:
        raise InvalidParameter("invalid image JSON, no RootFS key")
    history = tuple(found.history or ())
    for entry in history:
        _time(entry.created, "history.created")
    return ImageConfig(
        architecture=found.architecture,
        os=found.os,
        variant=found.variant,
        os_version=found.os_version,
        created=_time(found.created, "created"),
        created_text=None if found.created is None else times.in_own_zone(found.created),
        author=found.author,
        # Docker shows the comment of the last step where the image has none of its own (OCI images never do).
        comment=found.comment or (history[-1].comment if history else ""),
        docker_version=found.docker_version,
        container=found.container,
        config=found.config,
        container_config=found.container_config,
        rootfs_type=found.rootfs.type,
        diff_ids=_diff_ids(found.rootfs.diff_ids or []),
        history=history,
    )


def unreadable_image_config() -> ImageConfig:
    """Return the empty configuration that is shown of an image whose own cannot be read."""
    return parse_image_config(b'{"rootfs":{}}')


def imported_config(
    *,
    config: Mapping[str, Any],
    diff_id: str,
    created: int,
    comment: str,
    architecture: str,
    os: str,
    docker_version: str,
    variant: str = "",
) -> bytes:
    """Return the configuration that `docker import` gives an image of one layer, as the bytes that Docker 26.1 writes.

    `config` is an empty configuration after the changes, `created` is in nanoseconds since 1970.
    """
    time = times.render(created)
    document = {
        "architecture": architecture,
        "comment": comment,
        "config": decode(Config, dumps(config)).to_dict(),
        "container_config": Config().to_dict(),
        "created": time,
        "docker_version": docker_version,
        "history": [{"created": time, **({"comment": comment} if comment else {})}],
        "os": os,
        "rootfs": {"type": "layers", "diff_ids": [diff_id]},
        "variant": variant,
    }
    return dumps({name: value for name, value in document.items() if value != ""})


def read_json(raw: bytes, what: str) -> object:
    """Return the value in JSON. Raises InvalidParameter, with a message that names `what` was read, for other bytes.

    Text that is not UTF-8 and halves of surrogate pairs become U+FFFD, as in Go: they could not be stored.
    """
    try:
        value: object = loads(decode_utf8(raw))
    except (ValueError, RecursionError) as error:
        raise InvalidParameter(f"{what} is not valid JSON: {error}") from error
    return value


def read_first_json(raw: bytes, what: str) -> object:
    """Return the first value in JSON; bytes behind it are passed over, as Go's decoder of streams does.

    Raises as `read_json` does.
    """
    text = decode_utf8(raw)
    begin = len(text) - len(text.lstrip(" \t\r\n"))
    try:
        _, end = _SCANNER.raw_decode(text, begin)
    except (ValueError, RecursionError):
        return read_json(raw, what)
    return read_json(text[begin:end].encode(), what)


def _time(text: str | None, name: str) -> int | None:
    """Return the nanoseconds of a time, None for null and absent."""
    try:
        return None if text is None else times.parse_any(text)
    except InvalidParameter as error:
        raise InvalidParameter(f"invalid image JSON: {name}: {error.message}") from None


def _diff_ids(diff_ids: list[str]) -> tuple[str, ...]:
    for diff_id in diff_ids:
        if not _DIGEST.fullmatch(diff_id):
            raise InvalidParameter(f"invalid image JSON: rootfs.diff_ids: {diff_id[:80]!r} is no sha256 digest")
    return tuple(diff_ids)
