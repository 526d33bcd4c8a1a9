from pathlib import Path

import pytest

from statesvc.settings import Settings

COMMANDS = Path(__file__).parents[1] / "docs" / "commands.md"


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_documented_with_its_variable(name: str) -> None:
    assert f"`STATESVC_{name.upper()}`" in COMMANDS.read_text()


@pytest.mark.parametrize("name", [name for name, field in Settings.model_fields.items() if type(field.default) is int])
def test_the_documented_default_of_a_number_is_the_one_that_counts(name: str) -> None:
    (row,) = (line for line in COMMANDS.read_text().splitlines() if f"`STATESVC_{name.upper()}`" in line)
    assert str(Settings.model_fields[name].default) in row.split("|")[2]
