"""Versions of the daemon configuration, the runtimes that each one defines, and the version that is in force."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import orjson
from sqlalchemy import Connection, bindparam, delete, exists, func, insert, select, union_all, update

from statesvc.db import scripts
from statesvc.db.damage.judges import fault
from statesvc.db.schema.tables import container_names, containers, runtime_configs, runtimes, service_state
from statesvc.db.schema.tables import scripts as scripts_table
from statesvc.db.schema.types import LAST_INTEGER
from statesvc.db.statements import Query, Statement
from statesvc.domain.runtimes import Derived, Lock, Origin, Runtime, is_shim_name
from statesvc.errors import Damaged, InvalidParameter, Unavailable

_R, _V, _S = runtimes.c, runtime_configs.c, service_state.c


class _Row(NamedTuple):
    id: int
    version: int
    name: str
    origin: Origin
    path: str | None
    args: str
    type: str | None
    options: str | None
    binary: str | None
    script_digest: str | None


_COLUMNS = (
    _R.id, _R.version, _R.name, _R.origin, _R.path, _R.args, _R.type, _R.options, _R.binary, _R.script_digest,
)  # fmt: skip
_IN_FORCE = Query(
    select(*_COLUMNS).join(service_state, _S.current_version == _R.version).where(_R.name == bindparam("name")), _Row
)
_BY_ID = Query(select(*_COLUMNS).where(_R.id == bindparam("id")), _Row)
_OF_VERSION = Query(select(*_COLUMNS).where(_R.version == bindparam("version")).order_by(_R.name), _Row)
_CURRENT = Statement(select(_S.current_version))
_WRITTEN = [column.name for column in runtimes.columns if column is not _R.id]
_ADD = Statement(insert(runtimes).values({name: bindparam(name) for name in _WRITTEN}).returning(_R.id))


@dataclass(frozen=True, slots=True)
class Version:
    """A version of the daemon configuration. `digest` covers the text of the user and the runtimes made from it."""

    version: int
    digest: str
    source: str
    user_config: str
    loaded_at: int


def instance_id(conn: Connection) -> str | None:
    """Return the ID of this installation, None before its first start."""
    return conn.execute(select(_S.instance_id)).scalar()


def record_installation(conn: Connection, instance: str) -> None:
    """Give the installation its ID, once."""
    conn.execute(insert(service_state).values(id=1, instance_id=instance))


def current(conn: Connection) -> Version | None:
    """Return the version in force, None if there is none yet."""
    row = conn.execute(select(runtime_configs).join(service_state, _S.current_version == _V.version)).first()
    return Version(*row) if row else None


def put_in_force(
    conn: Connection, *, digest: str, source: str, user_config: str, now: int, derived: Iterable[Derived]
) -> int:
    """Add a version with its runtimes and their scripts, and put it in force; return its number.

    Raises Unavailable if no number is left for it.
    """
    version = _next_version(conn)
    conn.execute(
        insert(runtime_configs).values(
            version=version, digest=digest, source=source, user_config=user_config, loaded_at=now
        )
    )
    for one in derived:
        if one.script:
            scripts.put(conn, one.script, now)
        _add(conn, version, one)
    conn.execute(update(service_state).values(current_version=version))
    return version


def _next_version(conn: Connection) -> int:
    """Return the number behind all versions, also behind those that are gone but that other rows still refer to."""
    referred_to = union_all(
        select(_V.version.label("version")),
        select(_R.version).where(_R.version < LAST_INTEGER),
        select(_S.current_version).where(_S.current_version < LAST_INTEGER),
    ).subquery()
    newest = max(conn.execute(select(func.max(referred_to.c.version))).scalar() or 0, 0)
    if newest >= LAST_INTEGER:
        raise Unavailable(
            f"the runtime configuration has a version {newest}, so that no number is left for another; "
            "nothing was changed: restore a backup"
        )
    return newest + 1


def _add(conn: Connection, version: int, derived: Derived) -> int:
    runtime, script = derived.runtime, derived.script
    added: int = _ADD.value(
        conn,
        {
            "version": version,
            "name": runtime.name,
            "origin": derived.origin,
            "path": runtime.path,
            "args": orjson.dumps(runtime.args).decode(),
            "type": runtime.type,
            "options": None if runtime.options is None else orjson.dumps(dict(runtime.options)).decode(),
            "binary": derived.binary,
            "wrapper_digest": script.digest if script else None,
            "script_digest": script.digest if script else None,
        },
    )
    return added


def in_force(conn: Connection, name: str) -> Lock:
    """Return the runtime of this name in the version in force; a shim that is not configured gets its row here.

    Raises InvalidParameter for a name that is neither configured nor a shim's.
    """
    row = _IN_FORCE.first(conn, {"name": name})
    if row is None:
        if not is_shim_name(name):
            raise InvalidParameter(f"unknown or invalid runtime name: {name}")
        added = _add(conn, _CURRENT.value(conn, {}), Derived(Runtime(name, type=name), "shim"))
        return by_id(conn, added)
    return _lock(row)


def by_id(conn: Connection, runtime_id: int) -> Lock:
    """Return the runtime that a container is locked to. Raises Damaged if it is gone, which a foreign key forbids."""
    row = _BY_ID.first(conn, {"id": runtime_id})
    if row is None:
        raise Damaged(f"runtime {runtime_id}, to which a container is locked, is missing; see `statesvc check`")
    return _lock(row)


def of_version(conn: Connection, version: int) -> list[Lock]:
    """Return the runtimes of a version, by name."""
    return [_lock(row) for row in _OF_VERSION.all(conn, {"version": version})]


def _lock(row: _Row) -> Lock:
    # An engine runs the binary or the script. Options and arguments are only shown, so damage to them stops nothing.
    options = None if row.options is None or fault("runtimes", "options", row.options) else orjson.loads(row.options)
    args = () if fault("runtimes", "args", row.args) else orjson.loads(row.args)
    return Lock(
        row.id,
        row.version,
        row.name,
        row.origin,
        row.path,
        tuple(args),
        row.type,
        options,
        row.binary,
        row.script_digest,
    )


def versions(conn: Connection, limit: int) -> list[Version]:
    """Return the newest versions, the newest first."""
    return [Version(*row) for row in conn.execute(select(runtime_configs).order_by(_V.version.desc()).limit(limit))]


def find_version(conn: Connection, number: int) -> Version | None:
    """Return a version, None if there is none of this number."""
    row = conn.execute(select(runtime_configs).where(_V.version == number)).first()
    return Version(*row) if row else None


class LockedContainer(NamedTuple):
    """A container, the runtime it is locked to, and when and why its script's file was written again (None: never)."""

    container_id: str
    container_name: str
    state: str
    runtime_id: int
    restored_at: int | None
    restored_because: str | None


def locked(conn: Connection) -> list[LockedContainer]:
    """Return every container that is locked to a runtime which is there, by name."""
    c, n, s = containers.c, container_names.c, scripts_table.c
    statement = (
        select(c.id, n.name, c.state, c.runtime_id, s.restored_at, s.restored_because)
        .join_from(containers, container_names, (n.container_id == c.id) & (n.kind == "primary"))
        .join(runtimes, _R.id == c.runtime_id)
        .join(scripts_table, s.digest == c.script_digest, isouter=True)
        .order_by(n.name)
    )
    return [LockedContainer(*row) for row in conn.execute(statement)]


def holders(conn: Connection) -> dict[int, int]:
    """Return how many containers are locked to each version; versions without any are left out."""
    c = containers.c
    statement = (
        select(_R.version, func.count())
        .join_from(containers, runtimes, _R.id == c.runtime_id)
        .where(c.runtime_id.is_not(None))
        .group_by(_R.version)
    )
    return {version: users for version, users in conn.execute(statement)}  # noqa: C416 - mypy does not take a row for a pair


def unheld_versions(conn: Connection, keep: int) -> list[int]:
    """Return the versions behind the newest `keep` that are neither in force nor hold a container's runtime."""
    locked = select(containers.c.id).join(runtimes, _R.id == containers.c.runtime_id).where(_R.version == _V.version)
    history = (
        select(_V.version)
        .where(_V.version.not_in(select(_S.current_version)), ~exists(locked))
        .order_by(_V.version.desc())
        .offset(keep)
    )
    return list(conn.execute(history).scalars())


def remove_version(conn: Connection, version: int) -> None:
    """Delete a version that nothing holds, with its runtimes."""
    conn.execute(delete(runtimes).where(_R.version == version))
    conn.execute(delete(runtime_configs).where(_V.version == version))
