"""The documents of Docker's API, in Docker's field names, order and zero values (Docker Engine 28.5)."""

from statesvc.domain.documents.config import Config, HealthConfig
from statesvc.domain.documents.create import ContainerCreate
from statesvc.domain.documents.document import Document
from statesvc.domain.documents.exec import ExecCreate, ExecStart
from statesvc.domain.documents.host_config import (
    BindOptions,
    ClusterOptions,
    DeviceMapping,
    DeviceRequest,
    HostConfig,
    ImageOptions,
    LogConfig,
    Mount,
    PortBinding,
    RestartPolicy,
    ThrottleDevice,
    TmpfsOptions,
    Ulimit,
    VolumeDriverConfig,
    VolumeOptions,
    WeightDevice,
)
from statesvc.domain.documents.network import EndpointIPAMConfig, EndpointSettings, NetworkingConfig
from statesvc.domain.documents.objects import NetworkConnect, NetworkCreate, VolumeCreate
from statesvc.domain.documents.reports import (
    AdoptRequest,
    ExecEndedReport,
    ExecProcess,
    ExecStartedReport,
    ExitedReport,
    HealthReport,
    PrepareStartRequest,
    ProbeReport,
    RestartingReport,
    StartedReport,
    StartFailedReport,
)
from statesvc.domain.documents.swarm import NodeSpec, SwarmInit, SwarmJoin, SwarmSpec, SwarmUnlock
from statesvc.domain.documents.update import ContainerUpdate

__all__ = [
    "AdoptRequest",
    "BindOptions",
    "ClusterOptions",
    "Config",
    "ContainerCreate",
    "ContainerUpdate",
    "DeviceMapping",
    "DeviceRequest",
    "Document",
    "EndpointIPAMConfig",
    "EndpointSettings",
    "ExecCreate",
    "ExecEndedReport",
    "ExecProcess",
    "ExecStart",
    "ExecStartedReport",
    "ExitedReport",
    "HealthConfig",
    "HealthReport",
    "HostConfig",
    "ImageOptions",
    "LogConfig",
    "Mount",
    "NetworkConnect",
    "NetworkCreate",
    "NetworkingConfig",
    "NodeSpec",
    "PortBinding",
    "PrepareStartRequest",
    "ProbeReport",
    "RestartPolicy",
    "RestartingReport",
    "StartFailedReport",
    "StartedReport",
    "SwarmInit",
    "SwarmJoin",
    "SwarmSpec",
    "SwarmUnlock",
    "ThrottleDevice",
    "TmpfsOptions",
    "Ulimit",
    "VolumeCreate",
    "VolumeDriverConfig",
    "VolumeOptions",
    "WeightDevice",
]
