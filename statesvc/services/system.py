"""What the service says of itself."""

from collections.abc import Mapping
from dataclasses import dataclass

from statesvc.db import containers, images
from statesvc.db.engine import Connection, Database
from statesvc.domain.state import State
from statesvc.services.features import Features
from statesvc.services.site import Site


@dataclass(frozen=True, slots=True)
class Counts:
    """How much there is."""

    containers: Mapping[State, int]
    images: int


class System:
    """The service as a whole: where it runs, and how much it holds."""

    def __init__(self, database: Database, site: Site) -> None:
        self._database = database
        self.site = site
        self._features = Features()

    async def counts(self) -> Counts:
        """Count the containers by state, and the images."""
        return await self._database.scan(_counts)

    async def features(self) -> Mapping[str, str]:
        """Return for each runtime in force that tells its features what it said, as JSON."""
        return await self._features.of(self.site.configuration.in_force.runtimes)


def _counts(conn: Connection) -> Counts:
    return Counts(containers.count_by_state(conn), images.count(conn))
