"""The shape that each stored document must have. One that has another is damaged: nothing writes such a document."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import orjson
from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from statesvc.domain.documents import Config, Document, HostConfig
from statesvc.domain.documents.decode import decode_value
from statesvc.domain.image_config import parse_image_config
from statesvc.errors import InvalidParameter

NOT_TEXT = "is not UTF-8"
NOT_JSON = "is not JSON"


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True)


class _Mount(_Part):
    Type: str
    Source: str
    Destination: str
    Mode: str
    RW: bool
    Propagation: str
    Name: str = ""
    Driver: str = ""


class _Port(_Part):
    PrivatePort: int
    Type: str
    PublicPort: int = 0
    IP: str = ""


class _Endpoint(_Part):
    IPAMConfig: dict[str, Any] | None = None
    Links: list[str] | None = None
    Aliases: list[str] | None = None
    DNSNames: list[str] | None = None
    DriverOpts: dict[str, str] | None = None
    GwPriority: int = 0
    MacAddress: str = ""
    NetworkID: str = ""
    EndpointID: str = ""
    Gateway: str = ""
    IPAddress: str = ""
    IPPrefixLen: int = 0
    IPv6Gateway: str = ""
    GlobalIPv6Address: str = ""
    GlobalIPv6PrefixLen: int = 0


class _Networks(_Part):
    Networks: dict[str, _Endpoint | None] | None


class _Mode(_Part):
    NetworkMode: str


class _Summary(_Part):
    Id: str
    Command: str
    Created: int
    Ports: list[_Port]
    Labels: dict[str, str]
    HostConfig: _Mode
    NetworkSettings: _Networks
    Mounts: list[_Mount]


class _Probe(_Part):
    Start: str
    End: str
    ExitCode: int
    Output: str


class _Answer(_Part):
    id: str
    warnings: list[str]


def fault(table: str, column: str, value: bytes | str) -> str | None:
    """Return in half a sentence what is wrong with the document in a column, without its content; None if nothing is.

    In columns without a document only text that is not UTF-8 is wrong.
    """
    judge = JUDGES.get((table, column))
    if isinstance(value, str) and value.startswith("\ufffd"):  # how database.py marks what is not UTF-8
        return NOT_TEXT
    try:
        if (table, column) not in _BYTES and isinstance(value, bytes):
            value = value.decode()
        return judge(value) if judge else None
    except UnicodeDecodeError:
        return NOT_TEXT


def _shape(kind: Any, wanted: str) -> Callable[[bytes | str], str | None]:
    validator: TypeAdapter[Any] = TypeAdapter(kind, config=None if _is_model(kind) else ConfigDict(strict=True))

    def judge(text: bytes | str) -> str | None:
        try:
            validator.validate_json(text)
        except UnicodeError:
            return NOT_TEXT
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False, include_context=False)[0]
            return NOT_JSON if first["type"] == "json_invalid" else f"is not {wanted}"
        return None

    return judge


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _document(model: type[Document]) -> Callable[[bytes | str], str | None]:
    validate = model.__pydantic_validator__.validate_python

    def judge(text: bytes | str) -> str | None:
        value, reason = _parsed(model, text)
        if reason:
            return reason
        try:
            # Documents that we wrote have the model's own spelling: this takes half the time of the decoder.
            validate(value, extra="forbid")
        except ValidationError:
            try:
                decode_value(model, value)
            except InvalidParameter as error:
                return f"is not a {model.__name__}: {error.problems[0].field} has another type"
        return _lacking(model, value)

    return judge


def value_in(model: type[Document], text: str, field: str) -> Any:
    """Return the value of a field in a document without a fault, None if it has no such field."""
    value = orjson.loads(text)
    if value.keys() <= model.__pydantic_fields__.keys():  # model_fields takes as long as to parse a small document
        return value.get(field)
    return getattr(decode_value(model, value), field)  # the field may be spelled in another case


# The fields that are checked without the decoder, which takes ten times as long as to parse a document.
_NEEDED: Mapping[type[Document], Mapping[str, type]] = {
    Config: {"Hostname": str, "Tty": bool, "WorkingDir": str},
    HostConfig: {"NetworkMode": str, "LogConfig": dict},
}


def outline_fault(model: type[Document], text: bytes | str) -> str | None:
    """Return what is wrong with a document as far as it shows without decoding every field; None if nothing is."""
    value, reason = _parsed(model, text)
    return reason or _lacking(model, value)


def _parsed(model: type[Document], text: bytes | str) -> tuple[dict[str, Any], str | None]:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return {}, NOT_TEXT if text[:1] == "\ufffd" else NOT_JSON
    return (value, None) if isinstance(value, dict) else ({}, f"is not a {model.__name__}")


def _lacking(model: type[Document], value: dict[str, Any]) -> str | None:
    for field, kind in _NEEDED[model].items():
        if not isinstance(value.get(field), kind):
            return f"is not a {model.__name__}: it has no {field}"
    return None


def _image(raw: Any) -> str | None:
    try:
        parse_image_config(raw)
    except InvalidParameter:
        return "is not the configuration of an image"
    return None


def _any_object(text: bytes | str) -> str | None:
    # As the user wrote it: numbers of any size.
    try:
        return None if isinstance(json.loads(text), dict) else "is not a JSON object"
    except (ValueError, RecursionError):
        return NOT_JSON


_STRINGS = _shape(list[str], "an array of strings")
_OBJECT = _shape(dict[str, Any], "a JSON object")
_BYTES = frozenset({("images", "config"), ("scripts", "content")})
MOUNTS = _shape(list[_Mount], "an array of mount points")

JUDGES: Mapping[tuple[str, str], Callable[[bytes | str], str | None]] = {
    ("containers", "args"): _shape(list[str] | None, "an array of strings"),
    ("containers", "summary"): _shape(_Summary, "the summary of a container"),
    ("container_specs", "config"): _document(Config),
    ("container_specs", "host_config"): _document(HostConfig),
    ("container_specs", "network_settings"): _shape(_Networks, "the network settings of a container"),
    ("container_mounts", "document"): _shape(_Mount, "a mount point"),
    ("container_health", "log"): _shape(list[_Probe] | None, "an array of probes"),
    ("execs", "process"): _OBJECT,
    ("events", "attributes"): _shape(dict[str, str], "an object of strings"),
    ("events", "row_values"): _OBJECT,
    ("idempotency_keys", "answer"): _shape(_Answer, "the answer of a create"),
    ("runtime_configs", "user_config"): _any_object,
    ("runtimes", "args"): _STRINGS,
    ("runtimes", "options"): _OBJECT,
    ("images", "config"): _image,
}
