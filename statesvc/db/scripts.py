"""Wrapper scripts under the digest of their content, and what holds each."""

from typing import NamedTuple

from sqlalchemy import Connection, bindparam, delete, exists, insert, or_, select, update

from statesvc.db.schema.tables import containers, runtimes, scripts, service_state
from statesvc.db.statements import Statement
from statesvc.domain.wrapper_script import Script

_S, _R, _C = scripts.c, runtimes.c, containers.c
_IS_THERE = Statement(select(_S.digest).where(_S.digest == bindparam("digest")))
_CONTENT = Statement(select(_S.content).where(_S.digest == bindparam("digest")))
_PUT = Statement(
    insert(scripts).values(digest=bindparam("digest"), content=bindparam("content"), created_at=bindparam("now"))
)
_IN_FORCE = (
    select(_R.id)
    .join(service_state, service_state.c.current_version == _R.version)
    .where(_R.script_digest == _S.digest)
)
_OF_CONTAINER = select(_C.id).where(_C.script_digest == _S.digest)


class HeldScript(NamedTuple):
    """A script that the configuration in force or a container holds, under one of the names it has."""

    runtime_name: str
    digest: str
    content: bytes


def put(conn: Connection, script: Script, now: int) -> None:
    """Store the script; one that is there already stays as it is."""
    # Not ON CONFLICT: the trigger that refuses a replacement fires before it.
    if _IS_THERE.value(conn, {"digest": script.digest}) is None:
        _PUT.run(conn, {"digest": script.digest, "content": script.content, "now": now})


def content(conn: Connection, digest: str) -> bytes:
    """Return the content of a script. It is there as long as something holds it."""
    found: bytes = _CONTENT.value(conn, {"digest": digest})
    return found


def unheld(conn: Connection) -> list[str]:
    """Return the digests of the scripts that neither the configuration in force nor any container holds."""
    statement = select(_S.digest).where(~exists(_IN_FORCE), ~exists(_OF_CONTAINER)).order_by(_S.digest)
    return list(conn.execute(statement).scalars())


def of_history(conn: Connection) -> set[str]:
    """Return the digests of the scripts that a version of the configuration has, present or past."""
    return set(conn.execute(select(_R.script_digest).where(_R.script_digest.is_not(None)).distinct()).scalars())


def remove(conn: Connection, digest: str) -> None:
    """Delete a script; the runtimes of versions that are history lose their reference to it."""
    conn.execute(delete(scripts).where(_S.digest == digest))


def held(conn: Connection) -> list[HeldScript]:
    """Return the scripts whose files must exist: each held script, once for each runtime name it is held under."""
    current = select(service_state.c.current_version).scalar_subquery()
    statement = (
        select(_R.name, _S.digest, _S.content)
        .join_from(scripts, runtimes, _R.script_digest == _S.digest)
        .where(or_(_R.version == current, exists(select(_C.id).where(_C.runtime_id == _R.id))))
        .distinct()
        .order_by(_S.digest, _R.name)
    )
    return [HeldScript(*row) for row in conn.execute(statement)]


def restored(conn: Connection, digest: str, because: str, now: int) -> None:
    """Note that a file of the script was missing or altered, and was written again."""
    conn.execute(update(scripts).where(_S.digest == digest).values(restored_at=now, restored_because=because))
