"""Patterns of clients: how many, how large, and that each is compiled once for a request."""

import time

import pytest

from statesvc.app import Services
from statesvc.domain.limits import LIMITS
from statesvc.errors import InvalidParameter
from statesvc.services.listing import patterns
from statesvc.services.listing.patterns import Patterns
from statesvc.services.networks import Networks
from statesvc.services.volumes import Volumes

pytestmark = pytest.mark.anyio

TOO_MANY = tuple(f"^{number}$" for number in range(LIMITS.filter_patterns + 1))


async def test_more_patterns_than_the_limit_are_refused(services: Services) -> None:
    networks, volumes = Networks(services.database, services.site), Volumes(services.database)
    for key in ("name", "id"):
        with pytest.raises(InvalidParameter, match=f"'{key}': more than 100 patterns"):
            await networks.listed({key: TOO_MANY})
        assert await networks.listed({key: TOO_MANY[1:]}) == []
    with pytest.raises(InvalidParameter, match="'name': more than 100 patterns"):
        await volumes.listed({"name": TOO_MANY})
    with pytest.raises(InvalidParameter, match="'reference': more than 100 patterns"):
        await services.images.listed({"reference": TOO_MANY})


async def test_a_pattern_is_compiled_once_for_a_request(services: Services, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[str] = []
    compile_ = patterns.re2.compile

    def counted(text: str, options: object) -> object:
        compiled.append(text)
        return compile_(text, options)

    monkeypatch.setattr(patterns.re2, "compile", counted)
    found = await Networks(services.database, services.site).listed({"name": ("^b", "ne$"), "id": ("",)})
    assert [network.name for network in found] == ["bridge", "none"]
    assert sorted(compiled) == ["", "^b", "ne$"]


def test_patterns_that_would_become_large_are_given_up_at_once_and_match_nothing() -> None:
    begun = time.monotonic()
    found = Patterns(tuple(rf"\pL{{900}}x{number}" for number in range(LIMITS.filter_patterns)))
    assert time.monotonic() - begun < 3  # 9 s with the usual memory
    assert not found.find("ä" * 900 + "x0")


def test_words_may_be_as_many_as_a_request_holds() -> None:
    found = Patterns((), tuple(f"word{number:05}" for number in range(LIMITS.filter_values)))
    assert found.find("a-word09999-b")
    assert not found.find("word")
