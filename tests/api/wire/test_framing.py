"""What a client that speaks HTTP in odd ways gets back from the service, byte for byte as Docker's engine frames it."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import pytest
from raw_http import Exchange, exchange
from service import Service
from wire_cases import CASES, Case


@pytest.fixture(scope="module")
def outcomes(service: Service) -> Mapping[str, Exchange]:
    """All cases, several at a time: most of the time is spent in waiting for silence."""

    def ask(case: Case) -> Exchange:
        return exchange(service.socket, case.data, half_close=case.half_close, expected=case.outcome)

    with ThreadPoolExecutor(8) as asking:
        return dict(zip((case.name for case in CASES), asking.map(ask, CASES), strict=True))


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in CASES])
def test_bytes_get_the_answers_that_they_get_from_docker(outcomes: Mapping[str, Exchange], case: Case) -> None:
    found = outcomes[case.name]
    assert str(found) == case.outcome
    for answer in found.answers:
        if answer.status >= 400 and not case.data.startswith(b"HEAD"):
            assert answer.headers["content-type"] == "application/json"
            assert b'"message":' in answer.body


def test_every_case_is_named_once() -> None:
    assert len({case.name for case in CASES}) == len(CASES)
