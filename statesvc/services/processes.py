"""Operations on the process and files of a container, as far as the recorded state can answer them.

Each method finds the container and refuses what its state forbids, in Docker's order and words. Whatever passes needs
a container engine, which is not connected: it raises NotOffered.
"""

import re
from dataclasses import dataclass

import orjson

from statesvc.db.containers import execs, lifecycle
from statesvc.db.containers import rows as containers
from statesvc.db.containers.execs import Exec
from statesvc.db.containers.rows import Found, Inspection
from statesvc.db.database import Database
from statesvc.db.sqlite import Connection
from statesvc.domain import detach_keys
from statesvc.domain.dockerfile import apply_changes
from statesvc.domain.go import signals
from statesvc.domain.runtimes import is_shim_name
from statesvc.domain.state import LIVE, State
from statesvc.errors import Conflict, InvalidParameter, NotFound, NotModified, NotOffered, StateError
from statesvc.services.containers.service import discard
from statesvc.services.damage.judging import DamageGuard
from statesvc.services.engines import needs_engine
from statesvc.services.journal.writing import log_container
from statesvc.services.lifecycle.reports import STARTABLE
from statesvc.services.lifecycle.waits import Until, Wait, Waiting
from statesvc.services.runtimes.service import preflight
from statesvc.services.site import Site

__all__ = ["Exec", "Output", "Processes", "Still"]

_LEAVING = frozenset({State.REMOVING, State.DEAD})
_NOT_STARTED = "128"
"""Docker's exit code for a start that failed before the command was looked for."""
# Looks at each run of white space once, however long it is.
_PS_RENAMES = re.compile(r"(?<!\s)\s++(\S*)=\s*(PID\S*)", re.ASCII)
_TIMESTAMP = re.compile(r"[+-]?\d{1,18}(?:\.\d{1,18})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Output:
    """The output of a container that does not run: nothing. With `tty` it is a raw stream, otherwise multiplexed.

    It goes on until `run` ends, if there is one: the run that comes next, or a start that fails.
    """

    tty: bool
    run: Wait | None = None


@dataclass(frozen=True, slots=True)
class Still:
    """A container without a process, whose statistics are all zero."""

    id: str
    name: str


class Processes:
    """Checks operations that need an engine, and answers those that the state alone can answer."""

    def __init__(self, database: Database, site: Site, damage: DamageGuard, waiting: Waiting) -> None:
        self._database = database
        self._site = site
        self._damage = damage
        self._waiting = waiting

    async def start(self, reference: str) -> None:
        """Start a container. Raises NotModified if it is running, Conflict if it cannot be started.

        Raises InvalidParameter for a runtime that is not configured (any more), or whose wrapped binary cannot be
        executed; NotOffered, after which a container that removes itself is gone, as after any start that fails.
        """
        found = await self._inspect(reference)
        if found.state == State.PAUSED:
            raise Conflict("cannot start a paused container, try unpause instead")
        if found.state in LIVE:
            raise NotModified(f"container {found.id} is running already")
        if found.state in _LEAVING:
            raise Conflict("container is marked for removal and cannot be started")
        await self._preflight(found.runtime_name)
        await self._fail_start(found.id)
        raise needs_engine("start")

    async def _fail_start(self, container_id: str) -> None:
        """Do what Docker does after a start that failed: output ends, and a container that removes itself goes."""
        await self._database.write(_discard_unstarted, container_id, self._site.clock())
        self._waiting.refuse_start(container_id)

    async def _preflight(self, name: str) -> None:
        in_force = self._site.configuration.in_force
        derived = in_force.runtimes.get(name or in_force.daemon.default_runtime)
        if derived is None and not is_shim_name(name):
            raise InvalidParameter(f"unknown or invalid runtime name: {name}")
        # As at creation, only the binary behind a wrapper script is checked: the engine finds the others itself.
        if derived and derived.runtime.args:
            await self._site.threads.files.run(preflight, derived)

    async def stop(self, reference: str, signal: str) -> None:
        """Stop a container. Raises NotModified if it is not running."""
        found = await self._find(reference)
        if found.state not in LIVE:
            raise NotModified(f"container {found.id} is stopped already")
        if signal and signals.parse(signal) is None:
            raise InvalidParameter(f"cannot stop container: {reference}: invalid signal: {signal}")
        raise needs_engine("stop")

    async def restart(self, reference: str, signal: str) -> None:
        """Stop a container if it is running, then start it. Raises Conflict if it is being removed."""
        found = await self._find(reference)
        cannot = f"Cannot restart container {reference}"
        if found.state in LIVE and signal and signals.parse(signal) is None:
            raise InvalidParameter(f"{cannot}: invalid signal: {signal}")
        if found.state in _LEAVING:
            raise Conflict(f"{cannot}: container is marked for removal and cannot be started")
        if found.state not in LIVE:
            await self._fail_start(found.id)
        raise needs_engine("restart")

    async def kill(self, reference: str, signal: str) -> None:
        """Send a signal to a container. Raises Conflict if it is not running."""
        try:
            _check_signal(signal)
            _must_live(await self._find(reference))
        except StateError as error:
            error.message = f"cannot kill container: {reference}: {error.message}"
            error.args = (error.message,)
            raise
        raise needs_engine("kill")

    async def pause(self, reference: str) -> None:
        """Pause a container. Raises Conflict if it is not running, or paused already."""
        found = await self._find(reference)
        _must_live(found)
        if found.state == State.PAUSED:
            raise Conflict(f"Container {found.id} is already paused")
        _must_not_restart(found)
        raise needs_engine("pause")

    async def unpause(self, reference: str) -> None:
        """Resume a paused container. Raises Conflict if it is not paused."""
        found = await self._find(reference)
        if found.state != State.PAUSED:
            raise Conflict(f"Container {found.id} is not paused")
        raise needs_engine("unpause")

    async def resize(self, reference: str) -> None:
        """Change the size of a container's terminal. Raises Conflict if it is not running."""
        _must_live(await self._find(reference))
        raise needs_engine("resize")

    async def top(self, reference: str, ps_args: str) -> None:
        """List the processes of a container. Raises Conflict if it is not running."""
        for renamed, pid in _PS_RENAMES.findall(ps_args):
            if renamed != "pid":
                raise InvalidParameter(f'specifying "{renamed}={pid}" is not allowed')
        found = await self._find(reference)
        _must_live(found)
        _must_not_restart(found)
        raise needs_engine("top")

    async def attach(self, reference: str, *, keys: str, logs: bool, stream: bool) -> Output:
        """Return the output of a container that does not run: with `stream`, until its next run ends or fails to start.

        Raises Conflict if it is paused or restarting, NotOffered for anything that needs the output of a process.
        """
        if detach_keys.parse(keys) is None:
            raise InvalidParameter(f"Invalid detach keys ({keys}) provided")
        wait = await self._waiting.begin(reference, Until.NEXT_EXIT)
        row = self._damage.inspected(wait.began)
        if row.state == State.PAUSED:
            raise Conflict(f"container {reference} is paused, unpause the container before attach")
        if row.state == State.RESTARTING:
            raise Conflict(f"container {reference} is restarting, wait until the container is running")
        if row.state == State.RUNNING or (logs and row.started_at is not None):
            raise needs_engine("attach")
        return Output(_tty(row), wait if stream else None)

    async def logs(self, reference: str, *, since: str, until: str) -> Output:
        """Return the log of a container that never ran. Raises Conflict if it is being removed.

        Raises NotOffered for a container that ran, or whose logging driver does not support reading.
        """
        row = await self._inspect(reference)
        if row.state in _LEAVING:
            raise Conflict("can not get logs from container which is dead or marked for removal")
        if orjson.loads(row.host_config)["LogConfig"].get("Type") == "none":
            raise NotOffered("configured logging driver does not support reading")
        for time in (since, until):
            if time and not _TIMESTAMP.fullmatch(time):
                raise InvalidParameter(f"{time[:50]!r} is not a time: write it as seconds since 1970")
        if row.started_at is not None:
            raise needs_engine("logs")
        return Output(_tty(row))

    async def stats(self, reference: str, *, stream: bool, one_shot: bool) -> Still:
        """Return a container without a process, whose statistics are zero. Raises NotOffered if it is running."""
        found = await self._find(reference)
        if stream and one_shot:
            raise InvalidParameter("cannot have stream=true and one-shot=true")
        if found.state in LIVE and not (found.state == State.RESTARTING and not stream):
            raise needs_engine("stats")
        return Still(found.id, found.name)

    async def create_exec(self, reference: str, keys: str) -> None:
        """Create an exec process in a container. Raises Conflict if it is not running."""
        found = await self._find(reference)
        _must_live(found)
        if found.state == State.PAUSED:
            raise Conflict(f"Container {reference} is paused, unpause the container before exec")
        _must_not_restart(found)
        if detach_keys.parse(keys) is None:
            raise InvalidParameter(f"Invalid escape keys ({keys}) provided")
        raise needs_engine("exec")

    async def find_exec(self, exec_id: str) -> Exec:
        """Return an exec process. Raises NotFound if no engine reported it, or if its record was removed since."""
        found = await self._database.read(execs.find, exec_id)
        if found is None:
            raise NotFound(f"No such exec instance: {exec_id}")
        return found

    async def start_exec(self, exec_id: str) -> None:
        """Start an exec process. Always raises Conflict: the engine that reported it has started it already."""
        found = await self.find_exec(exec_id)
        ran = "is already running" if found.running else "has already run"
        raise Conflict(f"Error: Exec command {exec_id} {ran}")

    async def resize_exec(self, exec_id: str) -> None:
        """Change the size of an exec process's terminal. Raises Conflict if it has ended."""
        if not (await self.find_exec(exec_id)).running:
            raise Conflict(f"exec {exec_id} is not running")
        raise needs_engine("resize")

    async def changes(self, reference: str) -> None:
        """Return if a container's files are certainly unchanged: it never ran, and works in the root directory.

        Raises NotOffered otherwise: Docker creates a missing working directory together with the container.
        """
        row = await self._inspect(reference)
        if row.started_at is not None or orjson.loads(row.config)["WorkingDir"] not in {"", "/"}:
            raise needs_engine("changes")

    async def archive(self, reference: str) -> None:
        """Read or write files of a container."""
        await self._find(reference)
        raise needs_engine("archive")

    async def export(self, reference: str) -> None:
        """Return all files of a container. Raises Conflict if it is being removed."""
        _must_stay(await self._find(reference), "export")
        raise needs_engine("export")

    async def commit(self, reference: str, changes: list[str]) -> None:
        """Make an image of a container. Raises Conflict if it is being removed."""
        _must_stay(await self._find(reference), "commit")
        await self._site.threads.decoding.run(apply_changes, {}, changes)
        raise needs_engine("commit")

    async def _find(self, reference: str) -> Found:
        return await self._database.read(containers.find, reference)

    async def _inspect(self, reference: str) -> Inspection:
        return self._damage.inspected(await self._database.read(containers.inspect, reference))


def _discard_unstarted(conn: Connection, container_id: str, now: int) -> None:
    """Remove a container that removes itself, unless an engine is about to start it, or it is gone already."""
    try:
        life = lifecycle.find(conn, container_id)
    except NotFound:
        return
    if life.state not in STARTABLE or life.prepared_at is not None:
        return
    if containers.host_config(conn, life.id).AutoRemove:
        log_container(conn, "start_failed", life, now, life.revision, exitCode=_NOT_STARTED)
        discard(conn, life, now)


def _check_signal(text: str) -> None:
    if not text:
        return
    number = signals.parse(text)
    if number is None:
        raise InvalidParameter(f"invalid signal: {text}")
    if not signals.is_known(number):
        raise InvalidParameter(f"the linux daemon does not support signal {number}")


def _must_live(found: Found) -> None:
    if found.state not in LIVE:
        raise Conflict(f"container {found.id} is not running")


def _must_not_restart(found: Found) -> None:
    if found.state == State.RESTARTING:
        raise Conflict(f"Container {found.id} is restarting, wait until the container is running")


def _must_stay(found: Found, doing: str) -> None:
    if found.state == State.DEAD:
        raise Conflict(f"You cannot {doing} container {found.id} which is Dead")
    if found.state == State.REMOVING:
        raise Conflict(f"You cannot {doing} container {found.id} which is being removed")


def _tty(row: Inspection) -> bool:
    return bool(orjson.loads(row.config)["Tty"])
