"""The handle an engine gets for a container: its locked runtime and security options."""

from dataclasses import dataclass

from statesvc.db import runtimes
from statesvc.db.containers import lifecycle
from statesvc.db.containers.lifecycle import Life, SecurityInUse
from statesvc.db.sqlite import Connection
from statesvc.domain.runtimes import Lock
from statesvc.domain.state import LIVE
from statesvc.errors import Conflict
from statesvc.host.scripts import ScriptFolder


@dataclass(frozen=True, slots=True)
class Handle:
    """How an engine runs a container: the locked runtime, and the security options in use.

    `script_path` is where the wrapper script lies, None without arguments.
    """

    container_id: str
    name: str
    revision: int
    attempt: int
    lock: Lock
    script_path: str | None
    security: SecurityInUse

    @property
    def path(self) -> str | None:
        """What is to be executed: the script, else the binary; None for a shim, which the engine knows by its type."""
        return self.script_path or self.lock.binary


def check_lock(life: Life) -> None:
    """Raise Conflict for a container that lives without a lock, and so without an engine."""
    if life.state in LIVE and life.runtime_id is None:
        raise Conflict(f"container {life.id} was imported alive and has no engine: adopt it first")


def handle_of(conn: Connection, life: Life, folder: ScriptFolder) -> Handle:
    """Return the handle of a container. Raises Conflict if it has no lock."""
    check_lock(life)
    if life.runtime_id is None:
        raise Conflict(f"container {life.id} is not locked to a runtime: that comes with its first start")
    lock = runtimes.by_id(conn, life.runtime_id)
    script_path = str(folder.path / lock.script_file) if lock.script_file else None
    security = lifecycle.security(conn, life.id)
    return Handle(life.id, life.name, life.revision, life.attempt, lock, script_path, security)
