"""What came of each test or call of a client, as a suite or a script reports it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree as ET


@dataclass(frozen=True)
class Outcome:
    """A test or call of a client: its name, and why it failed if it did."""

    name: str
    failure: str | None = None

    @property
    def passed(self) -> bool:
        """Whether it passed."""
        return self.failure is None


def of_junit(path: Path) -> list[Outcome]:
    """Return the outcomes in a JUnit file that pytest wrote, without what it skipped or expected to fail."""
    found: dict[str, Outcome] = {}
    for case in ET.parse(path).iter("testcase"):
        if case.find("skipped") is not None:
            continue
        name = f"{case.get('classname', '').removeprefix('tests.')}::{case.get('name')}"
        failures = [*case.findall("failure"), *case.findall("error")]
        # A test that failed, and then failed to clean up, stands in the file twice.
        if failures and (name not in found or found[name].passed):
            found[name] = Outcome(name, "\n".join(_reasons(failures[0])))
        found.setdefault(name, Outcome(name))
    return list(found.values())


def _reasons(failure: ET.Element) -> Iterator[str]:
    yield failure.get("message", "")
    yield from (line[1:].strip() for line in (failure.text or "").splitlines() if line.startswith("E "))


def of_lines(text: str) -> list[Outcome]:
    """Return the outcomes that a script printed: each a line of JSON with `name` and, of a failed one, `failure`."""
    lines = (json.loads(line) for line in text.splitlines() if line.startswith("{"))
    return [Outcome(line["name"], line.get("failure")) for line in lines]
