"""What an import says of each thing it met: one entry per object, and notes on the whole."""

from collections import Counter
from collections.abc import Iterable
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

    def to_dict(self) -> dict[str, object]:
        """Return the entry as it is handed out."""
        return {
            "kind": self.kind,
            "id": printable(self.id),
            "name": printable(self.name),
            "outcome": self.outcome.value,
            "message": printable(self.message),
            "warnings": [printable(warning) for warning in self.warnings],
        }


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

    def to_dict(self) -> dict[str, object]:
        """Return the report as it is handed out."""
        return {
            "engine": self.engine,
            "path": printable(self.path),
            "dry_run": self.dry_run,
            "complete": self.complete,
            "counts": _counts(self.entries),
            "notes": [printable(note) for note in self.notes],
            "objects": [entry.to_dict() for entry in self.entries],
        }


class Importer(Protocol):
    """Something that reads the state of another engine into the database."""

    async def run(self, folder: Path, *, dry_run: bool) -> Report:
        """Import what is in the folder; with `dry_run`, only say what an import would do.

        Raises NotFound or InvalidParameter for a folder that holds no such state, Unavailable if the database fails.
        """
        ...


def printable(text: str) -> str:
    """Return the text with what a terminal would obey, and what is no Unicode, written as escapes."""
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape", "surrogatepass").decode()
        for character in text
    )


def _counts(entries: Iterable[Entry]) -> dict[str, dict[str, int]]:
    counted: dict[str, Counter[str]] = {}
    for entry in entries:
        counted.setdefault(entry.kind, Counter())[entry.outcome.value] += 1
    return {kind: {outcome.value: counts[outcome.value] for outcome in Outcome} for kind, counts in counted.items()}
