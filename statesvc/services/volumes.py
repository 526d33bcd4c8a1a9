"""Volumes, derived from the containers that mount them: a volume that no container mounts is unknown."""

from collections.abc import Mapping, Sequence

from statesvc.db import volumes
from statesvc.db.database import Database
from statesvc.db.sqlite import Connection
from statesvc.db.volumes import Volume
from statesvc.domain import filters as filtering
from statesvc.domain.filters import Filters
from statesvc.domain.go.values import parse_bool
from statesvc.errors import Conflict, InvalidParameter, NotFound
from statesvc.services.engines import needs_engine
from statesvc.services.listing.patterns import Patterns
from statesvc.validation.mount_specs import volume_faults

ACCEPTED = frozenset({"dangling", "driver", "label", "name"})
PRUNE_ACCEPTED = frozenset({"all", "label", "label!"})
DERIVED: Mapping[str, str] = {"statesvc": "derived"}
"""The label of networks and volumes, which are derived from the containers."""

__all__ = ["ACCEPTED", "DERIVED", "PRUNE_ACCEPTED", "Volume", "Volumes"]


class Volumes:
    """The volumes that containers name."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def listed(self, filters: Filters) -> list[Volume]:
        """Return the volumes that pass the filters, by name. Raises InvalidParameter for invalid values."""
        return await self._database.scan_long(_passing, filters)

    async def inspect(self, name: str) -> Volume:
        """Return a volume. Raises NotFound if no container mounts it."""
        found = await self._database.read(volumes.by_name, name)
        if found is None:
            raise NotFound(f"get {name}: no such volume")
        return found

    async def create(self, name: str, driver: str, options: Mapping[str, str]) -> Volume:
        """Return the existing volume with this name, as Docker does. Raises NotOffered if there is none."""
        for fault in volume_faults(name, driver, dict(options)):
            raise InvalidParameter(fault)
        found = await self._database.read(volumes.by_name, name)
        if found is None:
            raise needs_engine("making a volume")
        if found.driver not in {"", driver or "local"}:
            raise Conflict(f"create {name}: a volume named {name} already exists with the {found.driver} driver")
        return found

    async def remove(self, name: str, *, force: bool) -> None:
        """Remove a volume. Raises Conflict for a known volume, as it is in use; otherwise NotFound unless forced."""
        users = await self._database.read(volumes.users, name)
        if users:
            raise Conflict(f"remove {name}: volume is in use - [{', '.join(users)}]")
        if not force:
            raise NotFound(f"get {name}: no such volume")

    def prune(self, filters: Filters) -> None:
        """Remove nothing: every known volume is in use. Raises InvalidParameter for a value of `all` that is none."""
        chosen = filters.get("all", ())
        if len(chosen) > 1:
            raise InvalidParameter(f"invalid filter 'all=[{' '.join(chosen)}]': only one value is expected")
        for text in chosen:
            try:
                parse_bool(text)
            except ValueError as error:
                raise InvalidParameter(f"invalid filter 'all': {error}") from None


def every(conn: Connection) -> Sequence[Volume]:
    """Return every volume that a container mounts, by name."""
    return volumes.every(conn)


def _passing(conn: Connection, filters: Filters) -> list[Volume]:
    names, drivers = Patterns.asked(filters, "name"), frozenset(filters.get("driver", ()))
    # Every known volume is in use, so none is dangling.
    if filtering.flag(filters, "dangling") or not filtering.has_labels(DERIVED, filters.get("label", ())):
        return []
    return [
        volume
        for volume in volumes.every(conn)
        if (not names or names.find(volume.name)) and (not drivers or volume.driver in drivers)
    ]
