"""Idempotency keys: the first answer to a request with a key, so that a retry gets the same answer."""

from typing import NamedTuple

from sqlalchemy import Connection, bindparam, delete, insert, select

from statesvc.db.schema.tables import idempotency_keys
from statesvc.db.statements import Query, Statement

_K = idempotency_keys.c


class Kept(NamedTuple):
    """A stored answer, as JSON text, and the digest of its request."""

    request_digest: str
    answer: str


_FIND = Query(
    select(_K.request_digest, _K.answer).where(_K.key == bindparam("of"), _K.expires_at > bindparam("now")), Kept
)
_KEEP = Statement(insert(idempotency_keys))
_FORGET = Statement(delete(idempotency_keys).where(_K.key == bindparam("of")))
_EXPIRED = (
    select(_K.key).where(_K.expires_at <= bindparam("now")).order_by(_K.expires_at).limit(bindparam("limit"))
).scalar_subquery()
_EXPIRE = Statement(delete(idempotency_keys).where(_K.key.in_(_EXPIRED)))


def find(conn: Connection, key: str, now: int) -> Kept | None:
    """Return the stored answer for a key, None if there is none or it has expired."""
    return _FIND.first(conn, {"of": key, "now": now})


def keep(conn: Connection, key: str, kept: Kept, expires_at: int) -> None:
    """Store an answer under a key that has none, or an expired one."""
    # Not ON CONFLICT: the trigger that refuses another answer fires before it.
    _FORGET.run(conn, {"of": key})
    _KEEP.run(conn, {"key": key, **kept._asdict(), "expires_at": expires_at})


def expire(conn: Connection, now: int, limit: int) -> int:
    """Remove keys that have expired, at most `limit`, the oldest first; return how many."""
    removed: int = _EXPIRE.run(conn, {"now": now, "limit": limit}).rowcount
    return removed
