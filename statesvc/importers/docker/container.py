"""Reads one container of a Docker data root: from its two files to the record that is imported."""

from typing import TypeVar

from statesvc.domain import health, names, times
from statesvc.domain.container_files import ContainerFiles
from statesvc.domain.documents import Document, HostConfig
from statesvc.domain.documents.decode import decode
from statesvc.domain.link import Link, parse_link
from statesvc.domain.mount_point import MountPoint
from statesvc.domain.network_mode import is_user_defined
from statesvc.domain.state import LIVE, State
from statesvc.domain.verified import SEAL, Security, Verified
from statesvc.errors import InvalidParameter
from statesvc.importers.docker.documents import StoredContainer, StoredHealth, StoredMount, StoredState
from statesvc.importers.docker.network import mac_address, networks
from statesvc.importers.folder import Folder, Unreadable
from statesvc.services.imports.foreign import ForeignContainer, ForeignHealth, ForeignState

D = TypeVar("D", bound=Document)

CONFIG, HOST_CONFIG = "config.v2.json", "hostconfig.json"
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
        # Docker itself takes a missing or empty file for defaults: the container would lose the limits it was given.
        self.host = _document(HostConfig, folder, HOST_CONFIG)
        try:
            self.name = names.check(self.container.Name)
        except InvalidParameter as error:
            raise Unreadable(error.message) from None
        self.state = state_of(self.container.State)

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
        if self.state not in LIVE:
            return ()
        return (f"imported as {self.state}: operations on it are refused until an engine adopts it",)

    def foreign(self, data_root: str, links: tuple[Link, ...]) -> ForeignContainer:
        """Return the container as it will be recorded. Raises Unreadable for values that cannot be recorded."""
        found, host = self.container, self.host
        config = found.Config
        assert config is not None
        if not config.MacAddress and (address := mac_address(found.NetworkSettings, host.NetworkMode)):
            config = config.copy_with(MacAddress=address)
        created = _time(found.Created, "Created")
        if created is None:
            raise Unreadable(f"{CONFIG} has no time of creation")
        connected = networks(found.NetworkSettings, live=self.state in LIVE)
        return ForeignContainer(
            id=found.ID,
            name=self.name,
            verified=Verified(
                seal=SEAL,
                origin="docker",
                config=config,
                host_config=host.copy_with(Links=None),  # inspect computes the links from the names
                mounts=_mounts(found.MountPoints or {}, data_root),
                links=links,
                security=_security(found),
            ),
            image_id=found.Image,
            path=found.Path,
            args=found.Args,
            driver=found.Driver,
            os=found.OS or "linux",
            managed=found.Managed,
            created_at=created,
            state=_recorded(found.State, self.state),
            restart_count=found.RestartCount,
            started_before=found.HasBeenStartedBefore,
            manually_stopped=found.HasBeenManuallyStopped,
            networks=connected,
            files=_files(found),
            health=_health(found.State.Health),
        )


def state_of(stored: StoredState) -> State:
    """Return the state that a set of flags stands for (moby container/state.go StateString)."""
    if stored.Running:
        return State.PAUSED if stored.Paused else State.RESTARTING if stored.Restarting else State.RUNNING
    if stored.RemovalInProgress:
        return State.REMOVING
    if stored.Dead:
        return State.DEAD
    return State.CREATED if _time(stored.StartedAt, "State.StartedAt") is None else State.EXITED


def _document(model: type[D], folder: Folder, name: str) -> D:
    content = folder.read(name, LIMIT)
    if not content.strip():
        raise Unreadable(f"{name} is empty")
    try:
        document = decode(model, content)
    except InvalidParameter as error:
        raise Unreadable(f"{name}: {error.message}") from None
    if not document.model_fields_set:
        raise Unreadable(f"{name} has none of the expected fields")
    return document


def _before(path: str, part: str) -> str:
    root, found, _ = path.rpartition(part)
    return root if found and root.startswith("/") else ""


def _time(text: str, field: str) -> int | None:
    try:
        return times.parse(text)
    except InvalidParameter as error:
        raise Unreadable(f"{CONFIG}: {field}: {error.message}") from None


def _recorded(stored: StoredState, state: State) -> ForeignState:
    return ForeignState(
        state=state,
        pid=stored.Pid,
        exit_code=stored.ExitCode,
        error=stored.Error,
        oom_killed=stored.OOMKilled,
        started_at=_time(stored.StartedAt, "State.StartedAt"),
        finished_at=_time(stored.FinishedAt, "State.FinishedAt"),
    )


def _health(stored: StoredHealth | None) -> ForeignHealth | None:
    if stored is None:
        return None
    # Docker shows a status that was never set as unhealthy (moby container/health.go).
    status = stored.Status or health.UNHEALTHY
    if status not in health.STATUSES:
        raise Unreadable(f"{CONFIG}: State.Health.Status is {status!r}, which is not a health status")
    return ForeignHealth(status, stored.FailingStreak, [probe.to_dict() for probe in stored.Log or ()])


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


def _mounts(stored: dict[str, StoredMount | None], data_root: str) -> tuple[MountPoint, ...]:
    mounts = {
        mount.destination: mount for key, entry in stored.items() if entry for mount in (_mount(key, entry, data_root),)
    }
    if len(mounts) < sum(entry is not None for entry in stored.values()):
        raise Unreadable(f"{CONFIG}: two mounts have the same destination")
    return tuple(mounts[destination] for destination in sorted(mounts))


def _mount(key: str, stored: StoredMount, data_root: str) -> MountPoint:
    kind = stored.Type or ("volume" if stored.Name else "bind")  # engines before 1.13 wrote no type
    is_volume = kind == "volume"
    source = stored.Source
    if is_volume and not source and data_root and stored.Driver in {"", "local"}:
        source = f"{data_root}/volumes/{stored.Name}/_data"
    return MountPoint(
        type=kind,
        destination=stored.Destination or key,
        source=source,
        name=stored.Name,
        driver=stored.Driver,
        mode=stored.Relabel,
        rw=stored.RW,
        propagation=stored.Propagation,
        # The engine stores no source for an anonymous volume, and so shows none in a list.
        named=not is_volume or bool(stored.Source),
    )
