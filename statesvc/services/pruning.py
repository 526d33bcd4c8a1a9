"""Containers that do not run, removed all at once (moby daemon/prune.go)."""

from dataclasses import dataclass

from statesvc.db import containers, events, listing
from statesvc.db.engine import Connection, Database
from statesvc.db.listing import Condition
from statesvc.domain import moments
from statesvc.domain.event import Event
from statesvc.domain.filters import Filters
from statesvc.domain.state import LIVE
from statesvc.errors import InvalidParameter, NotFound
from statesvc.services.containers import discard
from statesvc.services.selection import labelled
from statesvc.services.site import Site

ACCEPTED = frozenset({"label", "label!", "until"})
# How many are removed in one unit: other writers wait for no more than these.
BATCH = 100


@dataclass(frozen=True, slots=True)
class Chosen:
    """A container that is to be removed unless it changes meanwhile."""

    id: str
    revision: int


class Pruning:
    """Removes what does not run. Any number of these may go on at once: each container is removed by one of them."""

    def __init__(self, database: Database, site: Site) -> None:
        self._database = database
        self._site = site

    async def containers(self, filters: Filters) -> list[str]:
        """Remove the containers that do not run and pass the filters; return their IDs, the newest first.

        One that changed after it was chosen, or that somebody else removes, stays out of it.
        Raises InvalidParameter for a filter that cannot be understood.
        """
        now = self._site.clock()
        conditions = _conditions(filters, now)
        chosen = [] if conditions is None else await self._database.scan(choose, conditions)
        removed: list[str] = []
        batches = [chosen[at : at + BATCH] for at in range(0, len(chosen), BATCH)]
        for batch in batches:
            removed += await self._database.write(remove, batch, self._site.clock())
        await self._database.write(_tell, self._site.clock())
        return removed


def _conditions(filters: Filters, now: int) -> list[Condition] | None:
    """Return what a container must be like, None if none can be so."""
    made = [listing.removable(), *labelled(filters)]
    until = filters.get("until", ())
    if len(until) > 1:
        raise InvalidParameter("more than one until filter specified")
    if until:
        made.append(listing.created_until(moments.parse(until[0], now)))
    if "label!" in filters:
        unwanted = list(labelled({"label": filters["label!"]}))
        # Docker keeps what has every one of these labels: everything has every one of none.
        if not unwanted:
            return None
        made.append(listing.lacks_one(unwanted))
    return made


def choose(conn: Connection, conditions: list[Condition]) -> list[Chosen]:
    """Return what is to be removed."""
    return [Chosen(*row) for row in listing.revisions(conn, conditions)]


def remove(conn: Connection, batch: list[Chosen], now: int) -> list[str]:
    """Remove those that are as they were when they were chosen; return their IDs."""
    return [chosen.id for chosen in batch if _remove_unchanged(conn, chosen, now)]


def _remove_unchanged(conn: Connection, chosen: Chosen, now: int) -> bool:
    try:
        found = containers.find(conn, chosen.id)
    except NotFound:
        return False
    if found.id != chosen.id or found.revision != chosen.revision or found.state in LIVE:
        return False
    discard(conn, found, now)
    return True


def _tell(conn: Connection, now: int) -> None:
    # No layer is kept here, so no space is won.
    events.append(conn, Event("container", "prune", "", now, {"reclaimed": "0"}))
