"""The body of POST /containers/create."""

from typing import ClassVar

from pydantic import Field

from statesvc.domain.documents.config import Config
from statesvc.domain.documents.document import Document
from statesvc.domain.documents.host_config import HostConfig
from statesvc.domain.documents.network import NetworkingConfig


class ContainerCreate(Document):
    """A create request as the client sent it (Go: container.CreateRequest), without any defaults.

    `config` is None when the body names no field of Config.
    """

    EMBEDDED: ClassVar = frozenset({"config"})

    config: Config | None = None
    host_config: HostConfig | None = Field(default=None, alias="HostConfig")
    networking_config: NetworkingConfig | None = Field(default=None, alias="NetworkingConfig")
