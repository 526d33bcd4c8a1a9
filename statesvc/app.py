"""Wires the program: locks the data root, migrates the database, opens the services, serves; closes in reverse."""

import asyncio
import gc
import os
import signal
import threading
import time
import uuid
from collections.abc import AsyncIterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import asdict, dataclass

import structlog
import uvloop

from statesvc.api.containers import ContainersApi
from statesvc.api.engine_protocol import EngineProtocolApi
from statesvc.api.events import EventsApi
from statesvc.api.files import FilesApi
from statesvc.api.image_transfer import ImageTransferApi
from statesvc.api.images import ImagesApi
from statesvc.api.imports import ImportsApi
from statesvc.api.networks import NetworksApi
from statesvc.api.not_offered import NotOfferedApi
from statesvc.api.processes import ProcessesApi
from statesvc.api.pruning import PruningApi
from statesvc.api.routing import LINES, Route, Router
from statesvc.api.runtimes import RuntimesApi
from statesvc.api.swarm import SwarmApi
from statesvc.api.system import SystemApi
from statesvc.api.usage import UsageApi
from statesvc.api.validation import ValidationApi
from statesvc.api.volumes import VolumesApi
from statesvc.api.wire.server import Server, raise_descriptor_limit
from statesvc.api.wire.sockets import Listener, socket_path, watch
from statesvc.db import runtimes as versions
from statesvc.db.database import Database
from statesvc.db.index_room import has_room
from statesvc.db.schema import compact, migrate
from statesvc.db.schema.backup import Backup, Backups, remove
from statesvc.db.schema.restore import leftovers_removed
from statesvc.db.sqlite import Connection
from statesvc.domain.ids import Entropy
from statesvc.domain.limits import changed
from statesvc.domain.times import Clock
from statesvc.errors import Conflict, StateError, Unavailable
from statesvc.faults import Point, passed
from statesvc.host import facts, reserve
from statesvc.host.clock import since_boot, wall_clock
from statesvc.host.data_root import LOG_LOST, DataRoot, Held
from statesvc.host.log_output import LogOutput
from statesvc.host.root_watch import RootWatch
from statesvc.host.scripts import ScriptFolder
from statesvc.importers.docker.importer import DockerImporter
from statesvc.services import configuration
from statesvc.services.configuration import Configuration
from statesvc.services.containers.idempotency import Keys
from statesvc.services.containers.service import Containers
from statesvc.services.damage.judging import DamageGuard
from statesvc.services.damage.repair import Mended, mend
from statesvc.services.images.service import Images
from statesvc.services.imports.report import Importer
from statesvc.services.imports.service import Imports
from statesvc.services.journal.retention import DAY, Limits, Retention
from statesvc.services.journal.service import Journal
from statesvc.services.lifecycle.service import Lifecycle
from statesvc.services.lifecycle.waits import Waiting
from statesvc.services.listing.service import Listing
from statesvc.services.networks import Networks
from statesvc.services.processes import Processes
from statesvc.services.pruning import Pruning
from statesvc.services.root_guard import RootGuard
from statesvc.services.runtimes.history import RuntimeHistory
from statesvc.services.runtimes.service import Runtimes
from statesvc.services.runtimes.sweep import SweepReport, sweep
from statesvc.services.site import Site
from statesvc.services.steady_clock import SteadyClock
from statesvc.services.system import System
from statesvc.services.usage import DiskUsage
from statesvc.services.vitals import Gauge
from statesvc.services.volumes import Volumes
from statesvc.services.workers import purposes
from statesvc.settings import Settings

# However many SIGHUPs come, a reload begins at most so often; the last one always has its reload.
_BETWEEN_RELOADS = 1.0
_DISK_THREADS = "statesvc-disk"
_PATIENCE_AT_THE_END = 2.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Services:
    """The services of one open data root."""

    database: Database
    site: Site
    damage: DamageGuard
    containers: Containers
    listing: Listing
    images: Images
    keys: Keys
    journal: Journal
    system: System
    runtimes: Runtimes
    runtime_history: RuntimeHistory
    lifecycle: Lifecycle
    waiting: Waiting
    retention: Retention
    importers: Mapping[str, Importer]

    def application(self) -> Router:
        """Return the HTTP application over these services."""
        return Router(self.routes(), self.site.threads.decoding)

    def routes(self) -> list[Route]:
        """Return every route of the API."""
        processes = Processes(self.database, self.site, self.damage, self.waiting)
        apis = (
            ContainersApi(self.containers, self.listing, self.site.clock),
            ImagesApi(self.images),
            ImageTransferApi(self.images),
            EventsApi(self.journal, self.listing, self.site.clock),
            SystemApi(self.system, self.journal),
            RuntimesApi(self.runtimes, self.runtime_history),
            EngineProtocolApi(self.lifecycle),
            ValidationApi(self.containers),
            PruningApi(Pruning(self.database, self.site)),
            ProcessesApi(processes, self.waiting),
            FilesApi(processes),
            VolumesApi(Volumes(self.database)),
            NetworksApi(Networks(self.database, self.site)),
            UsageApi(DiskUsage(self.database, self.listing), self.site.clock),
            NotOfferedApi(),
            SwarmApi(),
            ImportsApi(self.importers),
        )
        return [route for api in apis for route in api.routes()]

    def end_streams(self) -> None:
        """End all event streams and waits, which would otherwise go on."""
        self.journal.close()
        self.waiting.close()


@asynccontextmanager
async def opened(
    settings: Settings,
    *,
    clock: Clock = wall_clock,
    boot_clock: Clock = since_boot,
    entropy: Entropy = os.urandom,
    put_in_force: bool = True,
    log_output: LogOutput | None = None,
) -> AsyncIterator[Services]:
    """Lock the data root and yield its services. Without `put_in_force`, as for commands, the version in force stays.

    Raises Conflict if another process holds it or its database is newer than this program.
    """
    root = DataRoot(settings.data_root)
    root.make()
    async with AsyncExitStack() as stack:
        clean_start = root.holder().pid is None  # whoever ends well takes the note away
        held = stack.enter_context(root.lock(socket=str(socket_path(settings.hosts[0])) if settings.hosts else ""))
        passed(Point.START_LOCKED)
        _log_state_of(root, held)
        if not has_room(root.database):
            reserve.give_up(root)
        config = await configuration.read(settings.config_file)
        _migrate(settings, root, clock)
        passed(Point.START_MIGRATED)
        database = _database(settings, root)
        stack.callback(database.close)
        instance = await _installation(database)
        passed(Point.START_OPENED)
        reserve.keep(root)
        guard = _guarded(database, root, held)
        stack.callback(held.database_closing)
        host = facts.read(settings.host_facts)
        threads = purposes(changed(settings.limits))
        stack.callback(threads.close)
        steady = SteadyClock(clock, boot_clock)
        site = Site(host, Configuration(host, config), root.path, instance, clock, steady, entropy, threads)
        folder = ScriptFolder(root.scripts)
        runtimes = Runtimes(database, site, folder, settings.config_file)
        history = RuntimeHistory(database, folder, threads.files)
        gauge = Gauge(database, clock, log_output, clean_start=clean_start)
        system = System(database, site, damage := DamageGuard(database, clock), gauge)
        system.reasons += [guard.reasons, runtimes.reasons]
        if put_in_force:
            await runtimes.put_in_force_or_keep(config)
        else:
            runtimes.use_unrecorded(config)
        passed(Point.START_CONFIGURED)
        images = Images(database, site)
        keys = Keys(site, root.idempotency_key, settings.idempotency_hours)
        stack.push_async_callback(damage.settled)
        yield Services(
            database=database,
            site=site,
            damage=damage,
            containers=Containers(database, site, images, keys, damage),
            listing=Listing(database, damage),
            images=images,
            keys=keys,
            journal=Journal(database, clock, damage.note),
            system=system,
            runtimes=runtimes,
            runtime_history=history,
            lifecycle=Lifecycle(database, site, folder),
            waiting=Waiting(database),
            retention=Retention(
                database, site.steady_clock.passed, Limits(settings.events_kept, settings.events_kept_days * DAY)
            ),
            importers={"docker": DockerImporter(Imports(database, site))},
        )


def _database(settings: Settings, root: DataRoot) -> Database:
    return Database(
        root.database,
        busy_timeout_ms=settings.busy_timeout_ms,
        checkpoints=not settings.external_checkpoints,
        limits=changed(settings.limits),
    )


def _guarded(database: Database, root: DataRoot, held: Held) -> RootGuard:
    """Let the database refuse what would be written to files that are not in their place."""
    held.database_opened()
    guard = RootGuard(held, RootWatch(root))
    database.guard(guard.before_write, held.written)
    return guard


def _log_state_of(root: DataRoot, held: Held) -> None:
    """Remove what killed commands left, and log what was found at the start."""
    if held.log_lost:
        log.error(LOG_LOST, data_root=str(root.path))
    for path in held.tightened:
        log.warning("others could read or write this: now only its owner can", path=str(path))
    for path in leftovers_removed(root.database, root.backups):
        log.warning("a killed command left this, with all that the database held: removed", path=str(path))


def _migrate(settings: Settings, root: DataRoot, clock: Clock) -> None:
    left = compact.unfinished(root.database)
    if left.exists():
        remove(left)
        log.warning("the copy of a compaction that was killed is removed", path=str(left))
    backups = Backups(root.backups, settings.backups_kept, clock)
    done = migrate.bring_up_to_date(root.database, backups=backups)
    if done.before == done.after:
        for difference in migrate.refuse_altered(root.database)[:10]:
            log.warning("the schema of the database is not as it should be", difference=difference)
    if done.put_back:
        log.info("views, indexes and triggers of others were put back after the migration", objects=done.put_back)
    if done.backup:
        log.info("database backed up", path=str(done.backup.path), rows=done.backup.rows)
        if done.backup.damaged_rows:
            log.warning(
                "the backup contains damaged rows; statesvc check lists them", found=done.backup.damaged_rows[:10]
            )
    if done.before != done.after:
        log.info("database migrated", before=done.before or "none", after=done.after)


async def _installation(database: Database) -> str:
    """Return the ID of this installation; only the first start writes."""
    known = await database.scan(versions.instance_id)
    return known if known is not None else await database.write(_instance, str(uuid.uuid4()))


def _instance(conn: Connection, new: str) -> str:
    """Return the ID of this installation; the first start records `new`."""
    known = versions.instance_id(conn)
    if known is None:
        versions.record_installation(conn, new)
    return known or new


async def swept(services: Services, settings: Settings, *, dry_run: bool = False) -> SweepReport:
    """Sweep the open data root; see `services.runtimes.sweep`."""
    folder, clock = ScriptFolder(DataRoot(services.site.data_root).scripts), services.site.clock
    return await sweep(services.database, folder, clock, history=settings.history_versions, dry_run=dry_run)


async def _swept_or_not(services: Services, settings: Settings) -> SweepReport | None:
    """Sweep; on a disk that is full or read-only, what is not held stays, and the service starts all the same."""
    try:
        return await swept(services, settings)
    except Unavailable as error:
        log.warning("not swept: the next start tries again", reason=error.message)
        return None


async def repaired(settings: Settings, *, clock: Clock = wall_clock) -> tuple[Backup, Mended, SweepReport]:
    """Repair a data root that no service holds; return the backup taken before, the repairs, and the sweep.

    Raises Conflict if another process holds it or its database has another schema than the newest, whatever revision it
    names.
    """
    root = DataRoot(settings.data_root)
    with root.lock() as held:
        _log_state_of(root, held)
        if migrate.refuse_newer(root.database) != migrate.known_revisions()[-1]:
            raise Conflict("only a database of the newest schema can be repaired: run `statesvc db upgrade` first")
        migrate.refuse_altered(root.database)
        backups, database = Backups(root.backups, settings.backups_kept, clock), _database(settings, root)
        try:
            with backups.around(root.database, sound=False) as backup:
                mended = await database.write(mend, clock())
            folder = ScriptFolder(root.scripts)
            report = await sweep(database, folder, clock, history=settings.history_versions)
        finally:
            database.close()
    return backup, mended, report


async def _serve(settings: Settings, log_output: LogOutput) -> None:
    async with opened(settings, log_output=log_output) as services:
        services.system.last_sweep = await _swept_or_not(services, settings)
        passed(Point.START_SWEPT)
        raise_descriptor_limit()
        server = Server(
            services.application(),
            services.end_streams,
            clock=services.site.clock,
            lines=LINES,
            limits=changed(settings.limits),
        )
        server.stop_on_signals()
        async with AsyncExitStack() as sockets:
            await sockets.enter_async_context(services.retention.kept_up())
            await sockets.enter_async_context(services.system.watched())
            listeners = []
            for host in settings.hosts:
                listeners.append(Listener(host, settings.socket_mode))
                sockets.callback(listeners[-1].close)
            # Objects that exist by now live as long as the process: exclude them from garbage collection.
            gc.collect()
            gc.freeze()
            await sockets.enter_async_context(_reloaded_on_hangup(services.runtimes))
            log.info("serving", hosts=settings.hosts, data_root=str(services.site.data_root))
            watching = asyncio.create_task(watch(listeners, server))
            sockets.callback(watching.cancel)
            passed(Point.START_BOUND)
            await server.run_on([listener.socket for listener in listeners])
            passed(Point.STOP_DRAINED)
    log.info("stopped")


@asynccontextmanager
async def _reloaded_on_hangup(runtimes: Runtimes) -> AsyncIterator[None]:
    """Reload after SIGHUP while inside the block, and at once if one came while the service was starting."""
    asked = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, asked.set)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGHUP})
    task = asyncio.create_task(_reload_when(asked, runtimes))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _reload_when(asked: asyncio.Event, runtimes: Runtimes) -> None:
    while True:
        await asked.wait()
        asked.clear()  # a signal during the reload asks for another: the file may have changed after it was read
        try:
            await runtimes.reload()
        except StateError as error:
            problems = [asdict(problem) for problem in error.problems]
            log.warning(
                "reload refused: the configuration in force is unchanged", reason=error.message, problems=problems
            )
        except Exception:
            log.exception("reload failed: the configuration in force is unchanged")
        await asyncio.sleep(_BETWEEN_RELOADS)


def serve(settings: Settings, log_output: LogOutput) -> None:
    """Run the service until SIGTERM or SIGINT; its health tells how its log fares."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        executor = ThreadPoolExecutor(thread_name_prefix=_DISK_THREADS)
        runner.get_loop().set_default_executor(executor)
        runner.run(_serve(settings, log_output))
        executor.shutdown(wait=False, cancel_futures=True)
        _end_despite_stuck_threads(log_output)


def _end_despite_stuck_threads(log_output: LogOutput) -> None:
    """End the process if a thread is still waiting for a disk: all that is to be durable is, and Python would wait."""
    deadline = time.monotonic() + _PATIENCE_AT_THE_END
    for thread in threading.enumerate():
        if thread.name.startswith(_DISK_THREADS):
            thread.join(max(0, deadline - time.monotonic()))
            if thread.is_alive():
                log.warning("stopped although a disk does not answer", thread=thread.name)
                log_output.close()
                os._exit(0)
