"""Generated requests, asked of a real Docker Engine and of statesvc: both accept, or both refuse, and show the same.

A short run from one seed belongs to every test run; `make differential` asks as many as REQUESTS is, from another seed.
"""

import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from random import Random

import pytest
from differential.compare import Difference, Pair, compare_create, compare_update
from differential.newer import NEWER, Accepted, Refused, Shown, explanation
from differential.requests import create, update

# One worker does them all: a Docker Engine is slow to start.
pytestmark = [
    pytest.mark.xdist_group("differential"),
    pytest.mark.timeout(int(os.environ.get("DIFFERENTIAL_TIMEOUT", "300"))),
]

CREATES = int(os.environ.get("DIFFERENTIAL_REQUESTS", "250"))
UPDATES = CREATES // 4
SEED = int(os.environ.get("DIFFERENTIAL_SEED", "201024"))
UPDATES_OF_ONE_CONTAINER = 8
COMPATIBILITY = Path(__file__).parents[2] / "docs" / "compatibility.md"


def unexplained(pair: Pair, found: Iterable[Difference], said: Counter[str]) -> list[Difference]:
    """Return the differences that no newer rule explains; count the others by what explains them."""
    left = []
    for difference in found:
        why = explanation(difference) if pair.is_older else ""
        said.update([why] if why else ())
        left += [] if why else [difference]
    return left


def report(left: list[Difference], said: Counter[str]) -> str:
    """Return what a person needs to see of a run."""
    counts = [f"{count:6} {why}" for why, count in said.most_common()]
    return "\n".join([f"seed {SEED}, newer rules:", *counts, "", f"{len(left)} differences:", *map(str, left[:40])])


def test_a_create_is_accepted_by_both_or_by_none_and_shown_alike(pair: Pair) -> None:
    random, said = Random(SEED), Counter[str]()
    asked = filter(pair.asks, (create(random) for _ in range(CREATES)))
    left = [one for request in asked for one in unexplained(pair, compare_create(pair, request), said)]
    print(report(left, said))
    assert not left, report(left, said)


def test_an_update_is_accepted_by_both_or_by_none_and_shown_alike(pair: Pair) -> None:
    random, said = Random(SEED), Counter[str]()
    left: list[Difference] = []
    for _ in range(0, UPDATES, UPDATES_OF_ONE_CONTAINER):
        before = create_limited(pair, random)
        for _ in range(UPDATES_OF_ONE_CONTAINER):
            found = unexplained(pair, compare_update(pair, update(random), "updated"), said)
            left += found
            if found:  # from here on, the two hold something else
                break
        for peer, identity in before:
            peer.remove(identity)
    print(report(left, said))
    assert not left, report(left, said)


def create_limited(pair: Pair, random: Random) -> list[tuple]:
    """Create a container with some limits on both; return who made which."""
    limits = random.choice(({}, {"Memory": 2**26}, {"NanoCpus": 10**9}, {"CpuQuota": 5000}, {"AutoRemove": True}))
    body = {"Image": "busybox:latest", "HostConfig": limits}
    answers = [(peer, peer.ask("POST", "/v1.41/containers/create", body, name="updated")) for peer in pair.both()]
    return [(peer, answer.json()["Id"]) for peer, answer in answers]


@pytest.mark.parametrize("entry", NEWER, ids=lambda entry: entry.says)
def test_a_newer_rule_is_needed(pair: Pair, entry: Refused | Accepted | Shown) -> None:
    if not pair.is_older:
        pytest.skip("the installed engine is as new")
    found = compare_create(pair, entry.example)
    assert any(entry.explains(difference) for difference in found), "\n".join(map(str, found))
    assert all(explanation(difference) for difference in found), "\n".join(map(str, found))


@pytest.mark.parametrize("entry", NEWER, ids=lambda entry: entry.says)
def test_a_newer_rule_is_documented(entry: Refused | Accepted | Shown) -> None:
    section = COMPATIBILITY.read_text().partition("## Newer than Debian 12's engine")[2].partition("\n## ")[0]
    assert f"- {entry.says}\n" in section
