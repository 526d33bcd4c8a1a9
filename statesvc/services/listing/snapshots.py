"""The list of all containers together with the place in the journal where it stands."""

from dataclasses import dataclass

from statesvc.db import events
from statesvc.db.database import Connection, Database
from statesvc.services.listing.select import Listed, ListQuery, select


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All containers, and the number of the last event that they are the outcome of."""

    seq: int
    listed: Listed


class Snapshots:
    """Where a reader of the journal begins: it takes one, resumes behind its number, and misses nothing."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def take(self) -> Snapshot:
        """Return all containers as one committed state has them."""
        return await self._database.scan(_take)


def _take(conn: Connection) -> Snapshot:
    return Snapshot(events.last(conn), select(conn, ListQuery(all=True)))
