"""The containers under conditions with their revisions, for changes that must not hit a container that has changed."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, select

from statesvc.db.containers import selection
from statesvc.db.containers.conditions import Condition
from statesvc.db.schema.tables import containers

_C = containers.c
_REVISIONS = select(_C.id, _C.revision).order_by(_C.created_at.desc(), _C.id.desc())


class Revision(NamedTuple):
    """A container and its revision."""

    id: str
    revision: int


def revisions(conn: Connection, conditions: Sequence[Condition]) -> list[Revision]:
    """Return the ID and the revision of the containers under conditions, the newest first."""
    return selection.under(_REVISIONS, Revision, conditions).all(conn, selection.values(conditions))
