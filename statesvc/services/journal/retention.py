"""Removes old events of the journal and expired idempotency keys, in small units between the other writers."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

import structlog

from statesvc.db import events, idempotency
from statesvc.db.database import Database
from statesvc.domain.times import SECOND
from statesvc.errors import StateError
from statesvc.faults import Point, passed
from statesvc.services.background import beside

# How many rows one unit removes: other writers wait no longer than for these.
BATCH = 200
# How many rows one pass removes because of their age: should a wrong time be trusted, there are hours to notice it.
AGED_EVENTS = 50
AGED_KEYS = 2_000
PAUSE_SECONDS = 10.0
DAY = 86_400 * SECOND
_NEVER = -(2**63)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of the journal: the number of events, and their age in nanoseconds."""

    events: int
    events_age: int


class Retention:
    """Removes what exceeds the limits. `passed` returns a time that has surely passed, None if none is known."""

    def __init__(self, database: Database, passed: Callable[[], int | None], limits: Limits) -> None:
        self._database = database
        self._passed = passed
        self._limits = limits

    async def trim(self) -> int:
        """Remove events beyond the limits, and expired keys; return the number of events that were removed.

        One pass removes all events beyond the number to keep, but only some of those that are too old.
        """
        trim, passed = partial(events.trim, keep=self._limits.events), self._passed()
        gone = await self._remove(partial(trim, older_than=_NEVER))
        if passed is not None:
            gone += await self._remove(partial(trim, older_than=passed - self._limits.events_age), most=AGED_EVENTS)
            await self._remove(partial(idempotency.expire, now=passed), most=AGED_KEYS)
        return gone

    async def _remove(self, unit: Callable[..., int], *, most: int | None = None) -> int:
        gone = 0
        while limit := BATCH if most is None else min(BATCH, most - gone):
            removed = await self._database.write(unit, limit=limit)
            if not removed:
                break
            gone += removed
            passed(Point.JOURNAL_TRIMMED)
            await asyncio.sleep(0)  # let units that wait for the writer run first
        return gone

    @asynccontextmanager
    async def kept_up(self) -> AsyncIterator[None]:
        """Trim at once, then every PAUSE_SECONDS, while inside the `async with` block."""
        async with beside(self._keep_up()):
            yield

    async def _keep_up(self) -> None:
        while True:
            try:
                gone = await self.trim()
                if gone:
                    log.debug("journal trimmed", events=gone)
            except StateError as error:
                log.warning("journal not trimmed", reason=error.message)
            await asyncio.sleep(PAUSE_SECONDS)
