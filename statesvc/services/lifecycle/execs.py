"""Exec processes of a container, recorded as an engine reports their start and end."""

from dataclasses import dataclass

import orjson

from statesvc.db.containers import execs, lifecycle
from statesvc.db.containers.lifecycle import Life
from statesvc.db.sqlite import Connection
from statesvc.domain.engines import exec_id_fault
from statesvc.domain.state import State
from statesvc.domain.times import SECOND
from statesvc.errors import Conflict, InvalidParameter, NotFound
from statesvc.host.scripts import ScriptFolder
from statesvc.services.containers.revisions import Expected, expect
from statesvc.services.journal.writing import log_all, log_container
from statesvc.services.lifecycle.handles import Handle, check_lock, handle_of

KEPT = 300 * SECOND


@dataclass(frozen=True, slots=True)
class ExecConfig:
    """What an exec runs in a running container, and how. An environment has no place here: it may hold secrets."""

    entrypoint: str
    arguments: tuple[str, ...] = ()
    tty: bool = False
    privileged: bool = False
    user: str = ""
    open_stdin: bool = False
    open_stdout: bool = False
    open_stderr: bool = False
    pid: int = 0

    @property
    def program(self) -> str:
        """The program as events name it: without arguments, which may be secrets, also those in the entrypoint."""
        return next(iter(self.entrypoint.split()), "")

    def document(self) -> dict[str, object]:
        """Return the configuration as it is stored."""
        return {
            "tty": self.tty,
            "entrypoint": self.entrypoint,
            "arguments": list(self.arguments),
            "privileged": self.privileged,
            "user": self.user,
            "openStdin": self.open_stdin,
            "openStdout": self.open_stdout,
            "openStderr": self.open_stderr,
        }


def start(
    conn: Connection,
    reference: str,
    exec_id: str,
    engine: str,
    config: ExecConfig,
    expected: Expected,
    now: int,
    folder: ScriptFolder,
    *,
    lock: int | None,
) -> Handle | None:
    """Record an exec, and return the handle of its container; execs that ended long ago are forgotten.

    Returns None, and records nothing, if the container has another lock than the one whose script was looked at.
    """
    # An engine in the same process passes no document, which would have checked the ID.
    if fault := exec_id_fault(exec_id):
        raise InvalidParameter(fault)
    life = lifecycle.find(conn, reference)
    check_lock(life)
    known = execs.find(conn, exec_id)
    if known is None:
        expect(life, expected)
        _must_run(life)
        if life.runtime_id != lock:
            return None
        life = _added(conn, life, exec_id, engine, config, now)
    elif known.container_id != life.id or not _same(known, config):
        raise Conflict(f"exec {exec_id} is another process already")
    return handle_of(conn, life, folder)


def end(conn: Connection, exec_id: str, exit_code: int, expected: Expected, now: int) -> Life:
    """Record the end of an exec, and return the life of its container."""
    ended = execs.find(conn, exec_id)
    if ended is None:
        raise NotFound(f"No such exec instance: {exec_id}")
    life = lifecycle.find(conn, ended.container_id)
    if ended.exit_code == exit_code:
        return life
    expect(life, expected)
    if ended.exit_code is not None:
        raise Conflict(f"exec {exec_id} ended with {ended.exit_code}, not {exit_code}")
    execs.end(conn, exec_id, exit_code, now)
    life = lifecycle.store(conn, life)
    log_container(conn, "exec_die", life, now, life.revision, execID=exec_id, exitCode=str(exit_code))
    return life


def _added(conn: Connection, before: Life, exec_id: str, engine: str, config: ExecConfig, now: int) -> Life:
    execs.forget(conn, before.id, now - KEPT)
    execs.begin(conn, exec_id, before.id, pid=config.pid, process=config.document(), now=now)
    life = lifecycle.store(conn, before)
    more = {"execID": exec_id, "engine": engine}
    entries = [(f"{action}: {config.program}", more) for action in ("exec_create", "exec_start")]
    log_all(conn, entries, life, now, life.revision)
    return life


def _same(known: execs.Exec, config: ExecConfig) -> bool:
    return known.pid == config.pid and orjson.loads(known.process) == config.document()


def _must_run(life: Life) -> None:
    if life.state == State.PAUSED:
        raise Conflict(f"Container {life.name} is paused, unpause the container before exec")
    if life.state == State.RESTARTING:
        raise Conflict(f"Container {life.id} is restarting, wait until the container is running")
    if life.state != State.RUNNING:
        raise Conflict(f"container {life.id} is not running")
