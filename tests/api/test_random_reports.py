"""Whatever an engine sends, it gets an answer of the protocol, and never a bug."""

import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reporting import CONFIGURED, configure
from service import Service, running

VERBS = (
    "prepare-start adopt started start-failed exited restarting paused unpaused removing dead health execs removed"
).split()
TEXTS = st.sampled_from(["", "engine-1", "a\0b", "\ud800", "x" * 5000, "2026-01-01T00:00:00Z", "9999-99-99T00:00:00Z"])
NUMBERS = st.sampled_from([0, 1, 2, 42, -1, -(2**63), 2**31, 2**63 - 1, 2**70, 1.5])
PLAIN = st.one_of(TEXTS, NUMBERS, st.none(), st.booleans())
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "Engine": st.one_of(st.just("engine-1"), PLAIN),
    "Attempt": st.one_of(st.just(1), PLAIN),
    "Pid": st.one_of(st.just(42), PLAIN),
    "ExitCode": st.one_of(st.just(0), PLAIN),
    "Error": PLAIN,
    "OomKilled": PLAIN,
    "Manual": PLAIN,
    "Status": st.one_of(st.sampled_from(["healthy", "unhealthy"]), PLAIN),
    "Probe": st.fixed_dictionaries({}, optional=dict.fromkeys(("Start", "End", "ExitCode", "Output"), PLAIN)),
    "Id": st.one_of(st.just("e" * 64), PLAIN),
    "Process": st.fixed_dictionaries(
        {"Entrypoint": st.one_of(st.just("sh"), PLAIN)},
        optional={"Arguments": st.one_of(st.lists(PLAIN, max_size=3), PLAIN), "Tty": PLAIN, "User": PLAIN},
    ),
}
REPORT = st.tuples(
    st.sampled_from(VERBS),
    st.fixed_dictionaries({}, optional=FIELDS),
    st.sampled_from([None, None, "*", '"1"', '"2", "3"', "x", '"99999999999999999999"']),
)


@pytest.fixture(scope="module")
def engines(tmp_path_factory: pytest.TempPathFactory, loaded_root: Any) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("random-reports")
    shutil.copytree(loaded_root, folder / "data")
    configure(folder / "daemon.json", CONFIGURED)
    with running(folder / "data", "--config-file", str(folder / "daemon.json")) as started:
        yield started


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(reports=st.lists(REPORT, min_size=1, max_size=8))
def test_a_life_of_random_reports_meets_no_bug(engines: Service, reports: list[tuple[str, Any, str | None]]) -> None:
    container = engines.create(HostConfig={"Runtime": "wrapped"})
    for verb, body, if_match in [("prepare-start", {"Engine": "engine-1"}, None), *reports]:
        headers = {"If-Match": if_match} if if_match else {}
        answer = engines.call("POST", f"/statesvc/v1/containers/{container}/{verb}", body, headers=headers)
        assert answer.status in {200, 201, 204, 304} or answer.is_refusal(400, 404, 409, 412)
        shown = engines.call("GET", f"/containers/{container}/json")
        assert shown.status == 200 or shown.is_refusal(404)
