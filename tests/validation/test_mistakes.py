"""Every rule is broken by a request, and two mistakes at once are told as each alone is."""

import itertools
from dataclasses import replace

import pytest
from mistakes import CONTAINERS, MISTAKES, PATHS, WARNED, Json, Mistake, merged
from verdicts import told

from statesvc.domain.daemon_config import DaemonConfig
from statesvc.domain.documents import ContainerCreate
from statesvc.domain.documents.decode import decode_value
from statesvc.domain.host_facts import HostFacts
from statesvc.validation import (
    Context,
    Verdict,
    catalogue,  # noqa: F401 - importing it declares every rule
    verify,
)
from statesvc.validation.rules import CATALOGUE

# Told by another request than a create, or by another part of it than its body.
ELSEWHERE = {
    "platform": "test_platforms.py",
    "platform-of-image": "test_platforms.py",
    "update-nano-cpus": "test_update.py",
    "update-cpu-period": "test_update.py",
    "update-cpu-quota": "test_update.py",
    "update-memory": "test_update.py",
    "update-restart": "test_update.py",
    "runtime-path": "test_host.py",
    "userns-privileged": "test_daemon.py",
    "userns-network": "test_daemon.py",
    "userns-pid": "test_daemon.py",
}


def judged(mistake: Mistake, host: HostFacts, body: Json | None = None) -> Verdict:
    facts = replace(host, **(mistake.facts or {}))
    context = Context(facts, DaemonConfig(), "/data/root", mistake.version, CONTAINERS, PATHS)
    return verify(decode_value(ContainerCreate, body or mistake.body), context, lambda: "f" * 64)


def meet(one: Mistake, other: Mistake) -> bool:
    """Say whether a request can have both: judged for one host and version, and about fields of their own."""
    return (one.version, one.facts) == (other.version, other.facts) and not one.fields & other.fields


def test_every_rule_is_broken_by_a_request() -> None:
    broken = [mistake.code for mistake in MISTAKES]
    assert len(broken) == len(set(broken))
    assert {*broken, *ELSEWHERE, *(code for code, *_ in WARNED)} == CATALOGUE.keys()


def test_the_valid_request_is_valid(v1_host: HostFacts) -> None:
    assert told(judged(Mistake("", "", {}), v1_host)) == []


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.code)
def test_a_mistake_is_told_with_its_code_and_field(mistake: Mistake, v1_host: HostFacts) -> None:
    assert told(judged(mistake, v1_host)) == [(mistake.code, mistake.field)]


@pytest.mark.parametrize("first", MISTAKES, ids=lambda mistake: mistake.code)
def test_two_mistakes_are_told_as_each_alone_is(first: Mistake, v1_host: HostFacts) -> None:
    alone = judged(first, v1_host).refusal()
    for second in MISTAKES[MISTAKES.index(first) + 1 :]:
        if meet(first, second):
            both = judged(first, v1_host, merged(first.body, second.change))
            assert told(both) == [(first.code, first.field), (second.code, second.field)]
            assert both.refusal().message.startswith(alone.message)


def test_every_mistake_meets_another_one() -> None:
    assert sum(meet(one, other) for one, other in itertools.combinations(MISTAKES, 2)) > 2000


@pytest.mark.parametrize(("code", "change", "lacks", "warning"), WARNED, ids=[code for code, *_ in WARNED])
def test_a_rule_that_warns_is_told_and_refuses_nothing(
    code: str, change: Json, lacks: dict[str, object], warning: str, v1_host: HostFacts
) -> None:
    verdict = judged(Mistake(code, "", change, facts=lacks), v1_host)
    assert told(verdict) == []
    assert [warning in text for text in verdict.verified.warnings] == [True]
