"""What Docker Engine 26.1.5 answered, asked of the service: the share that must hold, and the rest explained."""

import filecmp
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from service import CONFORMANCE, running

# All tests of the corpus use one run of it: with xdist, one worker does them.
pytestmark = pytest.mark.xdist_group("conformance")

CHECKOUT = Path(__file__).parents[2]
ORIGINAL = CHECKOUT.parent / "shared" / "conformance"
COMPATIBILITY = CHECKOUT / "docs" / "compatibility.md"

# What needs a process, the files of a container, or the objects of an engine.
LEFT_OUT = [
    "--skip-runs", "--without", "rootfs", "--without", "image-data-api", "--without", "volumes-api", "--without",
    "networks-api",
]  # fmt: skip

# The one place for what must hold: the area and the share of its cases.
SHARES = {
    "names": 0.97,
    "lookup": 0.96,
    "command": 1.0,
    "config": 0.84,
    "env": 1.0,
    "labels": 1.0,
    "hostname": 1.0,
    "exposed": 1.0,
    "volumes": 1.0,
    "imageref": 1.0,
    "rename": 1.0,
    "delete": 1.0,
    "inspect": 1.0,
    "http": 1.0,
    "system": 1.0,
}
OVERALL = 0.97


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """What the runner reports of the areas above."""
    folder = tmp_path_factory.mktemp("conformance")
    out = folder / "results.json"
    facts = ("--host-facts", str(CONFORMANCE / "HOST.json"), "--config-file", str(CONFORMANCE / "daemon.json"))
    with running(folder / "data", *facts) as service:
        areas = [part for area in SHARES for part in ("--area", area)]
        cases = sorted(map(str, (CONFORMANCE / "corpus").glob("*.jsonl")))
        command = [sys.executable, str(CONFORMANCE / "replay.py"), "--socket", str(service.socket), "--load-images"]
        subprocess.run([*command, *LEFT_OUT, *areas, "--json", str(out), *cases], check=False, capture_output=True)
        yield json.loads(out.read_text())


@pytest.mark.parametrize("area", SHARES)
def test_the_share_of_an_area_holds(results: Any, area: str) -> None:
    passed, total = results["areas"][area]
    assert passed / total >= SHARES[area], [
        case for case in results["cases"] if case["area"] == area and not case["ok"]
    ]


def test_the_share_of_all_cases_holds(results: Any) -> None:
    assert results["passed"] / (results["passed"] + results["failed"]) >= OVERALL


def explained() -> set[str]:
    return set(re.findall(r"^- `([\w.-]+)`: \S", COMPATIBILITY.read_text(), re.MULTILINE))


def test_each_case_that_differs_is_explained(results: Any) -> None:
    failing = {case["id"] for case in results["cases"] if not case["ok"]}
    assert failing - explained() == set()


def test_no_case_that_holds_is_explained_away(results: Any) -> None:
    passing = {case["id"] for case in results["cases"] if case["ok"]}
    assert passing & explained() == set()


@pytest.mark.skipif(not ORIGINAL.is_dir(), reason="the folder that the corpus was copied from is not here")
def test_the_copy_of_the_corpus_is_in_step_with_its_original() -> None:
    originals = {file.relative_to(ORIGINAL) for file in ORIGINAL.rglob("*") if file.is_file()}
    differing = [
        str(path)
        for path in sorted(originals)
        if not (CONFORMANCE / path).is_file() or not filecmp.cmp(ORIGINAL / path, CONFORMANCE / path, shallow=False)
    ]
    assert differing == []
