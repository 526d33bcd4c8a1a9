"""The table of limits is a document, each is used by code, and those that can be changed are."""

import re
from pathlib import Path

import pytest

from statesvc.domain import limits
from statesvc.domain.limits import LIMITS, changed, described
from statesvc.settings import Settings

ROOT = Path(__file__).parents[1]
CODE = "\n".join(file.read_text() for file in (ROOT / "statesvc").rglob("*.py") if file.name != "limits.py")


def test_the_document_is_what_the_code_says() -> None:
    assert (ROOT / "docs" / "limits.md").read_text() == limits.markdown(), "run `make docs`"


@pytest.mark.parametrize("name", [name for name, *_ in described()])
def test_a_limit_is_used(name: str) -> None:
    assert re.search(rf"(LIMITS|limits)\.{name}\b", CODE)


def test_limits_can_be_changed_by_a_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STATESVC_LIMITS", '{"uploads": 2, "list_seconds": 0.5}')
    made = changed(Settings().limits)
    assert (made.uploads, made.list_seconds, made.scans) == (2, 0.5, LIMITS.scans)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"upload": 2}, "'upload' is no limit that can be changed"),
        ({"document_values": 2}, "'document_values' is no limit that can be changed"),
        ({"uploads": 0}, "uploads is 0"),
        ({"uploads": 1.5}, "must be a whole number above 0"),
        ({"list_seconds": -1}, "must be a number above 0"),
    ],
)
def test_what_is_no_limit_is_refused(changes: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Settings(limits=changes)
