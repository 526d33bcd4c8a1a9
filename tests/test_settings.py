import re
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


@pytest.mark.parametrize(
    ("name", "written", "sentence"),
    [
        ("idempotency_hours", "10000000", "876000, not '10000000'"),
        ("idempotency_hours", "0", "equal to 1, not '0'"),
        ("events_kept_days", "100000000", "36500, not"),
        ("events_kept", "1" + "0" * 30, "not '1000"),
        ("history_versions", "-1", "not '-1'"),
        ("backups_kept", "1e400", "not '1e400'"),
        ("busy_timeout_ms", "-1", "equal to 0, not '-1'"),
        ("busy_timeout_ms", "99999999999", "not '99999999999'"),
        ("limits", '{"uploads": 1', "is not JSON"),
        ("limits", '{"uploads": NaN}', "is not JSON"),
        ("limits", '{"uploads": "nan"}', "uploads is nan: it must be a whole number above 0"),
        ("limits", '{"uploads": 1e999}', "uploads is inf: it must be a whole number above 0"),
        ("limits", '{"list_seconds": 1e999}', "list_seconds is inf: it must be a number above 0"),
        ("limits", '{"list_seconds": 1e300}', "list_seconds is 1e+300: it must be a number above 0"),
        ("limits", "[1]", "not '[1]'"),
        ("hosts", "unix:///run/s", "'unix:///run/s' is not JSON"),
    ],
)
def test_what_a_setting_cannot_be_is_refused_with_its_name_and_value(
    name: str, written: str, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"STATESVC_{name.upper()}", written)
    with pytest.raises(InvalidParameter, match=rf"^the settings are wrong: {name}: .*{re.escape(sentence)}"):
        read_settings()


def test_lists_and_objects_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STATESVC_HOSTS", '["unix:///run/s"]')
    monkeypatch.setenv("STATESVC_LIMITS", '{"uploads": 16}')
    assert (read_settings().hosts, read_settings().limits) == (("unix:///run/s",), {"uploads": 16})
