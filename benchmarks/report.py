"""Reports the measurements as a Markdown table with the budget, and as JSON."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Line:
    """One line of the report; numbers are in the line's unit, None if not measured."""

    operation: str
    unit: str
    ours: float
    ours_p99: float | None = None
    docker: float | None = None
    docker_p99: float | None = None
    budget: str = ""
    holds: bool | None = None

    @property
    def ratio(self) -> float | None:
        """Ours as a share of Docker's."""
        return self.ours / self.docker if self.docker else None


def within(ours: float, docker: float | None, share: float | None) -> tuple[str, bool | None]:
    """Return the text of a budget relative to Docker, and whether it holds."""
    if share is None:
        return "", None
    return f"≤ {share:.2g} of Docker's", None if docker is None else ours <= share * docker


def markdown(lines: list[Line], notes: list[str]) -> str:
    """Return the table."""
    rows = [
        "| operation | statesvc | p99 | Docker Engine | p99 | ratio | budget | holds |",
        "|---|---:|---:|---:|---:|---:|---|---|",
    ]
    for line in lines:
        ratio = f"{line.ratio:.2f}" if line.ratio is not None else "-"
        holds = {True: "yes", False: "**no**", None: "-"}[line.holds]
        numbers = [_shown(value, line.unit) for value in (line.ours, line.ours_p99, line.docker, line.docker_p99)]
        rows.append(f"| {line.operation} | {' | '.join(numbers)} | {ratio} | {line.budget or '-'} | {holds} |")
    return "\n".join([*rows, "", *(f"- {note}" for note in notes if note)])


def _shown(value: float | None, unit: str) -> str:
    if value is None:
        return "-"
    if unit == "s":
        if value < 0.001:
            return f"{value * 1e6:.{0 if value >= 1e-5 else 1}f} µs"
        return f"{value * 1e3:.2f} ms" if value < 1 else f"{value:.2f} s"
    return f"{value:.0f} {unit}"


def write_json(path: Path, lines: list[Line], notes: list[str]) -> None:
    """Write everything as JSON, times in seconds."""
    path.write_text(json.dumps({"notes": notes, "lines": [asdict(line) for line in lines]}, indent=1) + "\n")
