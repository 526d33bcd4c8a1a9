"""Reads one container of a Docker data root: from its two files to the record that is imported."""

from typing import TypeVar

from statesvc.domain.container_files import ContainerFiles
from statesvc.domain.documents import Document, HostConfig
from statesvc.domain.documents.decode import decode
from statesvc.domain.link import Link, parse_link
from statesvc.domain.mount_point import MountPoint
from statesvc.domain.network_mode import is_user_defined
from statesvc.domain.state import LIVE, State
from statesvc.domain.verified import SEAL, Security, Verified
from statesvc.errors import InvalidParameter, TooLarge
from statesvc.importers.docker import nearest
from statesvc.importers.docker.documents import CONFIG, StoredContainer, StoredMount, StoredState
from statesvc.importers.docker.network import mac_address, networks
from statesvc.importers.folder import Folder, Unreadable
from statesvc.services.imports.foreign import ForeignContainer, ForeignState

D = TypeVar("D", bound=Document)

HOST_CONFIG = "hostconfig.json"
LIMIT = 16 * 1024 * 1024


class Stored:
    """A container as Docker stores it in a directory: both files, decoded and checked to belong together."""

    def __init__(self, folder: Folder, directory: str) -> None:
        """Read the directory. Raises Unreadable if anything in it would have to be guessed."""
        self.container = _document(StoredContainer, folder, CONFIG)
        if directory != self.container.ID:
            raise Unreadable(f"{CONFIG} is of the container {self.container.ID or '(none)'}, not of this directory's")
        if self.container.Config is None:
            raise Unreadable(f"{CONFIG} holds no configuration")
        self._told: list[str] = []
        # Docker itself takes a missing or empty file for defaults: the container would lose the limits it was given.
        self.host = nearest.host_config(_document(HostConfig, folder, HOST_CONFIG), self._told)
        self.name = nearest.name(self.container.Name, self.container.ID, self._told)
        self._state = _recorded(self.container.State, self._told)
        self._created_at = nearest.creation_time(self.container.Created, self._told)
        stored_health = self.container.State.Health
        self._health = nearest.health_of(stored_health, self._told) if stored_health else None
        self._mounts = nearest.mounts(self.container.MountPoints or {}, self._told)

    @property
    def links(self) -> dict[str, str]:
        """The linked containers by alias; none on a user-defined network, where links create no names."""
        if is_user_defined(self.host.NetworkMode):
            return {}
        parsed = (parse_link(link) for link in self.host.Links or () if link)
        return {alias.removeprefix("/"): child for child, alias in parsed if child and alias.removeprefix("/")}

    @property
    def data_roots(self) -> set[str]:
        """The data roots of the engine, as the recorded paths of this container and its volumes show them."""
        found = self.container
        own = (found.LogPath, found.HostsPath, found.HostnamePath, found.ResolvConfPath)
        roots = {_before(path, f"/containers/{found.ID}/") for path in own}
        for mount in (found.MountPoints or {}).values():
            if mount is not None and mount.Name and mount.Driver == "local":
                roots.add(_before(mount.Source, f"/volumes/{mount.Name}/"))
        return {root for root in roots if root}

    def warnings(self) -> tuple[str, ...]:
        """Return the warnings for the report if the container is imported."""
        if self._state.state not in LIVE:
            return tuple(self._told)
        adopt = f"imported as {self._state.state}: operations on it are refused until an engine adopts it"
        return (*self._told, adopt)

    def foreign(self, data_root: str, links: tuple[Link, ...]) -> ForeignContainer:
        """Return the container as it will be recorded."""
        found, host = self.container, self.host
        config = found.Config
        assert config is not None
        if not config.MacAddress and (address := mac_address(found.NetworkSettings, host.NetworkMode)):
            config = config.copy_with(MacAddress=address)
        connected = networks(found.NetworkSettings, live=self._state.state in LIVE)
        return ForeignContainer(
            id=found.ID,
            name=self.name,
            verified=Verified(
                seal=SEAL,
                origin="docker",
                config=config,
                host_config=host.copy_with(Links=None),  # inspect computes the links from the names
                mounts=tuple(_mount(at, self._mounts[at], data_root) for at in sorted(self._mounts)),
                links=links,
                security=_security(found),
            ),
            image_id=found.Image,
            path=found.Path,
            args=found.Args,
            driver=found.Driver,
            os=found.OS or "linux",
            managed=found.Managed,
            created_at=self._created_at,
            state=self._state,
            restart_count=found.RestartCount,
            started_before=found.HasBeenStartedBefore,
            manually_stopped=found.HasBeenManuallyStopped,
            networks=connected,
            files=_files(found),
            health=self._health,
        )


def _state_of(stored: StoredState, started_at: int | None) -> State:
    """Return the state that a set of flags stands for (moby container/state.go StateString)."""
    if stored.Running:
        return State.PAUSED if stored.Paused else State.RESTARTING if stored.Restarting else State.RUNNING
    # An engine that finds a removal which was not finished leaves the container dead, to be removed again.
    if stored.RemovalInProgress or stored.Dead:
        return State.DEAD
    return State.CREATED if started_at is None else State.EXITED


def _document(model: type[D], folder: Folder, name: str) -> D:
    content = folder.read(name, LIMIT)
    if not content.strip():
        raise Unreadable(f"{name} is empty")
    try:
        document = decode(model, content)
    except (InvalidParameter, TooLarge) as error:
        raise Unreadable(f"{name}: {error.message}") from None
    if not document.model_fields_set:
        raise Unreadable(f"{name} has none of the expected fields")
    return document


def _before(path: str, part: str) -> str:
    root, found, _ = path.rpartition(part)
    return root if found and root.startswith("/") else ""


def _recorded(stored: StoredState, told: list[str]) -> ForeignState:
    started_at = nearest.time(stored.StartedAt, "State.StartedAt", told)
    return ForeignState(
        state=_state_of(stored, started_at),
        pid=stored.Pid,
        exit_code=stored.ExitCode,
        error=stored.Error,
        oom_killed=stored.OOMKilled,
        started_at=started_at,
        finished_at=nearest.time(stored.FinishedAt, "State.FinishedAt", told),
    )


def _files(found: StoredContainer) -> ContainerFiles:
    return ContainerFiles(
        resolv_conf_path=found.ResolvConfPath,
        hostname_path=found.HostnamePath,
        hosts_path=found.HostsPath,
        shm_path=found.ShmPath,
        log_path=found.LogPath,
    )


def _security(found: StoredContainer) -> Security:
    return Security(
        process_label=found.ProcessLabel,
        mount_label=found.MountLabel,
        apparmor_profile=found.AppArmorProfile,
        seccomp_profile=found.SeccompProfile,
        no_new_privileges=found.NoNewPrivileges,
    )


def _mount(destination: str, stored: StoredMount, data_root: str) -> MountPoint:
    kind = stored.Type or ("volume" if stored.Name else "bind")  # engines before 1.13 wrote no type
    is_volume = kind == "volume"
    source = stored.Source
    if is_volume and not source and data_root and stored.Driver in {"", "local"}:
        source = f"{data_root}/volumes/{stored.Name}/_data"
    return MountPoint(
        type=kind,
        destination=destination,
        source=source,
        name=stored.Name,
        driver=stored.Driver,
        mode=stored.Relabel,
        rw=stored.RW,
        propagation=stored.Propagation,
        # The engine stores no source for an anonymous volume, and so shows none in a list.
        named=not is_volume or bool(stored.Source),
    )
