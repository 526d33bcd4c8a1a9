"""The same bytes to both sockets: the same answers come back, framed the same, and the connection goes on or ends."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import pytest
from differential.compare import Pair
from raw_http import Exchange, exchange
from wire_cases import CASES, Case

pytestmark = pytest.mark.xdist_group("differential")

UPGRADE = b"Connection: Upgrade\r\nUpgrade: tcp\r\n"
ATTACH = b"POST /v1.41/containers/base/attach?logs=1&stdout=1 HTTP/1.1\r\nHost: x\r\n"
TAKEOVERS = (
    Case("attach-with-an-upgrade", ATTACH + UPGRADE + b"\r\n", "101 Upgrade, end"),
    Case("attach-without-one", ATTACH + b"\r\n", "200, end"),
    Case("attach-in-1.0", ATTACH.replace(b"1.1\r", b"1.0\r") + b"\r\n", "200, end"),
    Case("attach-with-another-upgrade", ATTACH + UPGRADE.replace(b"tcp", b"h2c") + b"\r\n", "101 Upgrade, end"),
    Case("attach-with-a-body", ATTACH + UPGRADE + b"Content-Length: 2\r\n\r\n{}", "101 Upgrade, end"),
)


@pytest.fixture(scope="module")
def docker_s(pair: Pair) -> Mapping[str, Exchange]:
    """What Docker Engine answers to all cases."""

    def ask(case: Case) -> Exchange:
        expected = case.docker or case.outcome
        return exchange(pair.docker.socket, case.data, half_close=case.half_close, expected=expected)

    with ThreadPoolExecutor(8) as asking:
        return dict(zip((case.name for case in CASES), asking.map(ask, CASES), strict=True))


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in CASES])
def test_docker_answers_as_the_table_says(docker_s: Mapping[str, Exchange], case: Case) -> None:
    assert str(docker_s[case.name]) == (case.docker or case.outcome)


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in TAKEOVERS])
def test_a_connection_is_taken_over_in_the_same_words(pair: Pair, case: Case) -> None:
    docker, statesvc = (exchange(peer.socket, case.data, expected=case.outcome) for peer in pair.both())
    assert str(statesvc) == str(docker) == case.outcome
    framing = ("content-type", "connection", "upgrade", "content-length", "transfer-encoding")
    for name in framing:
        assert statesvc.answers[0].headers.get(name) == docker.answers[0].headers.get(name), name


def test_no_upgrade_is_announced_for_what_cannot_be_attached(pair: Pair) -> None:
    data = ATTACH.replace(b"/base/", b"/nobody/") + UPGRADE + b"\r\n"
    assert [str(exchange(peer.socket, data, silence=1).answers[0]) for peer in pair.both()] == ["404", "404"]
