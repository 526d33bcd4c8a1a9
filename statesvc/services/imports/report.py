"""The report of an import: an entry for each object that was found, and notes on the whole."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol


class Outcome(StrEnum):
    """The outcome for an object. A skipped object could be read, but importing it would require a guess."""

    IMPORTED = "imported"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"
    FAILED = "failed"


LEFT_OUT = frozenset({Outcome.SKIPPED, Outcome.FAILED})


@dataclass(frozen=True, slots=True)
class Entry:
    """One object of the other engine. `message` explains an outcome that needs it, and contains no secrets."""

    kind: str
    id: str
    name: str
    outcome: Outcome
    message: str = ""
    warnings: tuple[str, ...] = ()


@dataclass(slots=True)
class Report:
    """What an import did, or with `dry_run` would do."""

    engine: str
    path: str
    dry_run: bool
    entries: list[Entry] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Whether no object was skipped or failed."""
        return not any(entry.outcome in LEFT_OUT for entry in self.entries)

    @property
    def counts(self) -> dict[str, dict[str, int]]:
        """The number of objects by kind and outcome."""
        counted: dict[str, Counter[Outcome]] = {}
        for entry in self.entries:
            counted.setdefault(entry.kind, Counter())[entry.outcome] += 1
        return {kind: {outcome.value: of_kind[outcome] for outcome in Outcome} for kind, of_kind in counted.items()}


class Importer(Protocol):
    """Imports the state of another engine into the database."""

    async def run(self, folder: Path, *, dry_run: bool) -> Report:
        """Import the state in the folder; with `dry_run`, only report what an import would do.

        Raises NotFound or InvalidParameter for a folder without such state, Unavailable if the database fails.
        """
        ...
