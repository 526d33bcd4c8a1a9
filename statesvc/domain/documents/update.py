"""The body of POST /containers/{name}/update: Docker's Resources, and the restart policy."""

from typing import Any

from pydantic import create_model

from statesvc.domain.documents.document import Document
from statesvc.domain.documents.host_config import HostConfig

_FIELDS = tuple(HostConfig.model_fields)
_RESOURCES = _FIELDS[_FIELDS.index("CpuShares") : _FIELDS.index("IOMaximumBandwidth") + 1]


def _fields(*names: str) -> dict[str, Any]:
    fields = HostConfig.model_fields
    return {name: (fields[name].rebuild_annotation(), fields[name].default) for name in names}


# Only these fields are read: a body may hold others, of any type.
ContainerUpdate = create_model("ContainerUpdate", __base__=Document, **_fields(*_RESOURCES, "RestartPolicy"))


def host_config(update: Document) -> HostConfig:
    """Return the host configuration that holds nothing but what an update asks for."""
    return HostConfig().copy_with(**update.__dict__)
