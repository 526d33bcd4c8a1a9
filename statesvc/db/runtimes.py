"""Runtime configurations: immutable versions, the runtimes that follow from each, and which version is in force."""

from sqlalchemy import Connection, func, insert, select, update

from statesvc.db.tables import runtime_configs, runtimes, service_state
from statesvc.domain.daemon_config import Runtime


def instance_id(conn: Connection) -> str | None:
    """Return the ID of this installation, None before its first start."""
    return conn.execute(select(service_state.c.instance_id)).scalar()


def found(conn: Connection, instance: str) -> None:
    """Give the installation its ID, once."""
    conn.execute(insert(service_state).values(id=1, instance_id=instance))


def current(conn: Connection) -> tuple[int, str] | None:
    """Return version and digest of the configuration in force, None if there is none yet."""
    configs = runtime_configs.c
    row = conn.execute(
        select(configs.version, configs.digest).join(service_state, service_state.c.current_version == configs.version)
    ).first()
    return (row.version, row.digest) if row else None


def adopt(conn: Connection, *, digest: str, source: str, user_config: str, now: int, derived: list[Runtime]) -> int:
    """Add a version with its runtimes and put it in force; answer its number."""
    version = (conn.execute(select(func.max(runtime_configs.c.version))).scalar() or 0) + 1
    conn.execute(
        insert(runtime_configs).values(
            version=version, digest=digest, source=source, user_config=user_config, loaded_at=now
        )
    )
    conn.execute(
        insert(runtimes),
        [
            {
                "version": version,
                "name": runtime.name,
                "path": runtime.path,
                "args": list(runtime.args),
                "type": runtime.type,
                "options": dict(runtime.options) if runtime.options is not None else None,
            }
            for runtime in derived
        ],
    )
    conn.execute(update(service_state).values(current_version=version))
    return version
