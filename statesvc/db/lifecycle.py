"""The life of a container: what an engine's report changes, and what is asked before."""

from typing import NamedTuple

import orjson
from sqlalchemy import Connection, bindparam, case, delete, func, insert, literal_column, select, update

from statesvc.db.containers import NAME, best, ranked
from statesvc.db.insertion import Health
from statesvc.db.prepared import Query, Statement
from statesvc.db.tables import container_health, container_ports, container_specs, containers
from statesvc.domain.state import State

_C, _S, _H, _P = containers.c, container_specs.c, container_health.c, container_ports.c


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


class Checks(NamedTuple):
    """How the health of a container is judged; times are nanoseconds, 0 for the engine's own."""

    retries: int
    start_period: int


_NARROW = (
    _C.image, _C.runtime_name, _C.state, _C.pid, _C.exit_code, _C.error, _C.oom_killed, _C.started_at, _C.finished_at,
    _C.restart_count, _C.started_before, _C.manually_stopped, _C.runtime_id, _C.script_digest, _C.engine, _C.attempt,
    _C.prepared_at, _C.revision,
)  # fmt: skip
# What a report may change. The rest of a row is from its creation.
_CHANGES = (
    "state", "pid", "exit_code", "error", "oom_killed", "started_at", "finished_at", "restart_count", "started_before",
    "manually_stopped", "runtime_id", "script_digest", "engine", "attempt", "prepared_at",
)  # fmt: skip

FIND = Query(ranked(select(_C.id, NAME, *_NARROW).select_from(containers)), Life)
_STORE = Statement(
    update(containers)
    .where(_C.id == bindparam("of"))
    .values({name: bindparam(f"new_{name}") for name in _CHANGES} | {"revision": _C.revision + literal_column("1")})
    .returning(_C.revision)
)
_SECURITY = Query(
    select(
        _S.process_label, _S.mount_label, _S.apparmor_profile, _S.seccomp_profile, _S.no_new_privileges
    ).where(_S.container_id == bindparam("container_id")),
    SecurityInUse,
)  # fmt: skip
_CLOSE_PORTS = Statement(delete(container_ports).where(_P.container_id == bindparam("container_id")))
_HEALTHCHECK = Statement(
    select(func.json_extract(_S.config, literal_column("'$.Healthcheck'"))).where(
        _S.container_id == bindparam("container_id")
    )
)
_HEALTH = Query(select(_H.status, _H.streak, _H.log).where(_H.container_id == bindparam("container_id")), Health)
