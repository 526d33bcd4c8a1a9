"""An update: how it is read, what it sets, and what forbids it."""

from dataclasses import replace
from typing import Any

import pytest
from mistakes import FORBIDDEN

from statesvc.domain.documents import ContainerUpdate, HostConfig, RestartPolicy
from statesvc.domain.documents.decode import decode_value
from statesvc.domain.documents.update import host_config
from statesvc.domain.host_facts import HostFacts
from statesvc.errors import Conflict
from statesvc.validation import Context, update

MB = 1024 * 1024
ID = "c" * 64
ALWAYS = RestartPolicy(Name="always")


def asked(**fields: Any) -> HostConfig:
    return host_config(decode_value(ContainerUpdate, fields))


def applied(wanted: HostConfig, **stored: Any) -> HostConfig:
    return update.apply(wanted, HostConfig(**stored), ID)


@pytest.mark.parametrize(
    ("version", "limit", "read"),
    [((1, 45), 5, 5), ((1, 45), 0, 0), ((1, 45), -1, 0), ((1, 45), None, None), ((1, 39), 5, None)],
)
def test_a_pids_limit_is_read_as_the_version_has_it(
    version: tuple[int, ...], limit: int | None, read: int | None
) -> None:
    assert update.adjust(asked(PidsLimit=limit), version).PidsLimit == read


@pytest.mark.parametrize(("version", "kept"), [((1, 41), 7), ((1, 42), 0)])
def test_kernel_memory_is_of_old_versions(version: tuple[int, ...], kept: int) -> None:
    assert update.adjust(asked(KernelMemory=7), version).KernelMemory == kept


@pytest.mark.parametrize(
    ("fields", "codes"),
    [
        ({}, []),
        ({"Memory": 1}, ["memory-minimum"]),
        ({"MemorySwap": 64 * MB}, []),  # the container may have its memory limited already
        ({"NanoCpus": 10**9, "CpuPeriod": 5000}, ["nano-cpus-period"]),
        ({"CpusetCpus": "9", "Memory": 1}, ["memory-minimum", "cpuset-cpus"]),
        ({"RestartPolicy": {"Name": "often"}, "Memory": 1}, ["restart-policy", "memory-minimum"]),
        ({"RestartPolicy": {"Name": "always", "MaximumRetryCount": 1}}, ["restart-count"]),
        ({"RestartPolicy": {"MaximumRetryCount": -1}}, []),  # without a name it changes nothing
    ],
    ids=str,
)
def test_an_update_is_judged_without_its_container(context: Context, fields: dict[str, Any], codes: list[str]) -> None:
    assert [problem.code for problem in update.verify(asked(**fields), context).problems] == codes


def test_what_the_host_cannot_keep_is_taken_out_with_a_warning(context: Context, bare_host: HostFacts) -> None:
    verdict = update.verify(asked(Memory=64 * MB, CpuShares=5), replace(context, facts=bare_host))
    assert (verdict.asked.Memory, verdict.asked.CpuShares, len(verdict.warnings)) == (0, 0, 2)


@pytest.mark.parametrize(
    ("fields", "stored", "changed"),
    [
        ({"CpuShares": 7}, {"CpuShares": 5}, {"CpuShares": 7}),
        ({"CpuShares": 0, "Memory": 0}, {"CpuShares": 5, "Memory": 64 * MB}, {"CpuShares": 5, "Memory": 64 * MB}),
        ({"CpusetCpus": "1"}, {"CpusetCpus": "0"}, {"CpusetCpus": "1"}),
        ({"PidsLimit": 0}, {"PidsLimit": 5}, {"PidsLimit": 0}),
        ({}, {"PidsLimit": 5}, {"PidsLimit": 5}),
        ({"MemorySwap": -1, "Memory": 80 * MB}, {"Memory": 64 * MB, "MemorySwap": 64 * MB}, {"MemorySwap": -1}),
        ({"RestartPolicy": {"Name": ""}}, {"RestartPolicy": ALWAYS}, {"RestartPolicy": ALWAYS}),
        ({"RestartPolicy": {"Name": "no"}}, {"RestartPolicy": ALWAYS}, {"RestartPolicy": RestartPolicy(Name="no")}),
        ({"CpuPeriod": 5000}, {"CpuQuota": 9000}, {"CpuPeriod": 5000, "CpuQuota": 9000}),
        ({"NanoCpus": 2}, {"NanoCpus": 1}, {"NanoCpus": 2}),
        ({"OomKillDisable": True, "CpuCount": 3}, {}, {"OomKillDisable": None, "CpuCount": 0}),
    ],
    ids=lambda value: str(value)[:60],
)  # fmt: skip
def test_an_update_sets_what_it_says(fields: dict[str, Any], stored: dict[str, Any], changed: dict[str, Any]) -> None:
    found = applied(asked(**fields), **stored)
    assert {name: getattr(found, name) for name in changed} == changed


@pytest.mark.parametrize(("code", "field", "fields", "stored", "reason"), FORBIDDEN, ids=lambda value: str(value)[:60])
def test_what_is_set_can_forbid_an_update(
    code: str, field: str, fields: dict[str, Any], stored: dict[str, Any], reason: str
) -> None:
    with pytest.raises(Conflict, match=reason) as caught:
        applied(asked(**fields), **stored)
    assert caught.value.message.startswith(f"Cannot update container {ID}: ")
    assert [(problem.code, problem.field) for problem in caught.value.problems] == [(code, field)]


def test_every_setting_that_forbids_an_update_is_named() -> None:
    with pytest.raises(Conflict) as caught:
        applied(asked(CpuPeriod=5000, CpuQuota=5000, RestartPolicy={"Name": "always"}), NanoCpus=1, AutoRemove=True)
    codes = [problem.code for problem in caught.value.problems]
    assert codes == ["update-cpu-period", "update-cpu-quota", "update-restart"]
    assert caught.value.message.startswith(f"Cannot update container {ID}: Conflicting options: CPU Period cannot")
    assert all(problem.message in caught.value.message for problem in caught.value.problems)


@pytest.mark.parametrize("name", ["", "no"])
def test_a_container_that_removes_itself_may_be_told_not_to_restart(name: str) -> None:
    assert applied(asked(RestartPolicy={"Name": name}), AutoRemove=True).AutoRemove
