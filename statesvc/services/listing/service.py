"""The list of containers: the only way to it, for lists over HTTP, snapshots and disk usage."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from statesvc.db import events
from statesvc.db.database import Connection, Database
from statesvc.services.damage.judging import DamageGuard
from statesvc.services.listing.query import Listed, ListQuery
from statesvc.services.listing.select import select

T = TypeVar("T")
Select = Callable[[Connection, ListQuery], Listed]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All containers in one committed state, and the number of the last event before it."""

    seq: int
    listed: Listed


class Listing:
    """Lists containers. A damaged container is listed with what can still be read of it, and quarantined."""

    def __init__(self, database: Database, damage: DamageGuard) -> None:
        self._database = database
        self._damage = damage

    async def listed(self, query: ListQuery) -> Listed:
        """Return the containers of a list, newest first.

        Raises InvalidParameter for an invalid filter value, NotFound if the container that `before` or `since` names
        does not exist.
        """
        return await self.scan(lambda conn, select: select(conn, query))

    async def snapshot(self) -> Snapshot:
        """Return all containers as one committed state has them, and the number of the last event before it.

        A reader that continues with the events after that number misses none.
        """
        return await self.scan(_snapshot)

    async def scan(self, unit: Callable[[Connection, Select], T]) -> T:
        """Run a unit that reads a list and other rows from the same state; the unit gets the list by calling `Select`.

        Raises what the unit raises.
        """
        found: list[tuple[str, int]] = []

        def judged(conn: Connection, query: ListQuery) -> Listed:
            listed = select(conn, query)
            entries = self._damage.entries(conn, listed.rows)
            found.extend(entries.found)
            return replace(listed, rows=entries.rows, damaged=entries.damaged) if entries.damaged else listed

        answer = await self._database.scan(unit, judged)
        for container_id, hashed in found:
            self._damage.note("containers", container_id, hashed)
        return answer


def _snapshot(conn: Connection, select: Select) -> Snapshot:
    return Snapshot(events.last(conn), select(conn, ListQuery(all=True)))
