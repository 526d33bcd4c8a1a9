"""The service as a whole: its counts, its features, and the health of its store."""

from collections.abc import Mapping
from dataclasses import dataclass

from statesvc.db import images
from statesvc.db.containers import rows as containers
from statesvc.db.damage import marks as quarantine
from statesvc.db.damage.finding import Mark
from statesvc.db.database import SQLITE_VERSION, Connection, Database, bare
from statesvc.db.schema.catalogue import revision
from statesvc.domain.state import State
from statesvc.services.damage.judging import DamageGuard
from statesvc.services.runtimes.features import Features
from statesvc.services.runtimes.sweep import SweepReport
from statesvc.services.site import Site

MARKS_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Counts:
    """The number of containers by state, and of images."""

    containers: Mapping[State, int]
    images: int


@dataclass(frozen=True, slots=True)
class Health:
    """The health of the store: its SQLite version, schema, sizes, damaged rows and last sweep.

    `marks` are the newest marks of damaged rows, `quarantined` counts all of them.
    """

    sqlite: str
    schema: str | None
    database_bytes: int
    wal_bytes: int
    quarantined: int
    marks: tuple[Mark, ...]
    swept: SweepReport | None

    @property
    def healthy(self) -> bool:
        """Whether no damaged row is known, and the last sweep found every needed script intact."""
        return not self.quarantined and (self.swept is None or self.swept.healthy)


class System:
    """The service as a whole: its site, counts, runtime features and health."""

    def __init__(self, database: Database, site: Site, damage: DamageGuard) -> None:
        self._database = database
        self.site = site
        self._features = Features(site.threads.files)
        self._damage = damage
        self.last_sweep: SweepReport | None = None

    async def counts(self) -> Counts:
        """Count the containers by state, and the images."""
        return await self._database.scan(_counts)

    async def features(self) -> Mapping[str, str]:
        """Return the features of each runtime in force that supports `features`, as the JSON that it printed."""
        return await self._features.of(self.site.configuration.in_force.runtimes)

    async def health(self) -> Health:
        """Return the health of the store as far as it is known: only `statesvc check` reads every row."""
        await self._damage.settled()
        quarantined, marks, schema = await self._database.scan(_marks)
        sizes = self._database.sizes()
        return Health(SQLITE_VERSION, schema, *sizes, quarantined, tuple(marks), self.last_sweep)


def _marks(conn: Connection) -> tuple[int, list[Mark], str | None]:
    return quarantine.count(conn), quarantine.every(conn, MARKS_SHOWN), revision(bare(conn))


def _counts(conn: Connection) -> Counts:
    return Counts(containers.count_by_state(conn), images.count(conn))
