"""Rules for the code that neither ruff nor the import contract can state."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "statesvc"
PURE = sorted(path for floor in ("validation", "domain") for path in (PACKAGE / floor).rglob("*.py"))
# Parts of `urllib` that fetch something. The import contract can forbid a package as a whole only.
FETCHES = {"urllib.request", "urllib.robotparser"}


def input_and_output(source: str) -> Iterator[str]:
    """Yield calls of open() and imports of what fetches."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "open":
            yield f"line {node.lineno}: open()"
        elif isinstance(node, ast.Import):
            yield from (f"line {node.lineno}: {name.name}" for name in node.names if name.name in FETCHES)
        elif isinstance(node, ast.ImportFrom):
            named = {str(node.module), *(f"{node.module}.{name.name}" for name in node.names)}
            yield from (f"line {node.lineno}: {name}" for name in sorted(named & FETCHES))


@pytest.mark.parametrize(
    "source",
    ['open("x")', 'with open("x") as file: pass', "import urllib.request", "from urllib import request",
     "from urllib.request import urlopen"],
)  # fmt: skip
def test_input_and_output_is_seen(source: str) -> None:
    assert list(input_and_output(source))


@pytest.mark.parametrize("source", ["x.open()", "from urllib.parse import unquote", "opened = 1"])
def test_what_is_none_is_left_alone(source: str) -> None:
    assert list(input_and_output(source)) == []


@pytest.mark.parametrize("path", PURE, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_validation_and_domain_do_no_input_or_output(path: Path) -> None:
    assert list(input_and_output(path.read_text())) == []
