"""Objects as another engine recorded them: read by an importer, written by services.imports."""

from dataclasses import dataclass

from statesvc.domain.container_files import ContainerFiles
from statesvc.domain.state import State
from statesvc.domain.verified import Verified


@dataclass(frozen=True, slots=True)
class ForeignState:
    """The state of a container, as the other engine recorded it."""

    state: State
    pid: int
    exit_code: int
    error: str
    oom_killed: bool
    started_at: int | None
    finished_at: int | None


@dataclass(frozen=True, slots=True)
class ForeignHealth:
    """The health of a container, and its last probes."""

    status: str
    streak: int
    log: list[dict[str, object]]


@dataclass(frozen=True, slots=True)
class ForeignPort:
    """A port of a container; `public_port` is 0 if it is not published on the host."""

    private_port: int
    protocol: str
    public_port: int
    host_ip: str


@dataclass(frozen=True, slots=True)
class ForeignNetworks:
    """The networks of a container: as inspect shows them, as a list shows them, their IDs by name, and the ports."""

    inspected: dict[str, object]
    listed: dict[str, dict[str, object]]
    ids: dict[str, str]
    ports: tuple[ForeignPort, ...] = ()


@dataclass(frozen=True, slots=True)
class ForeignContainer:
    """A container. `verified.links` may name containers that the database does not have."""

    id: str
    name: str
    verified: Verified
    image_id: str
    path: str
    args: list[str] | None
    driver: str
    os: str
    managed: bool
    created_at: int
    state: ForeignState
    restart_count: int
    started_before: bool
    manually_stopped: bool
    networks: ForeignNetworks
    files: ContainerFiles
    health: ForeignHealth | None


@dataclass(frozen=True, slots=True)
class ForeignImage:
    """An image: the exact bytes of its configuration, whose digest is the ID, and the full references that name it."""

    id: str
    config: bytes
    size: int
    created_at: int | None
    tagged_at: int | None
    references: tuple[str, ...] = ()
