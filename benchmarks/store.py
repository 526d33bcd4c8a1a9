"""`make bench-store`: a database of the oldest schema with 100,000 containers is upgraded, backed up, restored, checked
and downgraded, and asked what the cook-book asks.

Nothing here asserts a time. The commands run as whole processes, beside what SQLite alone takes for the same.
"""

import argparse
import asyncio
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path

import mixed

from statesvc.cli import logs
from statesvc.db.schema.backup import remove
from statesvc.db.sqlite import driver
from statesvc.db.views.cook_book import RECIPES
from statesvc.db.views.questions import Answer, ask

CHECKOUT = Path(__file__).parents[1]
# As `statesvc sql` has them.
SECONDS, MAX_ROWS = 10, 1_000
NEW_CONTAINERS = 60


@dataclass(frozen=True, slots=True)
class Ran:
    """A command that ran: its time, and the time of SQLite alone for the same work, if comparable."""

    what: str
    seconds: float
    peak_bytes: int
    floor: float | None = None

    def shown(self) -> str:
        """Return its line of the table."""
        beside = "- | -" if self.floor is None else f"{self.floor:.2f} s | {self.seconds / self.floor:.1f}"
        return f"| {self.what} | {self.seconds:.2f} s | {self.peak_bytes >> 20} MiB | {beside} |"


def run(root: Path, what: str, *arguments: str, floor: float | None = None) -> Ran:
    """Run a command of statesvc on the data root, and measure it. Raises RuntimeError if it fails."""
    environment = os.environ | {"STATESVC_DATA_ROOT": str(root / "data"), "PYTHONDONTWRITEBYTECODE": ""}
    with tempfile.TemporaryFile() as output:
        begun = time.perf_counter()
        process = subprocess.Popen(
            [sys.executable, "-m", "statesvc", *arguments], cwd=CHECKOUT, env=environment, stdout=output, stderr=output
        )
        peak = 0
        while process.poll() is None:
            peak = _peak_of(process.pid) or peak
            time.sleep(0.005)
        seconds = time.perf_counter() - begun
        output.seek(0)
        if process.returncode:
            raise RuntimeError(f"{what} ended with {process.returncode}: {output.read(2_000).decode(errors='replace')}")
    print(f"  {what} {seconds:.2f} s", file=sys.stderr)
    return Ran(what, seconds, peak, floor)


def _peak_of(process: int) -> int:
    """Return the most bytes that a process had in memory so far, 0 if it is gone.

    ru_maxrss, as reported at its end, would include the memory of this process when it forked.
    """
    with suppress(OSError):
        for line in Path(f"/proc/{process}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1_024
    return 0


def check_floor(database: Path) -> float:
    """Return the seconds that SQLite alone takes to check a file."""
    begun = time.perf_counter()
    # Not mode=ro: SQLite passes over CHECK constraints then.
    with closing(driver.connect(database)) as connection:
        for pragma in ("integrity_check", "foreign_key_check"):
            connection.execute(f"PRAGMA {pragma}").fetchall()
    return time.perf_counter() - begun


def backup_floor(database: Path) -> float:
    """Return the seconds that SQLite alone takes to copy a file, and to check the copy."""
    target = database.with_name("floor.db")
    begun = time.perf_counter()
    with closing(driver.connect(database)) as source, closing(driver.connect(target)) as copy:
        source.backup(copy)
    taken = time.perf_counter() - begun + check_floor(target)
    remove(target)
    return taken


def commands(root: Path, database: Path) -> list[Ran]:
    """Measure the commands that change, check and copy the database; it has the newest schema at the end."""
    old, new = str(root / "old.db"), str(root / "new.db")
    ran = [
        run(root, f"`db backup`, schema {mixed.OLDEST}", "db", "backup", old, floor=backup_floor(database)),
        run(root, f"`db upgrade` from {mixed.OLDEST}, with its backup", "db", "upgrade"),
    ]
    asyncio.run(mixed.an_hour(root, NEW_CONTAINERS))
    ran += [
        run(root, "`db backup`, newest schema", "db", "backup", new, floor=backup_floor(database)),
        run(root, "`db restore`", "db", "restore", new, floor=backup_floor(database)),
        run(root, "`check --schema`", "check", "--schema", floor=check_floor(database)),
        run(root, "`check`, every row", "check", floor=check_floor(database)),
    ]
    shutil.copy(database, root / "kept.db")
    ran += [
        run(
            root,
            f"`db downgrade {mixed.OLDEST} --yes`, with rehearsal and backup",
            "db",
            "downgrade",
            mixed.OLDEST,
            "--yes",
        ),
        run(root, "`db upgrade` again", "db", "upgrade"),
    ]
    shutil.move(root / "kept.db", database)
    return ran


def recipes(database: Path, samples: int) -> list[tuple[str, float, Answer]]:
    """Ask each question of the cook-book as `statesvc sql` does; return its median in seconds, and the answer."""
    found = []
    for recipe in RECIPES:
        taken = []
        for _ in range(samples):
            begun = time.perf_counter()
            answer = ask(database, recipe.sql, seconds=SECONDS, max_rows=MAX_ROWS)
            taken.append(time.perf_counter() - begun)
        found.append((recipe.question, statistics.median(taken), answer))
        print(f"  {recipe.question} {found[-1][1] * 1e3:.1f} ms", file=sys.stderr)
    return found


def _rows(answer: Answer) -> str:
    if not answer.cut:
        return f"{len(answer.rows):,}"
    return f"more than {MAX_ROWS:,}" if len(answer.rows) == MAX_ROWS else answer.cut


def measured(root: Path, size: int, samples: int) -> str:
    """Measure everything and return the tables."""
    database = asyncio.run(mixed.build(root, size))
    bytes_before = database.stat().st_size
    ran = commands(root, database)
    asked = recipes(database, samples)
    backups = [file.stat().st_size for file in [*(root / "data" / "backups").glob("*.db"), *root.glob("*.db")]]
    mib: Callable[[int], str] = lambda count: f"{count / 2**20:,.0f} MiB"  # noqa: E731
    notes = (
        f"{size:,} containers; the file at schema {mixed.OLDEST}: {mib(bytes_before)}; at the newest: "
        + mib(database.stat().st_size),
        f"the largest backup: {mib(max(backups))}",
        f"questions: median of {samples}, within {SECONDS} s and {MAX_ROWS:,} rows, as `statesvc sql` runs them",
        f"the file is in the page cache; {platform.machine()}, {os.cpu_count()} CPUs",
    )
    lines = [
        "| command | takes | peak of memory | SQLite alone | ratio |\n|---|---:|---:|---:|---:|",
        *(line.shown() for line in ran),
        "\n| question of the cook-book | median | rows |\n|---|---:|---:|",
        *(f"| {what} | {seconds * 1e3:.1f} ms | {_rows(answer)} |" for what, seconds, answer in asked),
        "",
        *(f"- {note}" for note in notes),
    ]
    return "\n".join(lines)


def main() -> None:
    """Read the arguments, measure, print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--size", type=int, metavar="N", default=100_000, help="number of containers, by default 100,000"
    )
    parser.add_argument("--samples", type=int, default=5, help="how often each question is run")
    parser.add_argument("--quick", action="store_true", help="2,000 containers, to check that it works")
    arguments = parser.parse_args()
    logs.configure("error", "text")
    with tempfile.TemporaryDirectory(prefix="statesvc-bench-") as folder:
        print(measured(Path(folder), 2_000 if arguments.quick else arguments.size, arguments.samples))


if __name__ == "__main__":
    main()
