"""The part of a container that an engine's reports read and change."""

from typing import NamedTuple

from sqlalchemy import Connection, bindparam, delete, literal_column, select, update

from statesvc.db.containers.rows import NAME, NEXT_REVISION, best, ranked
from statesvc.db.schema.tables import container_ports, container_specs, containers
from statesvc.db.statements import Query, Statement
from statesvc.domain.state import State

_C, _S = containers.c, container_specs.c


class Life(NamedTuple):
    """A container as an engine knows it; flags are 0 or 1, times nanoseconds, None for never.

    `runtime_id` is the lock, `attempt` counts the starts that were prepared, `prepared_at` is set while one is pending.
    """

    id: str
    name: str
    image: str
    runtime_name: str
    state: State
    pid: int
    exit_code: int
    error: str
    oom_killed: int
    started_at: int | None
    finished_at: int | None
    restart_count: int
    started_before: int
    manually_stopped: int
    runtime_id: int | None
    script_digest: str | None
    engine: str | None
    attempt: int
    prepared_at: int | None
    revision: int
    rank: int = 0


class SecurityInUse(NamedTuple):
    """The labels and profiles that a container was created with; `no_new_privileges` is 0 or 1."""

    process_label: str
    mount_label: str
    apparmor_profile: str
    seccomp_profile: str
    no_new_privileges: int


_NARROW = (
    _C.image, _C.runtime_name, _C.state, _C.pid, _C.exit_code, _C.error, _C.oom_killed, _C.started_at, _C.finished_at,
    _C.restart_count, _C.started_before, _C.manually_stopped, _C.runtime_id, _C.script_digest, _C.engine, _C.attempt,
    _C.prepared_at, _C.revision,
)  # fmt: skip
# The columns that a report may change. The others stay as they were created.
_CHANGES = (
    "state", "pid", "exit_code", "error", "oom_killed", "started_at", "finished_at", "restart_count", "started_before",
    "manually_stopped", "runtime_id", "script_digest", "engine", "attempt", "prepared_at",
)  # fmt: skip

FIND = Query(ranked(select(_C.id, NAME, *_NARROW).select_from(containers)), Life)
_STORE = Statement(
    update(containers)
    .where(_C.id == bindparam("of"))
    .values({name: bindparam(f"new_{name}") for name in _CHANGES} | {"revision": NEXT_REVISION})
    .returning(_C.revision)
)
_SECURITY = Query(
    select(
        _S.process_label, _S.mount_label, _S.apparmor_profile, _S.seccomp_profile, _S.no_new_privileges
    ).where(_S.container_id == bindparam("container_id")),
    SecurityInUse,
)  # fmt: skip
_CLOSE_PORTS = Statement(delete(container_ports).where(container_ports.c.container_id == bindparam("container_id")))

_UNLIST_PORTS = Statement(
    update(containers)
    .where(_C.id == bindparam("of"))
    .values(summary=literal_column("""json_set(summary, '$.Ports', json('[]'))"""))
)
_UNSHOW_PORTS = Statement(
    update(container_specs)
    .where(_S.container_id == bindparam("of"))
    .values(network_settings=literal_column("""json_set(network_settings, '$.Ports', json('{}'))"""))
)


def find(conn: Connection, reference: str) -> Life:
    """Return the container a reference means.

    Raises InvalidParameter for an empty or ambiguous reference, NotFound for an unknown one.
    """
    found = best(conn, FIND, reference)
    return found._replace(state=State(found.state), name=found.name or "")


def store(conn: Connection, life: Life) -> Life:
    """Write the changed columns of a container; return it with its new revision."""
    changes = {f"new_{name}": getattr(life, name) for name in _CHANGES}
    return life._replace(revision=_STORE.value(conn, changes | {"of": life.id}))


def security(conn: Connection, container_id: str) -> SecurityInUse:
    """Return the security options that a container was created with. They exist as long as the container does."""
    row = _SECURITY.first(conn, {"container_id": container_id})
    assert row is not None
    return row


def close_ports(conn: Connection, container_id: str) -> None:
    """Delete the live ports of a container that no longer runs."""
    if _CLOSE_PORTS.run(conn, {"container_id": container_id}).rowcount:
        _UNLIST_PORTS.run(conn, {"of": container_id})
        _UNSHOW_PORTS.run(conn, {"of": container_id})
