"""The short form of the long run: clients, kills at every fault point and at random, and everything judged.

`make soak` is the long form; HISTORIES_OPERATIONS, HISTORIES_KILLS and HISTORIES_SEED choose another one.
"""

import os
import secrets
from pathlib import Path

import pytest
from histories import run
from histories.outcome import Violation
from histories.plays import PLAYS, possible
from histories.power import obstacle

OPERATIONS = int(os.environ.get("HISTORIES_OPERATIONS", "100000"))
KILLS = int(os.environ.get("HISTORIES_KILLS", "100"))
CUTS = int(os.environ.get("HISTORIES_CUTS", "10"))
SEED = int(os.environ.get("HISTORIES_SEED", secrets.randbits(32)))
TIMEOUT = 3_600

pytestmark = [pytest.mark.kills, pytest.mark.timeout(TIMEOUT)]


@pytest.fixture
def disk_is_possible() -> None:
    """Fail in CI, and leave the test out elsewhere, if no power can be cut here."""
    if reason := obstacle():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)


def test_what_was_acknowledged_outlives_kills_and_the_rest_is_as_it_was_told(tmp_path: Path) -> None:
    print(f"seed: {SEED}")
    figures = run.play(tmp_path, SEED, operations=OPERATIONS, kills=KILLS)
    print(figures)
    assert figures.operations >= OPERATIONS
    assert figures.kills >= KILLS
    assert set(figures.struck) == set(PLAYS if os.environ.get("CI") else possible())


@pytest.mark.usefixtures("disk_is_possible")
def test_what_was_acknowledged_outlives_power_cuts(tmp_path: Path) -> None:
    print(f"seed: {SEED}")
    figures = run.play_cuts(tmp_path, SEED, cuts=CUTS)
    print(figures)
    assert figures.cuts >= CUTS


@pytest.mark.parametrize("mutant", ["answers-early", "stale-reads", "lost-events"])
def test_a_service_that_breaks_its_promises_is_found_by_kills(tmp_path: Path, mutant: str) -> None:
    with pytest.raises(Violation, match="findings in stretch"):
        run.play(tmp_path, 1, operations=3_000, kills=30, mutant=mutant)


@pytest.mark.usefixtures("disk_is_possible")
def test_a_service_that_does_not_sync_is_found_by_power_cuts(tmp_path: Path) -> None:
    with pytest.raises(Violation, match="was acknowledged, and nothing is in the journal"):
        run.play_cuts(tmp_path, 1, cuts=5, mutant="unsynced")
