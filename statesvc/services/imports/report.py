"""The report of an import: one entry for each object that it met, and notes on the whole."""

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol


class Outcome(StrEnum):
    """What became of an object. What is skipped could be read, but to import it would take a guess."""

    IMPORTED = "imported"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"
    FAILED = "failed"


LEFT_OUT = frozenset({Outcome.SKIPPED, Outcome.FAILED})


@dataclass(frozen=True, slots=True)
class Entry:
    """One object of the other engine. `message` says why, where the outcome needs it; nothing in it is a secret."""

    kind: str
    id: str
    name: str
    outcome: Outcome
    message: str = ""
    warnings: tuple[str, ...] = ()


@dataclass(slots=True)
class Report:
    """What an import did, or with `dry_run` would have done."""

    engine: str
    path: str
    dry_run: bool
    entries: list[Entry] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Whether everything that was found is in the database now."""
        return not any(entry.outcome in LEFT_OUT for entry in self.entries)

    @property
    def counts(self) -> dict[str, dict[str, int]]:
        """How many objects of each kind came to each outcome."""
        counted: dict[str, Counter[Outcome]] = {}
        for entry in self.entries:
            counted.setdefault(entry.kind, Counter())[entry.outcome] += 1
        return {kind: {outcome.value: of_kind[outcome] for outcome in Outcome} for kind, of_kind in counted.items()}


class Importer(Protocol):
    """Something that reads the state of another engine into the database."""

    async def run(self, folder: Path, *, dry_run: bool) -> Report:
        """Import what is in the folder; with `dry_run`, only say what an import would do.

        Raises NotFound or InvalidParameter for a folder that holds no such state, Unavailable if the database fails.
        """
        ...
