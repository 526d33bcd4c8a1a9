"""What the service reads of this host, against what dockerd reads of it."""

from typing import Any

import pytest
from differential.compare import Pair

pytestmark = pytest.mark.xdist_group("differential")

FACTS = """
    MemoryLimit SwapLimit KernelMemoryTCP CpuCfsPeriod CpuCfsQuota CPUShares CPUSet PidsLimit OomKillDisable
    CgroupVersion CgroupDriver NCPU MemTotal KernelVersion OperatingSystem OSVersion OSType Architecture Name
    IPv4Forwarding DefaultRuntime Isolation
""".split()


@pytest.fixture(scope="module")
def answers(pair: Pair) -> list[dict[str, Any]]:
    """What /info says of each, Docker Engine first."""
    return [peer.ask("GET", "/v1.41/info").json() for peer in pair.both()]


@pytest.mark.parametrize("fact", FACTS)
def test_a_fact_of_the_host_is_read_as_docker_reads_it(answers: list[dict[str, Any]], fact: str) -> None:
    docker, statesvc = answers
    assert statesvc.get(fact) == docker.get(fact)


def test_the_same_security_features_are_found(answers: list[dict[str, Any]]) -> None:
    docker, statesvc = ({option.partition(",")[0] for option in info["SecurityOptions"]} for info in answers)
    assert statesvc == docker
