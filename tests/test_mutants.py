"""Every deliberate fault of `make mutants` can be planted, and the tests that must find it are there."""

from pathlib import Path

import pytest
from mutants import MUTANTS, ROOT, Mutant


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_fault_can_be_planted_and_its_tests_are_there(mutant: Mutant) -> None:
    assert (ROOT / mutant.file).read_text().count(mutant.sound) == 1
    assert mutant.sound != mutant.faulty
    for test in mutant.tests.split():
        file, _, name = test.partition("::")
        if "/" in file:
            assert (ROOT / file).exists(), file
        if name:
            assert f"def {name.partition('[')[0]}(" in Path(ROOT / file).read_text(), name


def test_each_has_a_name_of_its_own() -> None:
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)
