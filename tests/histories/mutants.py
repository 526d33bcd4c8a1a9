"""Deliberate faults of the service: the harness must find each of them, or it proves nothing."""

import sys
import time
from collections.abc import Callable
from typing import Any

from statesvc.db import events, sqlite, writer
from statesvc.db.database import Database
from statesvc.db.sqlite import bare
from statesvc.faults import Point


def unsynced() -> None:
    """Answer when a change is committed, and not synced."""
    sqlite.PRAGMAS = tuple(pragma.replace("FULL", "OFF") for pragma in sqlite.PRAGMAS)


def answers_early() -> None:
    """Answer before the commit."""
    passed = writer.passed

    def early(point: Point) -> None:
        if point is Point.WRITE_DONE:
            for unit in sys._getframe(1).f_locals["batch"]:
                unit.loop.call_soon_threadsafe(unit.settle)
            time.sleep(0.002)
        passed(point)

    writer.passed = early


def stale_reads() -> None:
    """Read a snapshot that is up to twenty reads old."""
    read, count = Database.read, 0

    async def stale(self: Database, *unit: Any, **about: Any) -> Any:
        nonlocal count
        count += 1
        raw = bare(self._loop_reader)
        if count % 20 == 0 and raw.in_transaction:
            raw.execute("COMMIT")
        if not raw.in_transaction:
            raw.execute("BEGIN")
        return await read(self, *unit, **about)

    Database.read = stale


def lost_events() -> None:
    """Leave out every thirteenth event."""
    append, count = events.append, 0

    def forgetful(*event: Any) -> None:
        nonlocal count
        count += 1
        if count % 13:
            append(*event)

    events.append = forgetful


MUTANTS: dict[str, Callable[[], None]] = {
    "unsynced": unsynced,
    "answers-early": answers_early,
    "stale-reads": stale_reads,
    "lost-events": lost_events,
}
