"""What Docker Engine 28.5.2 answered, asked of the service: the share that must hold, and the rest explained."""

import filecmp
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from service import CONFORMANCE, running

# All tests of the corpus use one run of it: with xdist, one worker does them.
pytestmark = pytest.mark.xdist_group("conformance")

CHECKOUT = Path(__file__).parents[2]
ORIGINAL = CHECKOUT.parent / "shared" / "conformance-28"
COMPATIBILITY = CHECKOUT / "docs" / "compatibility.md"

# What needs a process, the files of a container, or the objects of an engine.
LEFT_OUT = [
    "--skip-runs", "--without", "rootfs", "--without", "image-data-api", "--without", "volumes-api", "--without",
    "networks-api",
]  # fmt: skip

# The one place for what must hold: the areas of which every case must pass, and the share of the others.
WHOLE = """
    annotations binds caps combined command delete devices dns endpoints env events exec exposed extrahosts healthcheck
    hostmisc hostname http imageevents imagelist imageload imagemounts imageref imageremove imagetag inspect
    isolation labels lifecycle list logconfig logs lookup mounts names namespaces netconfig platform ports prune
    reads rename resources restart secopt stopsignal storageopt sysctls tmpfs tmpfsoptions top ulimits update
    volumes volumesfrom workdir writablecgroups
""".split()
SHARES = dict.fromkeys(WHOLE, 1.0) | {
    "config": 0.96, "imageread": 0.9, "links": 0.95, "runtime": 0.95, "system": 0.8, "versions": 0.94,
}  # fmt: skip
OVERALL = 0.995


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """A folder outside /tmp: the cases mount /tmp, and what contains the data root is mounted in another way."""
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="statesvc-conformance-") as name:
        yield Path(name)


def play(folder: Path, facts: Path, cases: Path, areas: Iterable[str]) -> Any:
    """Return what the runner reports of the cases, played against a service that takes a host for its own."""
    host = json.loads(facts.read_text())
    host["info"]["Name"] = "vm"  # as the recording host was called; its facts do not say so
    own_facts = folder / facts.name
    own_facts.write_text(json.dumps(host))
    options = ("--host-facts", str(own_facts), "--config-file", str(CONFORMANCE / "daemon.json"))
    out = folder / f"{facts.stem}-results.json"
    with running(folder / facts.stem, *options) as service:
        chosen = [part for area in areas for part in ("--area", area)]
        command = [sys.executable, str(CONFORMANCE / "replay.py"), "--socket", str(service.socket), "--load-images"]
        corpus = sorted(map(str, cases.glob("*.jsonl")))
        options = (*LEFT_OUT, "--include-host", *chosen, "--json", str(out), *corpus)
        subprocess.run([*command, *options], check=False, capture_output=True)
    return json.loads(out.read_text())


@pytest.fixture(scope="module")
def results(folder: Path) -> Any:
    """What the runner reports of the areas above, on the host of the recording (cgroup v1)."""
    return play(folder, CONFORMANCE / "HOST.json", CONFORMANCE / "corpus", SHARES)


def test_a_host_without_controllers_gets_the_same_warnings_and_refusals(folder: Path) -> None:
    bare = play(folder, CONFORMANCE / "HOST-v2bare.json", CONFORMANCE / "corpus-v2bare", ())
    assert [case for case in bare["cases"] if not case["ok"]] == []
    assert bare["passed"] > 100


@pytest.mark.parametrize(("area", "share"), SHARES.items())
def test_the_share_of_an_area_holds(results: Any, area: str, share: float) -> None:
    passed, total = results["areas"][area]
    assert passed / total >= share, [case for case in results["cases"] if case["area"] == area and not case["ok"]]


def test_the_share_of_all_cases_holds(results: Any) -> None:
    counts = results["areas"].values()
    assert sum(passed for passed, _ in counts) / sum(total for _, total in counts) >= OVERALL


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
