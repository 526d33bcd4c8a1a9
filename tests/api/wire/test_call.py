"""Query values that are numbers: Docker's as Go reads them, those of the own API with their field."""

from typing import Any

import pytest
from service import Service

DOCKER_S = {
    "no digits": ("x", 'strconv.Atoi: parsing "x": invalid syntax'),
    "a fraction": ("1.5", 'strconv.Atoi: parsing "1.5": invalid syntax'),
    "other digits": ("\u0661", 'strconv.Atoi: parsing "\u0661": invalid syntax'),
    "too large": (str(2**63), f'strconv.Atoi: parsing "{2**63}": value out of range'),
}


@pytest.mark.parametrize(("text", "message"), DOCKER_S.values(), ids=DOCKER_S)
def test_a_limit_that_is_no_number_is_refused_in_go_s_words(service: Service, text: str, message: str) -> None:
    answer = service.call("GET", "/containers/json", query={"limit": text})
    assert (answer.status, answer.message) == (400, message)


OWN = {
    "after": ("events", {"follow": 0}),
    "untilSeq": ("events", {"follow": 0}),
    "limit": ("runtimes/history", {}),
    "before": ("runtimes/changes", {"after": 1}),
}


@pytest.mark.parametrize("text", ["x", "-1", "+1", "1.5", "1_0", str(2**63), "9" * 5000])
@pytest.mark.parametrize(("key", "asked"), OWN.items(), ids=OWN)
def test_a_number_of_the_own_api_is_refused_with_its_field(
    service: Service, key: str, asked: tuple[str, dict[str, Any]], text: str
) -> None:
    path, query = asked
    answer = service.call("GET", f"/statesvc/v1/{path}", query=query | {key: text})
    assert answer.is_refusal(400)
    (problem,) = answer.json()["errors"]
    assert (problem["code"], problem["field"], problem["value"]) == ("number", f"/{key}", text[:50])


@pytest.mark.parametrize(("key", "asked"), OWN.items(), ids=OWN)
def test_the_largest_number_is_answered(service: Service, key: str, asked: tuple[str, dict[str, Any]]) -> None:
    path, query = asked
    answer = service.call("GET", f"/statesvc/v1/{path}", query=query | {key: 2**63 - 1})
    assert answer.status == {"after": 410, "before": 404}.get(key, 200), answer.body
