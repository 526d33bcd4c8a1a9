"""Requests and contexts with defaults, for tests that say only what they are about."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from verdicts import Judge

from statesvc.domain.daemon_config import DaemonConfig
from statesvc.domain.documents import ContainerCreate
from statesvc.domain.documents.decode import decode_value
from statesvc.domain.host_facts import HostFacts
from statesvc.host import facts
from statesvc.validation import Context, Verdict, verify

CORPUS = Path(__file__).parents[1] / "conformance"


@pytest.fixture(scope="session")
def v1_host() -> HostFacts:
    return facts.read(CORPUS / "HOST.json")


@pytest.fixture(scope="session")
def bare_host() -> HostFacts:
    """A cgroup v2 host without a single controller."""
    return facts.read(CORPUS / "HOST-v2bare.json")


@pytest.fixture(scope="session")
def v2_host(bare_host: HostFacts) -> HostFacts:
    limits = ("memory_limit", "swap_limit", "memory_reservation", "cpu_cfs_period", "cpu_cfs_quota", "cpu_shares")
    return replace(bare_host, **dict.fromkeys((*limits, "cpuset", "pids_limit"), True), cgroup_driver="systemd")


@pytest.fixture(scope="session", params=["v1_host", "v2_host", "bare_host"], ids=["v1", "v2", "bare"])
def any_host(request: pytest.FixtureRequest) -> HostFacts:
    """Each of the hosts in turn."""
    facts: HostFacts = request.getfixturevalue(request.param)
    return facts


@pytest.fixture
def context(v1_host: HostFacts) -> Context:
    return Context(v1_host, DaemonConfig(), "/data/root")


@pytest.fixture
def judge(context: Context) -> Judge:
    """Judge a request: fields of Config by keyword, those of HostConfig in `host`."""

    def run(host: dict[str, Any] | None = None, *, on: Context = context, **config: Any) -> Verdict:
        body = {"Image": "busybox", "HostConfig": host or {}, **config}
        return verify(decode_value(ContainerCreate, body), on, lambda: "f" * 64)

    return run
