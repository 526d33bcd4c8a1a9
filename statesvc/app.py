"""The program, wired: lock the data root, migrate or refuse, open, serve. Closing goes the other way round."""

import asyncio
import gc
import hashlib
import os
import time
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import structlog
import uvloop

from statesvc.api.containers import ContainersApi
from statesvc.api.engine import EngineApi
from statesvc.api.events import EventsApi
from statesvc.api.images import ImagesApi
from statesvc.api.imports import ImportsApi
from statesvc.api.routing import Router
from statesvc.api.server import Server, bind, socket_path
from statesvc.api.system import SystemApi
from statesvc.api.validation import ValidationApi
from statesvc.db import migrate, runtimes
from statesvc.db.backup import Backups
from statesvc.db.engine import Connection, Database
from statesvc.domain.daemon_config import DaemonConfig
from statesvc.domain.host_facts import HostFacts
from statesvc.domain.ids import Entropy
from statesvc.domain.import_report import Importer
from statesvc.domain.times import Clock
from statesvc.errors import InvalidParameter, Unavailable
from statesvc.host import facts
from statesvc.host.lock import DataRootLock
from statesvc.importers.docker import DockerImporter
from statesvc.services.containers import Containers
from statesvc.services.images import Images
from statesvc.services.imports import Imports
from statesvc.services.journal import Journal
from statesvc.services.site import Site
from statesvc.services.system import System
from statesvc.settings import Settings
from statesvc.validation import daemon

log = structlog.get_logger(__name__)

DATABASE = "statesvc.db"
BACKUPS = "backups"


def wall_clock() -> int:
    """Return the time in nanoseconds since 1970."""
    return time.time_ns()  # noqa: TID251 - the one place that names the clock


@dataclass(frozen=True, slots=True)
class Services:
    """Everything that can be done with one open data root."""

    database: Database
    site: Site
    containers: Containers
    images: Images
    journal: Journal
    system: System
    importers: Mapping[str, Importer]

    def application(self) -> Router:
        """Return the HTTP application over these services."""
        apis = (
            ContainersApi(self.containers, self.site.clock),
            ImagesApi(self.images),
            EventsApi(self.journal),
            SystemApi(self.system),
            ValidationApi(self.containers),
            EngineApi(self.containers),
            ImportsApi(self.importers),
        )
        return Router(route for api in apis for route in api.routes())


@asynccontextmanager
async def opened(
    settings: Settings,
    *,
    clock: Clock = wall_clock,
    entropy: Entropy = os.urandom,
    adopt_configuration: bool = True,
) -> AsyncIterator[Services]:
    """Hold the data root and yield its services; a command may leave the configuration in force as it is.

    Raises Conflict if another process holds it or its database is newer than this program.
    """
    root = settings.data_root.absolute()
    try:
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise Unavailable(f"the data root {root} cannot be made: {error.strerror}") from None
    async with AsyncExitStack() as stack:
        stack.enter_context(DataRootLock(root, socket=str(socket_path(settings.hosts[0])) if settings.hosts else ""))
        configuration = _read_config(settings.config_file)
        _migrate(settings, root, clock)
        database = Database(
            root / DATABASE, busy_timeout_ms=settings.busy_timeout_ms, checkpoints=not settings.external_checkpoints
        )
        stack.callback(database.close)
        source = str(settings.config_file or "defaults")
        adopted = configuration if adopt_configuration else None
        instance = await database.write(_take_up, adopted, source, str(uuid.uuid4()), clock())
        site = Site(_host_facts(settings, configuration), configuration, root, instance, clock, entropy)
        images = Images(database, site)
        journal = Journal(database, clock)
        containers, system = Containers(database, site, images), System(database, site)
        importers: dict[str, Importer] = {"docker": DockerImporter(Imports(database, site))}
        yield Services(database, site, containers, images, journal, system, importers)


def _migrate(settings: Settings, root: Path, clock: Clock) -> None:
    backups = Backups(root / BACKUPS, settings.backups_kept, clock)
    done = migrate.bring_up_to_date(root / DATABASE, backups=backups)
    if done.backup:
        log.info("database backed up", path=str(done.backup.path), rows=done.backup.rows)
    if done.before != done.after:
        log.info("database migrated", before=done.before or "none", after=done.after)


def _host_facts(settings: Settings, configuration: DaemonConfig) -> HostFacts:
    found = facts.read(settings.host_facts)
    driver = configuration.cgroup_driver
    return replace(found, cgroup_driver=driver) if driver else found


def _read_config(path: Path | None) -> DaemonConfig:
    if path is None:
        return DaemonConfig()
    try:
        return daemon.read(path.read_text())
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidParameter(f"the configuration {path} cannot be read: {error}") from None
    except InvalidParameter as error:
        raise InvalidParameter(f"{path}: {error.message}", error.problems) from None


def _take_up(conn: Connection, daemon: DaemonConfig | None, source: str, new_instance: str, now: int) -> str:
    """Put the configuration, if there is one, in force unless it is already; answer the ID of the installation."""
    instance = runtimes.instance_id(conn)
    if instance is None:
        runtimes.found(conn, instance := new_instance)
    if daemon is None:
        return instance
    digest = "sha256:" + hashlib.sha256(daemon.text.encode()).hexdigest()
    current = runtimes.current(conn)
    if current is None or current[1] != digest:
        derived = list(daemon.runtimes.values())
        runtimes.adopt(conn, digest=digest, source=source, user_config=daemon.text, now=now, derived=derived)
    return instance


async def _serve(settings: Settings) -> None:
    async with opened(settings) as services:
        server = Server(services.application(), on_stop=services.journal.close)
        with ExitStack() as sockets:
            listeners = []
            for host in settings.hosts:
                listeners.append(bind(host, settings.socket_mode))
                sockets.callback(socket_path(host).unlink, missing_ok=True)
            # What is there by now stays: the collector need not look at it again and again.
            gc.collect()
            gc.freeze()
            log.info("serving", hosts=settings.hosts, data_root=str(services.site.data_root))
            await server.run_on(listeners)
    log.info("stopped")


def serve(settings: Settings) -> None:
    """Run the service until it is told to stop."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(settings))
