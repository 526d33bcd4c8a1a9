"""Objects as another engine recorded them: read by an importer, written by services.imports."""

from dataclasses import dataclass

from statesvc.domain.container_files import ContainerFiles
from statesvc.domain.state import State
from statesvc.domain.verified import Verified


@dataclass(frozen=True, slots=True)
class ForeignState:
    """Where the container was in its life when its records were read."""

    state: State
    pid: int
    exit_code: int
    error: str
    oom_killed: bool
    started_at: int | None
    finished_at: int | None


@dataclass(frozen=True, slots=True)
class ForeignHealth:
    """What the last probes said."""

    status: str
    streak: int
    log: list[dict[str, object]]


@dataclass(frozen=True, slots=True)
class ForeignPort:
    """A port that is reachable; `public_port` is 0 where the host does not offer it."""

    private_port: int
    protocol: str
    public_port: int
    host_ip: str


@dataclass(frozen=True, slots=True)
class ForeignNetworks:
    """How the container is connected: as inspect shows it, as a list shows it, and its ports."""

    inspected: dict[str, object]
    listed: dict[str, dict[str, object]]
    ids: dict[str, str]
    ports: tuple[ForeignPort, ...] = ()


@dataclass(frozen=True, slots=True)
class ForeignContainer:
    """A container. `verified.links` may name children that are missing here."""

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
    """An image: the exact bytes whose digest is the ID, and the full references that name it."""

    id: str
    config: bytes
    size: int
    created_at: int | None
    tagged_at: int | None
    references: tuple[str, ...] = ()
