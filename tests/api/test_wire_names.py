"""The walls of the API: names of the wire are made in api/ and nowhere below, but for documents that are stored."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "statesvc"
BELOW = ("domain", "services", "db", "host", "validation", "importers", "errors.py")
# `Id`, `ExitCode`, `EndpointID`: at least two letters, the first of them large, and one that is small or an ID's.
NAME = re.compile(r"[A-Z][A-Za-z0-9]*([a-z][A-Za-z0-9]*|ID)|[A-Z]ID")
STORED = {
    "domain/dockerfile/changes.py": "fields of the Config that an import of an image writes",
    "domain/dockerfile/healthcheck.py": "the Healthcheck of that Config",
    "domain/list_entry.py": "the stored summary, which is a part of the list entry as it is answered",
    "domain/mount_point.py": "the stored mount points",
    "importers/docker/network.py": "the stored NetworkSettings of an imported container",
    "services/containers/rows.py": "the stored NetworkSettings of a new container",
    "services/damage/check.py": "compares the stored summary with the documents",
    "services/damage/judging.py": "the stored summary and NetworkSettings, and what their fields must be",
    "services/lifecycle/health.py": "the stored log of probes",
    "db/damage/judges.py": "what fields of stored documents must be",
    "host/facts.py": "reads a file of facts, which is an answer of Docker's /info",
    "validation/image.py": "changes of a Config, which is stored",
    "validation/namespaces.py": "changes of a Config",
    "validation/update.py": "changes of a HostConfig",
    "validation/versions.py": "changes of a HostConfig",
}


def wire_names(source: str) -> Iterator[str]:
    """Yield the keys of dicts that look like names of the wire: displayed, assigned, or given to dict()."""
    for node in ast.walk(ast.parse(source)):
        keys: list[object] = []
        if isinstance(node, ast.Dict):
            keys = [key.value for key in node.keys if isinstance(key, ast.Constant)]
        elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store):
            keys = [node.slice.value] if isinstance(node.slice, ast.Constant) else []
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "dict":
            keys = [keyword.arg for keyword in node.keywords]
        yield from (key for key in keys if isinstance(key, str) and NAME.fullmatch(key))


def modules() -> Iterator[str]:
    for name in BELOW:
        at = PACKAGE / name
        yield from (str(one.relative_to(PACKAGE)) for one in ([at] if at.is_file() else sorted(at.rglob("*.py"))))


@pytest.mark.parametrize("source", ['{"ExitCode": 1}', 'x["Id"] = 1', "dict(EndpointID=1)"])
def test_a_name_of_the_wire_is_seen(source: str) -> None:
    assert list(wire_names(source))


@pytest.mark.parametrize("source", ['{"SELECT": 1, "exit_code": 2}', 'x = y["Id"]', "dict(name=1)"])
def test_what_is_none_is_left_alone(source: str) -> None:
    assert list(wire_names(source)) == []


def test_nothing_below_the_api_makes_names_of_the_wire() -> None:
    making = {name for name in modules() if any(wire_names((PACKAGE / name).read_text()))}
    assert making - STORED.keys() == set(), "make the document in api/<noun>.py, from a dataclass"
    assert STORED.keys() - making == set(), "these are excepted and need not be"


def test_nothing_below_the_api_turns_values_into_answers() -> None:
    """Only the documents of Docker's API, which are stored as they are answered, know their own JSON."""
    named = {
        f"{name}:{node.name}"
        for name in modules()
        for node in ast.walk(ast.parse((PACKAGE / name).read_text()))
        if isinstance(node, ast.FunctionDef) and node.name in {"to_dict", "to_json", "as_dict", "as_json"}
    }
    assert named == {"domain/documents/document.py:to_dict", "domain/documents/document.py:to_json"}
