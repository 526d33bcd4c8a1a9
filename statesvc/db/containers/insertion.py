"""Insertion of a container with all of its rows, only from documents that were verified."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, insert

from statesvc.db.schema.tables import (
    container_health,
    container_labels,
    container_mounts,
    container_networks,
    container_ports,
    container_specs,
    containers,
)
from statesvc.db.statements import Statement
from statesvc.domain.container_files import ContainerFiles
from statesvc.domain.health import Health
from statesvc.domain.mount_point import MountPoint
from statesvc.domain.port import Port
from statesvc.domain.state import State
from statesvc.domain.verified import Verified


@dataclass(frozen=True, slots=True)
class Container:
    """The narrow row. `args` and `summary` are JSON text; times are nanoseconds, None for never."""

    id: str
    image: str
    image_id: str
    path: str
    args: str
    driver: str
    os: str
    created_at: int
    summary: str
    runtime_name: str
    managed: bool = False
    state: str = State.CREATED
    pid: int = 0
    exit_code: int = 0
    error: str = ""
    oom_killed: bool = False
    started_at: int | None = None
    finished_at: int | None = None
    restart_count: int = 0
    started_before: bool = False
    manually_stopped: bool = False
    runtime_id: int | None = None
    script_digest: str | None = None
    engine: str | None = None
    attempt: int = 0
    prepared_at: int | None = None
    revision: int = 1


@dataclass(frozen=True, slots=True)
class Belongings:
    """The rows of a container beside its verified documents.

    `network_settings` is JSON text as inspect shows it, `networks` maps the names of its networks to their IDs.
    """

    network_settings: str
    networks: Mapping[str, str] = field(default_factory=dict)
    files: ContainerFiles = field(default_factory=ContainerFiles)
    ports: tuple[Port, ...] = ()
    health: Health | None = None


_INSERT = Statement(insert(containers))
_INSERT_SPEC = Statement(insert(container_specs))
_INSERT_LABEL = Statement(insert(container_labels))
_INSERT_MOUNT = Statement(insert(container_mounts))
_INSERT_NETWORK = Statement(insert(container_networks))
_INSERT_PORT = Statement(insert(container_ports))
_INSERT_HEALTH = Statement(insert(container_health))


def add(conn: Connection, container: Container, verified: Verified, belongings: Belongings) -> None:
    """Insert a container whose name the caller reserves in the same transaction."""
    owner = {"container_id": container.id}
    _INSERT.run(conn, _row(container) | {"origin": verified.origin})
    _INSERT_SPEC.run(conn, owner | _spec(verified, belongings))
    if labels := verified.config.Labels:
        _INSERT_LABEL.run_many(conn, [owner | {"key": key, "value": value} for key, value in labels.items()])
    if verified.mounts:
        _INSERT_MOUNT.run_many(conn, [owner | _mount(mount) for mount in verified.mounts])
    if belongings.networks:
        named = belongings.networks.items()
        _INSERT_NETWORK.run_many(conn, [owner | {"name": name, "network_id": network} for name, network in named])
    if belongings.ports:
        _INSERT_PORT.run_many(conn, [owner | {"position": at} | _row(port) for at, port in enumerate(belongings.ports)])
    if belongings.health:
        _INSERT_HEALTH.run(conn, owner | _row(belongings.health))


def _row(record: Any) -> dict[str, object]:
    return {name: getattr(record, name) for name in record.__slots__}


def _spec(verified: Verified, belongings: Belongings) -> dict[str, object]:
    return {
        "config": verified.config.to_json().decode(),
        "host_config": verified.host_config.to_json().decode(),
        "network_settings": belongings.network_settings,
        **_row(belongings.files),
        **_row(verified.security),
    }


def _mount(mount: MountPoint) -> dict[str, object]:
    return {
        "destination": mount.destination,
        "type": mount.type,
        "volume": (mount.name or None) if mount.type == "volume" else None,
        "source": mount.source,
        "named": mount.named,
        "document": mount.document(),
    }
