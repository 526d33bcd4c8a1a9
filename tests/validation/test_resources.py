from typing import Any

import pytest
from verdicts import Judge, codes_and_fields

from statesvc.domain.daemon_config import DaemonConfig
from statesvc.domain.go import cpu_lists
from statesvc.domain.host_facts import HostFacts
from statesvc.validation import Context

MB = 1024 * 1024


@pytest.mark.parametrize(
    ("host", "codes"),
    [
        ({"Memory": 6 * MB}, []),
        ({"Memory": 6 * MB - 1}, ["memory-minimum"]),
        ({"Memory": -1}, ["memory-minimum"]),
        ({"Memory": 64 * MB, "MemorySwap": 32 * MB}, ["memory-swap"]),
        ({"MemorySwap": 64 * MB}, ["memory-swap-alone"]),
        ({"MemorySwap": -1}, []),
        ({"MemorySwappiness": 101}, ["memory-swappiness"]),
        ({"MemorySwappiness": -1}, []),
        ({"MemoryReservation": 1}, ["memory-reservation"]),
        ({"Memory": 64 * MB, "MemoryReservation": 65 * MB}, ["memory-reservation-limit"]),
        ({"NanoCpus": 10**9, "CpuPeriod": 5000}, ["nano-cpus-period"]),
        ({"NanoCpus": 10**9, "CpuQuota": 5000}, ["nano-cpus-quota"]),
        ({"NanoCpus": 2 * 10**9}, []),
        ({"NanoCpus": 2 * 10**9 + 1}, ["nano-cpus-range"]),
        ({"CpuPeriod": 999}, ["cpu-period"]),
        ({"CpuPeriod": 1_000_001}, ["cpu-period"]),
        ({"CpuQuota": 999}, ["cpu-quota"]),
        ({"CpuRealtimePeriod": 10, "CpuRealtimeRuntime": 11}, ["cpu-rt-order"]),
        ({"CpuRealtimePeriod": -1}, []),
        ({"CpuRealtimePeriod": -2, "CpuRealtimeRuntime": -1}, ["cpu-rt-order"]),
        ({"CpusetCpus": "0-1"}, []),
        ({"CpusetCpus": "2"}, ["cpuset-cpus"]),
        ({"CpusetMems": "0,1"}, []),
        ({"CpusetMems": "0,2"}, ["cpuset-mems"]),
        ({"IOMaximumIOps": 1, "IOMaximumBandwidth": 1}, ["io-bandwidth", "io-iops"]),
    ],
    ids=lambda value: "" if isinstance(value, list) else "+".join(f"{key}={part}" for key, part in value.items()),
)
def test_limits_are_judged(judge: Judge, host: dict[str, Any], codes: list[str]) -> None:
    assert [code for code, _ in codes_and_fields(judge(host))] == codes


def test_memory_and_swap_together_are_twice_the_memory_where_nothing_is_said(judge: Judge) -> None:
    assert judge({"Memory": 64 * MB}).verified.host_config.MemorySwap == 128 * MB


def test_what_a_host_cannot_keep_is_taken_out_with_a_warning(judge: Judge, bare_host: HostFacts) -> None:
    asked = {"Memory": 64 * MB, "CpuShares": 5, "CpusetCpus": "0", "PidsLimit": 9, "BlkioWeight": 500}
    verdict = judge(asked, on=Context(bare_host, DaemonConfig(), "/data/root"))
    host = verdict.verified.host_config
    assert (host.Memory, host.MemorySwap, host.CpuShares, host.CpusetCpus, host.PidsLimit) == (0, -1, 0, "", None)
    assert len(verdict.verified.warnings) == 5
    assert codes_and_fields(verdict) == []


def test_real_time_of_any_sign_is_refused_where_the_kernel_has_none(judge: Judge, bare_host: HostFacts) -> None:
    verdict = judge({"CpuRealtimePeriod": -1}, on=Context(bare_host, DaemonConfig(), "/data/root"))
    assert [problem.message for problem in verdict.early] == ["Your kernel does not support CPU real-time scheduler"]


def test_a_number_of_cpus_is_refused_where_there_is_no_scheduler_for_it(judge: Judge, bare_host: HostFacts) -> None:
    verdict = judge({"NanoCpus": 10**9}, on=Context(bare_host, DaemonConfig(), "/data/root"))
    assert codes_and_fields(verdict) == [("nano-cpus-host", "/HostConfig/NanoCpus")]


def test_a_host_with_all_controllers_keeps_the_limits(judge: Judge, v2_host: HostFacts) -> None:
    asked = {"Memory": 64 * MB, "CpuShares": 5, "NanoCpus": 10**9, "PidsLimit": 9}
    verdict = judge(asked, on=Context(v2_host, DaemonConfig(), "/data/root"))
    assert verdict.verified.warnings == ()
    assert verdict.verified.host_config.Memory == 64 * MB


@pytest.mark.parametrize(
    ("text", "numbers"), [("", set()), ("0", {0}), ("0-2,5", {0, 1, 2, 5}), ("+1", {1}), ("00", {0}), ("1,1", {1})]
)
def test_lists_of_cpus_are_read(text: str, numbers: set[int]) -> None:
    assert cpu_lists.parse(text) == numbers


@pytest.mark.parametrize("text", ["a", "0-", "-1", "1-0", "0,", ",", " 0", "0\n", "8193", "0;1", "٣", "9" * 30])
def test_what_is_no_list_of_cpus_is_refused(text: str) -> None:
    with pytest.raises(cpu_lists.BadListError):
        cpu_lists.parse(text)
