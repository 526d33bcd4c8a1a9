"""The first answers to requests that carry a key, so that a retry gets the same."""

from typing import NamedTuple

from sqlalchemy import Connection, bindparam, delete, insert, select

from statesvc.db.schema.tables import idempotency_keys
from statesvc.db.statements import Query, Statement

_K = idempotency_keys.c


class Kept(NamedTuple):
    """An answer that was given, as JSON text, and the digest of the request that it was given to."""

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
    """Return what was answered to the request with this key, None if there was none or it has expired."""
    return _FIND.first(conn, {"of": key, "now": now})


def keep(conn: Connection, key: str, kept: Kept, expires_at: int) -> None:
    """Note an answer under a key that has none, or one that has expired."""
    # Not ON CONFLICT: the trigger that refuses another answer fires before it.
    _FORGET.run(conn, {"of": key})
    _KEEP.run(conn, {"key": key, **kept._asdict(), "expires_at": expires_at})


def expire(conn: Connection, now: int, limit: int) -> int:
    """Remove keys that have expired, at most `limit`, the oldest first; return how many."""
    removed: int = _EXPIRE.run(conn, {"now": now, "limit": limit}).rowcount
    return removed
