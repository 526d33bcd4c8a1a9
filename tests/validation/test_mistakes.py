"""Every rule is broken by a request, and two mistakes at once are reported as each alone is."""

import itertools
from collections.abc import Callable
from dataclasses import replace

import pytest
from mistakes import CONTAINERS, FORBIDDEN, MISTAKES, PATHS, UNKNOWN_IMAGES, WARNED, Json, Mistake, merged
from verdicts import codes_and_fields

from statesvc.domain import names
from statesvc.domain.documents import Config, ContainerCreate, HostConfig
from statesvc.domain.documents.decode import decode_value
from statesvc.domain.host_facts import HostFacts
from statesvc.domain.limits import LIMITS
from statesvc.domain.platform import Platform
from statesvc.errors import InvalidParameter
from statesvc.validation import (
    Context,
    Verdict,
    catalogue,  # noqa: F401 - importing it declares every rule
    daemon,
    finish,
    platforms,
    sizes,
    verify,
)
from statesvc.validation.rules import CATALOGUE


def judged(mistake: Mistake, host: HostFacts, body: Json | None = None) -> Verdict:
    facts = replace(host, **(mistake.facts or {}))
    config = daemon.read(mistake.daemon)
    obstacle = mistake.runtime_obstacle
    context = Context(facts, config, "/data/root", mistake.version, CONTAINERS, PATHS, obstacle, UNKNOWN_IMAGES)
    return verify(decode_value(ContainerCreate, body or mistake.body), context, lambda: "f" * 64)


def meet(one: Mistake, other: Mistake) -> bool:
    """Say whether a request can have both: judged against the same, and about fields of their own."""
    return one.circumstances == other.circumstances and not one.fields & other.fields


def refused(ask: Callable[[], object]) -> set[str]:
    """Return the codes of the problems for which this is refused."""
    with pytest.raises(InvalidParameter) as caught:
        ask()
    return {problem.code for problem in caught.value.problems}


_OVERSIZED = ContainerCreate(
    config=Config(Labels={"a": "x" * (LIMITS.label_bytes + 1)}, Env=["A=b"] * (LIMITS.stored_elements + 1)),
    host_config=HostConfig(Binds=["data:/a"] * (LIMITS.stored_rows + 1)),
)


def of_other_requests(host: HostFacts) -> set[str]:
    """Return the codes that come from another part of a create than its judged body: it does not have others."""
    here, valid = Platform("linux", "amd64"), judged(Mistake("", "", {}), host)
    foreign = platforms.warning(Platform("linux", "arm64"), here)
    assert foreign is not None
    return {
        foreign.code,
        *refused(lambda: platforms.parse("bogus", here)),
        *refused(lambda: names.check("-")),
        *(problem.code for problem in sizes.measured(_OVERSIZED).problems),
        *refused(lambda: decode_value(ContainerCreate, {"Image": 1})),
        *refused(lambda: finish.merged(replace(valid, verified=replace(valid.verified, config=Config())), None)),
    }


def test_every_rule_is_reached_by_a_request_and_every_code_is_declared(v1_host: HostFacts) -> None:
    # Other tests hold that each of these tables says what its requests are answered with.
    broken = [mistake.code for mistake in MISTAKES]
    assert len(broken) == len(set(broken))
    reached = {*broken, *(code for code, *_ in FORBIDDEN), *(code for code, *_ in WARNED), *of_other_requests(v1_host)}
    assert reached == CATALOGUE.keys()
    assert {code for code, *_ in WARNED} | {platforms.FOREIGN.code} == {r.code for r in CATALOGUE.values() if r.warns}


def test_the_valid_request_is_valid(v1_host: HostFacts) -> None:
    assert codes_and_fields(judged(Mistake("", "", {}), v1_host)) == []


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.code)
def test_a_mistake_is_told_with_its_code_and_field(mistake: Mistake, v1_host: HostFacts) -> None:
    assert codes_and_fields(judged(mistake, v1_host)) == [(mistake.code, mistake.field)]


@pytest.mark.parametrize("first", MISTAKES, ids=lambda mistake: mistake.code)
def test_two_mistakes_are_told_as_each_alone_is(first: Mistake, v1_host: HostFacts) -> None:
    alone = judged(first, v1_host).refusal()
    for second in MISTAKES[MISTAKES.index(first) + 1 :]:
        if meet(first, second):
            both = judged(first, v1_host, merged(first.body, second.change))
            assert codes_and_fields(both) == [(first.code, first.field), (second.code, second.field)]
            assert both.refusal().message.startswith(alone.message)


def test_every_mistake_meets_another_one() -> None:
    assert sum(meet(one, other) for one, other in itertools.combinations(MISTAKES, 2)) > 2000


@pytest.mark.parametrize(("code", "change", "lacks", "warning", "version"), WARNED, ids=[code for code, *_ in WARNED])
def test_a_rule_that_warns_is_told_and_refuses_nothing(
    code: str, change: Json, lacks: dict[str, object], warning: str, version: tuple[int, ...], v1_host: HostFacts
) -> None:
    verdict = judged(Mistake(code, "", change, facts=lacks, version=version), v1_host)
    assert codes_and_fields(verdict) == []
    (given,) = verdict.verified.warnings
    assert (given.code, warning in given) == (code, True)
