"""What the service says of itself."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from statesvc.db import images
from statesvc.db.containers import rows as containers
from statesvc.db.damage import marks as quarantine
from statesvc.db.damage.finding import Mark
from statesvc.db.database import SQLITE_VERSION, Connection, Database, bare
from statesvc.db.schema.catalogue import revision
from statesvc.domain.state import State
from statesvc.services.damage.judging import DamageGuard
from statesvc.services.runtimes.features import Features
from statesvc.services.site import Site

MARKS_SHOWN = 100


@dataclass(frozen=True, slots=True)
class Counts:
    """How much there is."""

    containers: Mapping[State, int]
    images: int


@dataclass(frozen=True, slots=True)
class Health:
    """How the store is: what it is built with, how large it is, and the rows in it that cannot be read.

    `marks` are the newest, `quarantined` counts all.
    """

    sqlite: str
    schema: str | None
    database_bytes: int
    wal_bytes: int
    quarantined: int
    marks: tuple[Mark, ...]
    swept: Mapping[str, object] | None

    def told(self) -> dict[str, object]:
        """Return it as it is handed out. Healthy: no row is known that cannot be read, and every script is whole."""
        healthy = not self.quarantined and (self.swept is None or bool(self.swept["healthy"]))
        return asdict(self) | {"healthy": healthy}


class System:
    """The service as a whole: where it runs, and how much it holds."""

    def __init__(self, database: Database, site: Site, damage: DamageGuard) -> None:
        self._database = database
        self.site = site
        self._features = Features()
        self._damage = damage
        self.last_sweep: Mapping[str, object] | None = None

    async def counts(self) -> Counts:
        """Count the containers by state, and the images."""
        return await self._database.scan(_counts)

    async def features(self) -> Mapping[str, str]:
        """Return for each runtime in force that tells its features what it said, as JSON."""
        return await self._features.of(self.site.configuration.in_force.runtimes)

    async def health(self) -> Health:
        """Say how the store is. It is not looked through: `statesvc check` does that."""
        await self._damage.settled()
        quarantined, marks, schema = await self._database.scan(_marks)
        sizes = self._database.sizes()
        return Health(SQLITE_VERSION, schema, *sizes, quarantined, tuple(marks), self.last_sweep)


def _marks(conn: Connection) -> tuple[int, list[Mark], str | None]:
    return quarantine.count(conn), quarantine.every(conn, MARKS_SHOWN), revision(bare(conn))


def _counts(conn: Connection) -> Counts:
    return Counts(containers.count_by_state(conn), images.count(conn))
