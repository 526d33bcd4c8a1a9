"""The documents name what is there: files, and the places that they link to."""

import re
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[1]
DOCUMENTS = sorted([CHECKOUT / "README.md", *(CHECKOUT / "docs").glob("*.md")])
ROOTS = (CHECKOUT, CHECKOUT / "statesvc", CHECKOUT / "tests")
_FILE = re.compile(r"`([\w./-]+/[\w.-]+\.(?:py|md|toml|json|mako))`")
_LINK = re.compile(r"\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)")
_HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)


def _anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_a_file_that_a_document_names_is_there(document: Path) -> None:
    named = {name for name in _FILE.findall(document.read_text()) if "…" not in name}
    assert {name for name in named if not any((root / name).exists() for root in ROOTS)} == set()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_a_link_leads_to_a_document_and_to_a_heading_of_it(document: Path) -> None:
    for target, anchor in _LINK.findall(document.read_text()):
        led = (document.parent / target).resolve() if target else document
        assert led.exists(), target
        if anchor:
            assert anchor in {_anchor(heading) for heading in _HEADING.findall(led.read_text())}, f"{target}#{anchor}"
