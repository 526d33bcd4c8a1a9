"""The body of POST /containers/create."""

from typing import ClassVar, Self

from pydantic import Field, model_validator

from statesvc.domain.documents.config import Config
from statesvc.domain.documents.document import Document
from statesvc.domain.documents.host_config import HostConfig
from statesvc.domain.documents.network import NetworkingConfig

_INHERITED = ("Memory", "MemorySwap", "CpuShares", "CpusetCpus", "VolumeDriver")


class ContainerCreate(Document):
    """A create request as the client sent it (Go: runconfig.ContainerConfigWrapper), without any defaults.

    `config` is None when the body names no field of Config. `host_config` is the nested HostConfig with what Docker
    takes over from the deprecated fields at the top level; without a nested one, those fields alone make it.
    """

    EMBEDDED: ClassVar = frozenset({"config", "deprecated_host_config"})

    config: Config | None = None
    host_config: HostConfig | None = Field(default=None, alias="HostConfig")
    deprecated_cpuset: str = Field(default="", alias="Cpuset")
    networking_config: NetworkingConfig | None = Field(default=None, alias="NetworkingConfig")
    deprecated_host_config: HostConfig | None = None

    @model_validator(mode="after")
    def _apply_deprecated_fields(self) -> Self:
        host = self.host_config
        if (outer := self.deprecated_host_config) is not None:
            host = _inherit(host, outer) if host is not None else outer
        if host is not None and self.deprecated_cpuset and not host.CpusetCpus:
            host = host.copy_with(CpusetCpus=self.deprecated_cpuset)
        # The model is frozen, but it is not complete yet.
        self.__dict__["host_config"] = host
        return self


def _inherit(host: HostConfig, outer: HostConfig) -> HostConfig:
    values = {name: getattr(outer, name) for name in _INHERITED if getattr(outer, name) and not getattr(host, name)}
    return host.copy_with(**values) if values else host
