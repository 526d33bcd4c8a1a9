"""Prints the report of an import for people."""

from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from statesvc.client import JsonObject

_STYLES = {"imported": "green", "unchanged": "dim", "skipped": "yellow", "failed": "red"}


def show(report: "JsonObject") -> None:
    """Print one row for each object, then the counts and the notes."""
    console = Console(highlight=False)
    table = Table(box=None, pad_edge=False)
    for title in ("KIND", "ID", "NAME", "OUTCOME", "WHY"):
        table.add_column(title, overflow="fold")
    for entry in report["Objects"]:
        table.add_row(*_row(entry))
    console.print(table)
    done = "would be " if report["DryRun"] else ""
    for kind, counts in report["Counts"].items():
        totals = ", ".join(f"{count} {done}{outcome}" for outcome, count in counts.items() if count)
        console.print(Text(f"{kind}s: {totals}"))
    for note in report["Notes"]:
        console.print(Text(f"Note: {note}."))


def _row(entry: "JsonObject") -> list[Text]:
    # As Text, since what another engine wrote must not be read as markup.
    outcome = entry["Outcome"]
    why = "\n".join(filter(None, (entry["Message"], *entry["Warnings"])))
    short = entry["Id"].removeprefix("sha256:")[:12]
    return [Text(entry["Kind"]), Text(short), Text(entry["Name"]), Text(outcome, _STYLES[outcome]), Text(why)]
