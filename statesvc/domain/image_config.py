"""Image configurations: the JSON whose SHA-256 is the image ID, read from its exact bytes, and written for an import.

Reading is as tolerant as Go's decoder where it costs nothing (unknown fields, case of names, null), and strict about
types, so that what comes out can be used without looking again. Writing follows the files that Docker Engine 26.1
leaves in image/overlay2/imagedb/content: sorted names outside, the order of Docker's structs inside.
"""

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from statesvc.domain import times
from statesvc.errors import InvalidParameter

_SURROGATES = re.compile("[\ud800-\udfff]")
_DIGEST = re.compile(r"sha256:[a-f0-9]{64}")

# Docker's container.Config: every field in the order of the struct, what it holds, and whether empty means absent.
_CONFIG_FIELDS: tuple[tuple[str, type | str, bool], ...] = (
    ("Hostname", str, False), ("Domainname", str, False), ("User", str, False),
    ("AttachStdin", bool, False), ("AttachStdout", bool, False), ("AttachStderr", bool, False),
    ("ExposedPorts", "set", True), ("Tty", bool, False), ("OpenStdin", bool, False), ("StdinOnce", bool, False),
    ("Env", "list", False), ("Cmd", "command", False), ("Healthcheck", "health", True), ("ArgsEscaped", bool, True),
    ("Image", str, False), ("Volumes", "set", False), ("WorkingDir", str, False), ("Entrypoint", "command", False),
    ("NetworkDisabled", bool, True), ("MacAddress", str, True), ("OnBuild", "list", False),
    ("Labels", "map", False), ("StopSignal", str, True), ("StopTimeout", int, True), ("Shell", "command", True),
)  # fmt: skip
_HEALTH_FIELDS: tuple[tuple[str, type | str, bool], ...] = (
    ("Test", "list", True), ("Interval", int, True), ("Timeout", int, True),
    ("StartPeriod", int, True), ("StartInterval", int, True), ("Retries", int, True),
)  # fmt: skip
# The texts of an image, each with its name in the JSON.
_TEXT_FIELDS = {
    "architecture": "architecture", "os": "os", "variant": "variant", "os_version": "os.version", "author": "author",
    "comment": "comment", "docker_version": "docker_version", "parent": "parent", "container": "container",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ImageConfig:
    """What an image configuration says. `config` has Docker's field names, or is None; `created` is in nanoseconds."""

    architecture: str
    os: str
    variant: str = ""
    os_version: str = ""
    created: int | None = None
    author: str = ""
    comment: str = ""
    docker_version: str = ""
    parent: str = ""
    container: str = ""
    config: dict[str, Any] | None = None
    container_config: dict[str, Any] | None = None
    diff_ids: tuple[str, ...] = ()
    history: tuple[dict[str, Any], ...] = ()


def image_id(raw: bytes) -> str:
    """The ID of the image with this configuration: the digest of its exact bytes."""
    return f"sha256:{hashlib.sha256(raw).hexdigest()}"


def parse_image_config(raw: bytes) -> ImageConfig:
    """Read an OCI or Docker image configuration. Raises InvalidParameter for anything else."""
    document = _folded(read_json(raw, "the image configuration"), "the image configuration")
    rootfs = document.get("rootfs")
    if rootfs is None:
        raise InvalidParameter("invalid image JSON, no RootFS key")
    history = tuple(_history_entry(entry) for entry in _as_list(document.get("history"), "history"))
    texts = {name: _as_text(document.get(key), key) for name, key in _TEXT_FIELDS.items()}
    # Docker shows the comment of the last step where the image has none of its own (OCI images never do).
    texts["comment"] = texts["comment"] or (history[-1].get("comment", "") if history else "")
    return ImageConfig(
        **texts,
        created=_as_time(document.get("created"), "created"),
        config=_docker_config(document.get("config"), "config"),
        container_config=_docker_config(document.get("container_config"), "container_config"),
        diff_ids=_diff_ids(_folded(rootfs, "rootfs").get("diff_ids")),
        history=history,
    )


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
    """The configuration that `docker import` gives an image of one layer, as the bytes that Docker 26.1 writes.

    `config` is what the changes made of an empty configuration, `created` is in nanoseconds since 1970.
    """
    time = times.render(created)
    document = {
        "architecture": architecture,
        "comment": comment,
        "config": _in_struct_order(config, _CONFIG_FIELDS),
        "container_config": _in_struct_order({}, _CONFIG_FIELDS),
        "created": time,
        "docker_version": docker_version,
        "history": [{"created": time, **({"comment": comment} if comment else {})}],
        "os": os,
        "rootfs": {"type": "layers", "diff_ids": [diff_id]},
        "variant": variant,
    }
    return _go_json({name: value for name, value in document.items() if value != ""})


def read_json(raw: bytes, what: str) -> object:
    """The value in a JSON text. Raises InvalidParameter, which says `what` was read, for any other bytes.

    Text that is not UTF-8 and halves of surrogate pairs become U+FFFD, as in Go: they could not be stored.
    """
    try:
        text = raw.decode("utf-8", "replace")
        value = json.loads(text, parse_constant=_no_such_constant)
        if re.search(r"\\u[dD][89a-fA-F]", text):
            value = json.loads(_SURROGATES.sub("\ufffd", json.dumps(value, ensure_ascii=False)))
    except (ValueError, RecursionError) as error:
        raise InvalidParameter(f"{what} is not valid JSON: {error}") from error
    else:
        return value


def _no_such_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON value")


def _wrong(name: str, expected: str) -> InvalidParameter:
    return InvalidParameter(f"invalid image JSON: {name} must be {expected}")


def _folded(value: object, name: str) -> dict[str, Any]:
    """The fields of an object under lower-case names: Go's decoder does not mind their case, and the last one wins."""
    if not isinstance(value, dict):
        raise _wrong(name, "an object")
    return {key.lower(): item for key, item in value.items()}


def _as_text(value: object, name: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _wrong(name, "a string")
    return value


def _as_number(value: object, name: str) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not -(2**63) <= value < 2**63:
        raise _wrong(name, "a whole number")
    return value


def _as_bool(value: object, name: str) -> bool:
    if not isinstance(value, bool):
        raise _wrong(name, "true or false")
    return value


def _as_time(value: object, name: str) -> int | None:
    """The nanoseconds of a time that a 64-bit integer can hold; None for null, absent and Go's zero time."""
    try:
        time = times.parse(value) if isinstance(value, str) else None
    except (InvalidParameter, ValueError) as error:
        raise _wrong(name, "an RFC 3339 time") from error
    if (value is not None and not isinstance(value, str)) or (time is not None and not -(2**63) <= time < 2**63):
        raise _wrong(name, "an RFC 3339 time between 1678 and 2262")
    return time


def _as_list(value: object, name: str) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise _wrong(name, "a list")
    return value


def _as_texts(value: object, name: str) -> list[str]:
    return [_as_text(item, f"{name}[{index}]") for index, item in enumerate(_as_list(value, name))]


def _as_command(value: object, name: str) -> list[str]:
    """A command is a list, or one string that stands for a list of one (Docker's StrSlice)."""
    return [value] if isinstance(value, str) else _as_texts(value, name)


def _as_map(value: object, name: str) -> dict[str, str]:
    if not isinstance(value, dict):
        raise _wrong(name, "an object")
    return {key: _as_text(item, f"{name}.{key}") for key, item in value.items()}


def _as_set(value: object, name: str) -> dict[str, Any]:
    if not isinstance(value, dict) or not all(item is None or isinstance(item, dict) for item in value.values()):
        raise _wrong(name, "an object of empty objects")
    return {key: {} for key in value}


def _as_health(value: object, name: str) -> dict[str, Any]:
    return _fields_of(value, name, _HEALTH_FIELDS)


_READERS: dict[type | str, Callable[[object, str], Any]] = {
    str: _as_text, int: _as_number, bool: _as_bool, "list": _as_texts, "command": _as_command, "map": _as_map,
    "set": _as_set, "health": _as_health,
}  # fmt: skip


def _fields_of(value: object, name: str, fields: Sequence[tuple[str, type | str, bool]]) -> dict[str, Any]:
    given = _folded(value, name)
    present = [(field, kind, given[field.lower()]) for field, kind, _ in fields if given.get(field.lower()) is not None]
    return {field: _READERS[kind](item, f"{name}.{field}") for field, kind, item in present}


def _docker_config(value: object, name: str) -> dict[str, Any] | None:
    return None if value is None else _fields_of(value, name, _CONFIG_FIELDS)


def _diff_ids(value: object) -> tuple[str, ...]:
    diff_ids = _as_texts(value, "rootfs.diff_ids")
    for diff_id in diff_ids:
        if not _DIGEST.fullmatch(diff_id):
            raise _wrong("rootfs.diff_ids", "a list of sha256 digests")
    return tuple(diff_ids)


def _history_entry(value: object) -> dict[str, Any]:
    entry = {key: item for key, item in _folded(value, "history").items() if item is not None}
    _as_time(entry.get("created"), "history.created")
    for name in ("author", "created_by", "comment"):
        _as_text(entry.get(name), f"history.{name}")
    _as_bool(entry.get("empty_layer", False), "history.empty_layer")
    return entry


def _in_struct_order(config: Mapping[str, Any], fields: Sequence[tuple[str, type | str, bool]]) -> dict[str, Any]:
    """The configuration with every field that Go would write, in its order; maps sorted as Go sorts them."""
    ordered: dict[str, Any] = {}
    for field, kind, omit_empty in fields:
        value = config.get(field)
        # StopTimeout is a pointer in Go: zero is a value there, only nil is left out.
        if omit_empty and (value is None if field == "StopTimeout" else not value):
            continue
        if kind == "health":
            value = _in_struct_order(value or {}, _HEALTH_FIELDS)
        elif kind in ("map", "set") and value is not None:
            value = dict(sorted(value.items(), key=lambda item: item[0].encode("utf-8", "replace")))
        ordered[field] = kind() if value is None and isinstance(kind, type) else value
    return ordered


def _go_json(value: object) -> bytes:
    """JSON as Go's encoder writes it: no spaces, UTF-8, and the characters that matter to HTML escaped."""
    text = _SURROGATES.sub("\ufffd", json.dumps(value, ensure_ascii=False, separators=(",", ":")))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text.encode()
