"""Checks the file, and that the schema is the one of its revision, on one snapshot."""

from dataclasses import dataclass
from pathlib import Path

from statesvc.db.schema import catalogue, migrate
from statesvc.db.schema.migrate import schema_at
from statesvc.db.sqlite import snapshot


@dataclass(frozen=True, slots=True)
class Checkup:
    """What was found: the revision, the newest one, and a sentence for each thing that is wrong."""

    revision: str | None
    newest: str
    damage: tuple[str, ...]
    drift: tuple[str, ...]

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.damage and not self.drift


def check(path: Path) -> Checkup:
    """Check file, constraints, references and schema of a database, which may be in use.

    Raises Conflict if it is newer than this program, Unavailable if it cannot be read.
    """
    revision, newest = migrate.refuse_newer(path), migrate.known_revisions()[-1]
    with snapshot(path) as connection:
        damage, there = catalogue.damage(connection), catalogue.described(connection)
    return Checkup(revision, newest, damage.sentences, tuple(catalogue.differences(there, schema_at(revision))))
