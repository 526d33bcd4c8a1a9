import ast
import re
from pathlib import Path

import pytest

from statesvc.validation import catalogue
from statesvc.validation.rules import CATALOGUE, Rule

ROOT = Path(__file__).parents[2]


def test_the_document_is_what_the_code_says() -> None:
    assert (ROOT / "docs" / "validation.md").read_text() == catalogue.markdown(), "run `make docs`"


@pytest.mark.parametrize("rule", CATALOGUE.values(), ids=CATALOGUE)
def test_a_rule_says_where_it_is_from(rule: Rule) -> None:
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", rule.code)
    assert rule.field.startswith("/")
    assert rule.meaning.endswith(".")
    assert rule.source


def test_every_problem_below_api_has_a_declared_code() -> None:
    # What the API reads of its own parameters has codes of its own, and so have the documents of an engine's reports.
    literal = set()
    for file in (
        file for floor in ("domain", "validation", "services") for file in (ROOT / "statesvc" / floor).rglob("*.py")
    ):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Problem":
                literal.add((file.name, ast.unparse(node.args[0])))
    assert literal == {
        ("names.py", "'name'"),
        ("decode.py", "'type'"),
        ("decode.py", "rule['code']"),
        ("rules.py", "self.code"),
    }


def test_only_validation_and_importers_have_the_seal_of_what_may_be_stored() -> None:
    having = set()
    for file in (ROOT / "statesvc").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom) and any(name.name == "SEAL" for name in node.names):
                having.add(file.relative_to(ROOT / "statesvc").parts[0])
    assert having == {"validation", "importers"}


def test_without_the_seal_nothing_becomes_verified() -> None:
    from statesvc.domain.documents import Config, HostConfig
    from statesvc.domain.verified import Verified

    with pytest.raises(TypeError, match=r"made by validation\.verify"):
        Verified(object(), "created", Config(), HostConfig())
