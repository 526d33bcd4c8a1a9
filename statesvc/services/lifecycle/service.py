"""The life of containers, as an engine reports it: prepared starts, exits, pauses, removals.

An engine is the program that runs the containers. It prepares a start, which locks the container to a runtime of the
configuration in force, and reports what became of it. The lock lasts until the next start or the removal: whatever is
reloaded meanwhile, every operation on the container goes through the same runtime and script.
"""

from dataclasses import dataclass
from typing import Protocol

import structlog

from statesvc.db import runtimes, scripts
from statesvc.db.containers import execs as exec_rows
from statesvc.db.containers import lifecycle
from statesvc.db.containers.lifecycle import Life
from statesvc.db.database import Database
from statesvc.db.sqlite import Connection
from statesvc.domain import engines, ids
from statesvc.domain.runtimes import Lock
from statesvc.domain.state import LIVE, State
from statesvc.domain.wrapper_script import file_name
from statesvc.errors import NOTHING_CHANGED, Conflict, InvalidParameter, Unavailable
from statesvc.faults import Point, passed
from statesvc.host.scripts import ScriptFolder
from statesvc.services.containers.revisions import Expected, expect
from statesvc.services.containers.service import discard
from statesvc.services.journal.writing import log_all, log_container
from statesvc.services.lifecycle import execs, health, reports
from statesvc.services.lifecycle.execs import ExecConfig
from statesvc.services.lifecycle.handles import Handle, check_lock, handle_of
from statesvc.services.lifecycle.health import Probe
from statesvc.services.lifecycle.reports import Exited, Report, Restarting, Started, StartFailed
from statesvc.services.runtimes.service import preflight
from statesvc.services.site import Site

# How often a start is tried again because a reload came between.
LOOKS = 100

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """A container's state once a report about it is recorded."""

    container_id: str
    state: State
    attempt: int
    revision: int


@dataclass(frozen=True, slots=True)
class StartedExec:
    """An exec that was recorded, and the handle to run it by."""

    exec_id: str
    handle: Handle


class LockRequest(Protocol):
    """What gives a container its lock: a prepared start, or an adoption."""

    @property
    def action(self) -> str:
        """The action of its event."""

    @property
    def engine(self) -> str:
        """The engine that asks."""

    def is_known(self, life: Life) -> bool:
        """Return whether this engine has that lock already."""

    def check(self, life: Life) -> None:
        """Refuse what the state forbids."""

    def applied(self, life: Life, lock: Lock, now: int) -> Life:
        """Return the life with the lock."""


class Lifecycle:
    """Records what an engine reports. `expected` are the revisions that it may find; PreconditionFailed otherwise.

    Every report raises NotFound for an unknown container, and Conflict where the state forbids it, where it is about an
    attempt that is not the present one, and for a container that was imported alive until an engine adopts it. A report
    of what is known already changes nothing.
    """

    def __init__(self, database: Database, site: Site, folder: ScriptFolder) -> None:
        self._database = database
        self._site = site
        self._folder = folder

    async def prepare_start(self, reference: str, engine: str, *, expected: Expected = None) -> Handle:
        """Lock a container to its runtime in the configuration in force, and return what to start it with.

        The engine that has a start pending gets the same again. Raises NotModified for one that runs, Conflict for one
        that cannot be started or that another engine prepares (the present revision, if expected, abandons that),
        InvalidParameter for a runtime that is not configured or whose binary cannot be executed.
        """
        return await self._lock(reference, reports.Prepare(engine, takes_over=expected is not None), expected)

    async def adopt(self, reference: str, engine: str, *, pid: int | None = None, expected: Expected = None) -> Handle:
        """Take charge of a container that was imported alive; raises as a prepared start does."""
        return await self._lock(reference, reports.Adopt(engine, pid), expected)

    async def runtime(self, reference: str) -> Handle:
        """Return the handle of a container. Raises Conflict if it has no lock."""
        handle = await self._database.scan(_handle, reference, self._folder)
        await self._ready(handle.lock)
        return handle

    async def started(self, reference: str, attempt: int, pid: int, *, expected: Expected = None) -> Acknowledgement:
        """Report that the process of a prepared start, or of a restart by policy, runs."""
        return await self._report(reference, Started(attempt, pid), expected)

    async def start_failed(
        self, reference: str, attempt: int, *, error: str, exit_code: int, expected: Expected = None
    ) -> Acknowledgement:
        """Report that a start came to nothing: the error is recorded, a created container stays created."""
        return await self._report(reference, StartFailed(attempt, error, exit_code), expected)

    async def exited(self, reference: str, report: Exited, *, expected: Expected = None) -> Acknowledgement:
        """Report the end of a container. Its ports are closed and its execs ended."""
        return await self._report(reference, report, expected)

    async def restarting(self, reference: str, report: Restarting, *, expected: Expected = None) -> Acknowledgement:
        """Report an end after which the policy starts the container again."""
        return await self._report(reference, report, expected)

    async def paused(self, reference: str, *, expected: Expected = None) -> Acknowledgement:
        """Report that a container is frozen."""
        return await self._report(reference, reports.PAUSED, expected)

    async def unpaused(self, reference: str, *, expected: Expected = None) -> Acknowledgement:
        """Report that a container is thawed."""
        return await self._report(reference, reports.UNPAUSED, expected)

    async def removing(self, reference: str, *, expected: Expected = None) -> Acknowledgement:
        """Report that the removal of a container has begun."""
        return await self._report(reference, reports.REMOVING, expected)

    async def dead(self, reference: str, *, expected: Expected = None) -> Acknowledgement:
        """Report that the removal of a container failed."""
        return await self._report(reference, reports.DEAD, expected)

    async def removed(self, reference: str, *, expected: Expected = None) -> None:
        """Report that a container is gone: so is its record. Raises Conflict while it lives."""
        await self._database.write(_removed, reference, expected, self._site.clock())

    async def health(
        self, reference: str, *, status: str | None = None, probe: Probe | None = None, expected: Expected = None
    ) -> Acknowledgement:
        """Report a probe, a status, or both: a status that is not given follows from the probe, as Docker judges.

        The revision stays, since a probe touches no document.
        """
        now = self._site.clock()
        return await self._database.write(_check, reference, status, probe, expected, now)

    async def exec_started(
        self, reference: str, engine: str, config: ExecConfig, *, exec_id: str | None = None, expected: Expected = None
    ) -> StartedExec:
        """Report that an exec process starts, and return the handle to run it by.

        An ID is made up if none is given. Raises Conflict unless the container runs.
        """
        _check_engine(engine)
        new = exec_id or ids.new_id(self._site.entropy)
        for _ in range(LOOKS):
            life = await self._database.read(lifecycle.find, reference)
            await self._ready(await self._lock_of(life))
            now = self._site.clock()
            handle = await self._database.write(
                execs.start, reference, new, engine, config, expected, now, self._folder, lock=life.runtime_id
            )
            if handle:
                return StartedExec(new, handle)
        raise Unavailable(f"the container is started faster than its runtime can be checked; {NOTHING_CHANGED}")

    async def exec_ended(self, exec_id: str, exit_code: int, *, expected: Expected = None) -> Acknowledgement:
        """Report that an exec process ended. Raises NotFound if it is not known (any more)."""
        life = await self._database.write(execs.end, exec_id, exit_code, expected, self._site.clock())
        return _acknowledged(life)

    async def _report(self, reference: str, report: Report, expected: Expected) -> Acknowledgement:
        return await self._database.write(_report, reference, report, expected, self._site.clock())

    async def _lock(self, reference: str, asked: LockRequest, expected: Expected) -> Handle:
        _check_engine(asked.engine)
        for _ in range(LOOKS):
            in_force = self._site.configuration.in_force
            if not in_force.version:
                raise Unavailable(
                    f"no configuration is in force here, only a service locks containers to runtimes; {NOTHING_CHANGED}"
                )
            life = await self._database.read(lifecycle.find, reference)
            name, checked = life.runtime_name or in_force.daemon.default_runtime, 0
            if asked.is_known(life):
                await self._ready(await self._lock_of(life))
            else:
                expect(life, expected)
                asked.check(life)
                derived, checked = in_force.runtimes.get(name), in_force.version
                await self._site.threads.engine.run(preflight, derived)
                if derived and derived.script:
                    await self._script_ready(file_name(name, derived.script.digest), derived.script.digest)
            locked = await self._database.write(
                _take_lock, reference, asked, expected, name, checked, self._site.clock(), self._folder
            )
            if locked:
                passed(Point.LOCK_TAKEN)
                return locked
        raise Unavailable(
            f"the configuration changes faster than a runtime can be checked; nothing was locked: {NOTHING_CHANGED}"
        )

    async def _lock_of(self, life: Life) -> Lock | None:
        if life.script_digest is None or life.runtime_id is None:
            return None
        return await self._database.read(runtimes.by_id, life.runtime_id)

    async def _ready(self, lock: Lock | None) -> None:
        if lock and lock.script_file and lock.script_digest:
            await self._script_ready(lock.script_file, lock.script_digest)

    async def _script_ready(self, file: str, digest: str) -> None:
        """Have a script executable: a file that is missing or altered is written again.

        Before anything is recorded: an answer that the file cannot be written must not leave a lock, or an exec under
        an ID that nobody got. Raises Unavailable then.
        """
        flaw = await self._site.threads.engine.run(self._folder.missing_or_altered, file, digest)
        if flaw is None:
            return
        content = await self._database.read(scripts.content, digest)
        try:
            await self._site.threads.engine.run(self._folder.write, {file: content})
        except OSError as error:
            raise Unavailable(
                f"the wrapper script {file} is {flaw} and cannot be written to {self._folder.path}: "
                f"{error.strerror}; {NOTHING_CHANGED}"
            ) from None
        await self._database.write(scripts.restored, digest, flaw, self._site.clock())
        log.warning("wrapper script written again", file=file, because=flaw)


def _check_engine(engine: str) -> None:
    # An engine in the same process passes no document, which would have checked the name.
    if fault := engines.name_fault(engine):
        raise InvalidParameter(fault)


def _take_lock(
    conn: Connection,
    reference: str,
    asked: LockRequest,
    expected: Expected,
    name: str,
    version: int,
    now: int,
    folder: ScriptFolder,
) -> Handle | None:
    """Give a container its lock. Return None, and lock nothing, if another version is in force than the one checked.

    0 is none: the engine had the lock when the container was looked at.
    """
    life = lifecycle.find(conn, reference)
    if asked.is_known(life):
        return handle_of(conn, life, folder)
    expect(life, expected)
    asked.check(life)
    lock = runtimes.in_force(conn, name)
    if lock.version != version:
        return None
    after = lifecycle.store(conn, asked.applied(life, lock, now))
    more = {"runtime": lock.name, "version": str(lock.version), "engine": asked.engine}
    log_container(conn, asked.action, after, now, after.revision, **more)
    return handle_of(conn, after, folder)


def _handle(conn: Connection, reference: str, folder: ScriptFolder) -> Handle:
    return handle_of(conn, lifecycle.find(conn, reference), folder)


def _report(conn: Connection, reference: str, report: Report, expected: Expected, now: int) -> Acknowledgement:
    life = lifecycle.find(conn, reference)
    check_lock(life)
    if not report.is_known(life):
        expect(life, expected)
        if report.attempt not in {None, life.attempt}:
            raise Conflict(f"container {life.id} is at attempt {life.attempt}, attempt {report.attempt} is over")
        life = _changed(conn, life, report, now)
    return _acknowledged(life)


def _acknowledged(life: Life) -> Acknowledgement:
    return Acknowledgement(life.id, life.state, life.attempt, life.revision)


def _changed(conn: Connection, before: Life, report: Report, now: int) -> Life:
    life = lifecycle.store(conn, report.applied(before, now))
    if isinstance(report, Started):
        health.begin(conn, life.id, now)
    elif isinstance(report, Exited | Restarting):
        lifecycle.close_ports(conn, life.id)
        exec_rows.end_all(conn, life.id, now)
        health.end(conn, life.id, now)
    log_all(conn, report.events(before, now), life, now, life.revision)
    return life


def _removed(conn: Connection, reference: str, expected: Expected, now: int) -> None:
    life = lifecycle.find(conn, reference)
    check_lock(life)
    expect(life, expected)
    if life.state in LIVE:
        raise Conflict(f"container {life.id} is {life.state}: report its end first")
    discard(conn, life, now)


def _check(
    conn: Connection, reference: str, status: str | None, probe: Probe | None, expected: Expected, now: int
) -> Acknowledgement:
    life = lifecycle.find(conn, reference)
    check_lock(life)
    change = health.judge(conn, life, status, probe, now)
    if change:
        expect(life, expected)
        if life.state not in {State.RUNNING, State.PAUSED}:
            raise Conflict(f"container {life.id} is {life.state}, and its health is not checked")
        health.store(conn, life.id, change.after)
        if change.new_status:
            log_container(conn, f"health_status: {change.new_status}", life, now, life.revision)
    return _acknowledged(life)
