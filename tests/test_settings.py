from pathlib import Path

import pytest

from statesvc.cli.options import read_settings
from statesvc.errors import InvalidParameter
from statesvc.settings import Settings

COMMANDS = Path(__file__).parents[1] / "docs" / "commands.md"


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_documented_with_its_variable(name: str) -> None:
    assert f"`STATESVC_{name.upper()}`" in COMMANDS.read_text()


@pytest.mark.parametrize("name", [name for name, field in Settings.model_fields.items() if type(field.default) is int])
def test_the_documented_default_of_a_number_is_the_one_that_counts(name: str) -> None:
    (row,) = (line for line in COMMANDS.read_text().splitlines() if f"`STATESVC_{name.upper()}`" in line)
    default = Settings.model_fields[name].default
    assert (f"{default:04o}" if name == "socket_mode" else str(default)) in row.split("|")[2]


@pytest.mark.parametrize(("written", "mode"), [("0660", 0o660), ("660", 0o660), ("0o660", 0o660), ("0", 0)])
def test_the_mode_of_the_socket_is_octal(written: str, mode: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STATESVC_SOCKET_MODE", written)
    assert read_settings().socket_mode == mode


@pytest.mark.parametrize("written", ["0888", "1660", "-1", "rw-rw----", "", "6_60", "432"])
def test_what_is_no_mode_of_a_socket_is_refused(written: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STATESVC_SOCKET_MODE", written)
    with pytest.raises(InvalidParameter, match=f"socket_mode: .*{written}.*0660"):
        read_settings()
