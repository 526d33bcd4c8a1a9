"""One run of the harness, from a seed: `make soak`, and what `make test` plays of it.

python tests/histories/run.py [--operations N] [--kills N] [--minutes N] [--cuts N] [--seed N]
"""

import argparse
import secrets
import sys
import tempfile
from pathlib import Path

TESTS = Path(__file__).parents[1]
sys.path[:0] = [str(TESTS), str(TESTS / "support")]

import uvloop  # noqa: E402
from docker_root import unpack_sample  # noqa: E402
from histories.harness import Harness  # noqa: E402
from histories.outcome import Figures, Violation  # noqa: E402
from histories.power import Disk, obstacle  # noqa: E402
from histories.processes import Processes, Site  # noqa: E402

OPERATIONS_BETWEEN_CUTS = 200


def settings(events: int) -> dict[str, str]:
    """Return the settings that make a short run pass every point: few events, versions and backups are kept."""
    return {
        "STATESVC_EVENTS_KEPT": str(events),
        "STATESVC_HISTORY_VERSIONS": "2",
        "STATESVC_BACKUPS_KEPT": "2",
        "STATESVC_LOG_LEVEL": "error",
    }


def play(folder: Path, seed: int, *, operations: int, kills: int, minutes: float = 1e9, mutant: str = "") -> Figures:
    """Play kills in a folder; return what was done. Raises Violation if a promise was broken."""
    site = Site(folder, folder / "data")
    unpack_sample(folder / "docker")

    async def whole(processes: Processes) -> Figures:
        harness = Harness(site, processes, seed, most=most)
        try:
            await harness.begin()
            await harness.play(operations, kills, seconds=minutes * 60)
            await harness.finish()
        except Violation:
            print(f"seed {seed}, until then: {harness.figures}")
            raise
        return harness.figures

    most = max(200, 2 * operations // kills)
    with Processes(site.log, settings(most), mutant).open() as processes:
        return uvloop.run(whole(processes))


def play_cuts(folder: Path, seed: int, *, cuts: int, minutes: float = 1e9, mutant: str = "") -> Figures:
    """Play power cuts on a disk of its own; return what was done. Raises Violation if a promise was broken."""
    unpack_sample(folder / "docker")

    async def whole(processes: Processes, disk: Disk) -> Figures:
        site = Site(folder, disk.mounted / "data")
        harness = Harness(site, processes, seed, most=OPERATIONS_BETWEEN_CUTS)
        await harness.begin()
        await harness.play_cuts(cuts, disk, seconds=minutes * 60)
        await harness.finish()
        return harness.figures

    with (
        Disk(folder / "disk.img", folder / "disk").open() as disk,
        Processes(folder / "log", settings(OPERATIONS_BETWEEN_CUTS), mutant).open() as processes,
    ):
        return uvloop.run(whole(processes, disk))


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--operations", type=int, default=1_000_000)
    options.add_argument("--kills", type=int, default=5_000)
    options.add_argument("--cuts", type=int, default=500)
    options.add_argument("--minutes", type=float, default=1e9)
    options.add_argument("--seed", type=int, default=secrets.randbits(32))
    chosen = options.parse_args()
    print(f"seed: {chosen.seed}", flush=True)
    cuts = chosen.cuts if not (reason := obstacle()) else 0
    if chosen.cuts and reason:
        print(reason)
    # A tenth of the time is for the power cuts, if it is limited.
    if cuts:
        with tempfile.TemporaryDirectory(prefix="cuts-") as folder:
            print(play_cuts(Path(folder), chosen.seed, cuts=cuts, minutes=chosen.minutes / 10), flush=True)
    with tempfile.TemporaryDirectory(prefix="histories-") as folder:
        kills = {"operations": chosen.operations, "kills": chosen.kills, "minutes": chosen.minutes * 9 / 10}
        print(play(Path(folder), chosen.seed, **kills))


if __name__ == "__main__":
    main()
