"""What each foreign client must pass, by name, and what it fails, by cause: floors.json, and docs/clients.md of it."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from foreign.causes import CAUSES, cause_of
from foreign.outcomes import Outcome

FILE = Path(__file__).with_name("floors.json")
DOCUMENT = Path(__file__).parents[2] / "docs" / "clients.md"
INTRODUCTION = Path(__file__).with_name("introduction.md")


@dataclass(frozen=True)
class Floor:
    """What a client passed when the floor was written, and must go on to pass; what it failed, by cause."""

    release: str
    passes: tuple[str, ...] = ()
    fails: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def broken(self, outcomes: Iterable[Outcome]) -> list[str]:
        """Return a line for each test that must pass and did not: with its message, or that it did not run."""
        found = {outcome.name: outcome for outcome in outcomes}
        missing = Outcome("", "it did not run")
        return [
            f"{name}: {found.get(name, missing).failure}" for name in self.passes if not found.get(name, missing).passed
        ]

    def above(self, outcomes: Iterable[Outcome]) -> list[str]:
        """Return the names of tests that pass, and that the floor does not hold yet."""
        return [outcome.name for outcome in outcomes if outcome.passed and outcome.name not in self.passes]


def of_outcomes(release: str, outcomes: Iterable[Outcome]) -> Floor:
    """Return the floor that the outcomes are."""
    passes, fails = [], defaultdict(list)
    for outcome in outcomes:
        if outcome.failure is None:
            passes.append(outcome.name)
        else:
            fails[cause_of(outcome.failure)].append(outcome.name)
    return Floor(release, tuple(passes), {cause: tuple(names) for cause, names in sorted(fails.items())})


def read() -> dict[str, Floor]:
    """Return the floors of floors.json."""
    stored = json.loads(FILE.read_text())
    return {
        name: Floor(entry["release"], tuple(entry["passes"]), {k: tuple(v) for k, v in entry["fails"].items()})
        for name, entry in stored.items()
    }


def write(floors: dict[str, Floor]) -> None:
    """Write floors.json and docs/clients.md."""
    stored = {name: {"release": f.release, "passes": f.passes, "fails": f.fails} for name, f in sorted(floors.items())}
    FILE.write_text(f"{json.dumps(stored, indent=1)}\n")
    DOCUMENT.write_text(markdown(floors))


def markdown(floors: dict[str, Floor]) -> str:
    """Return docs/clients.md."""
    return "\n".join([INTRODUCTION.read_text().rstrip(), "", *_table(floors), "", *_causes(floors)]) + "\n"


def _table(floors: dict[str, Floor]) -> Iterator[str]:
    yield "| client | release | passed | failed |"
    yield "|---|---|---|---|"
    for name, floor in sorted(floors.items()):
        failed = sum(len(names) for names in floor.fails.values())
        yield f"| [{name}](#{name}) | {floor.release} | {len(floor.passes)} | {failed} |"


def _causes(floors: dict[str, Floor]) -> Iterator[str]:
    yield "## What fails, by cause"
    yield ""
    for cause in sorted({cause for floor in floors.values() for cause in floor.fails}):
        yield f"- **{cause}**: {CAUSES[cause].sentence}"
    for name, floor in sorted(floors.items()):
        yield from ("", f"### {name}", "")
        for cause, names in floor.fails.items():
            yield f"- **{cause}** ({len(names)}): {', '.join(f'`{one}`' for one in names)}"
