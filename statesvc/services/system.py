"""The service as a whole: its counts, its features, and the health of its store."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

import structlog

from statesvc.db import images
from statesvc.db import runtimes as versions
from statesvc.db.containers import rows as containers
from statesvc.db.damage import marks as quarantine
from statesvc.db.damage.finding import Mark
from statesvc.db.database import Database
from statesvc.db.failures import says_damage
from statesvc.db.schema.catalogue import revision
from statesvc.db.sqlite import SQLITE_VERSION, Connection, bare
from statesvc.domain.state import State
from statesvc.errors import StateError, Unavailable
from statesvc.services.background import beside
from statesvc.services.damage.judging import DamageGuard
from statesvc.services.health import Reason, Reasons
from statesvc.services.runtimes.features import Features
from statesvc.services.runtimes.sweep import SweepReport
from statesvc.services.site import Site
from statesvc.services.vitals import Gauge, Vitals
from statesvc.services.vitals import reasons as reasons_in

MARKS_SHOWN = 100
PAUSE_SECONDS = 10.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Counts:
    """The number of containers by state, and of images."""

    containers: Mapping[State, int]
    images: int


@dataclass(frozen=True, slots=True)
class Health:
    """The health of the store: its SQLite version, schema, sizes, damaged rows and last sweep.

    `marks` are the newest marks of damaged rows, `quarantined` counts all of them. `reasons` is empty if all is well.
    """

    sqlite: str
    schema: str | None
    database_bytes: int
    wal_bytes: int
    quarantined: int
    marks: tuple[Mark, ...]
    swept: SweepReport | None
    reasons: tuple[Reason, ...]
    vitals: Vitals

    @property
    def healthy(self) -> bool:
        """Whether nothing is known to be wrong."""
        return not self.reasons


_DAMAGED = "the database file is damaged: changes are refused; stop the service and restore a backup"
_OVERWRITTEN = (
    "the database file was overwritten by that of another installation: changes are refused; stop the service and "
    "restore a backup"
)


class System:
    """The service as a whole: its site, counts, runtime features and health."""

    def __init__(self, database: Database, site: Site, damage: DamageGuard, gauge: Gauge) -> None:
        self._database = database
        self._gauge = gauge
        self._wrong: frozenset[str] = frozenset()
        self.site = site
        self._features = Features(site.threads.files)
        self._damage = damage
        self.last_sweep: SweepReport | None = None
        # Whatever part of the service can find something wrong adds itself here.
        self.reasons: list[Reasons] = []

    async def counts(self) -> Counts:
        """Count the containers by state, and the images."""
        return await self._database.scan(_counts)

    async def features(self) -> Mapping[str, str]:
        """Return the features of each runtime in force that supports `features`, as the JSON that it printed."""
        return await self._features.of(self.site.configuration.in_force.runtimes)

    async def health(self) -> Health:
        """Return the health of the store as far as it is known: only `statesvc check` reads every row.

        What cannot be read now is a reason, not an error.
        """
        await self._damage.settled()
        vitals = self._gauge.measure()
        swept, found = self.last_sweep, [reason for reasons in self.reasons for reason in reasons()]
        found += reasons_in(vitals)
        try:
            quarantined, marks, schema, instance_id = await self._database.scan(_marks)
            damage = "" if instance_id == self.site.instance_id else _OVERWRITTEN
            found += [Reason("unreadable", damage)] if damage else []
        except Unavailable as error:
            quarantined, marks, schema = 0, [], None
            found.append(Reason("unreadable", error.message))
            damage = _DAMAGED if says_damage(error) else ""
        self._database.refuse_changes(damage)
        if quarantined:
            found.append(Reason("quarantined", f"rows that cannot be read: {quarantined}; statesvc check names them"))
        if swept and not swept.healthy:
            names = ", ".join((*swept.damaged, *swept.unwritten))
            found.append(Reason("swept", f"the start could not write held scripts again: {names}"))
        self._note(found)
        sizes = self._database.sizes()
        return Health(SQLITE_VERSION, schema, *sizes, quarantined, tuple(marks), swept, tuple(found), vitals)

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Look at the health every PAUSE_SECONDS while inside the `async with` block."""
        async with beside(self._watch()):
            yield

    async def _watch(self) -> None:
        while True:
            try:
                await self.health()
                if self._database.in_doubt:
                    await self._database.settle()
            except StateError:  # it is told by the next look
                pass
            except Exception:
                log.exception("the health cannot be looked at")
            await asyncio.sleep(PAUSE_SECONDS)

    def _note(self, found: Sequence[Reason]) -> None:
        """Log it when something begins to be wrong, or when all is well again."""
        wrong = frozenset(reason.code for reason in found)
        if wrong == self._wrong:
            return
        self._wrong = wrong
        if wrong:
            log.warning("not healthy", reasons=[f"{reason.code}: {reason.message}" for reason in found])
        else:
            log.info("healthy again")


def _marks(conn: Connection) -> tuple[int, list[Mark], str | None, str | None]:
    marks = quarantine.every(conn, MARKS_SHOWN)
    return quarantine.count(conn), marks, revision(bare(conn)), versions.instance_id(conn)


def _counts(conn: Connection) -> Counts:
    return Counts(containers.count_by_state(conn), images.count(conn))
