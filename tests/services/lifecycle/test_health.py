from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
from damage import KINDS, damage
from reporting import brought_to, created, imported_alive, journal, life, running

from statesvc.app import Services
from statesvc.db.damage import marks
from statesvc.domain.documents import HealthConfig
from statesvc.domain.state import State
from statesvc.domain.times import render
from statesvc.errors import Conflict, PreconditionFailed
from statesvc.services.lifecycle.health import Probe
from statesvc.services.lifecycle.reports import Exited, Restarting
from statesvc.services.lifecycle.service import Lifecycle

pytestmark = pytest.mark.anyio

SECOND = 1_000_000_000
CHECK = HealthConfig(Test=["CMD", "true"], Retries=2, StartPeriod=10 * SECOND)


async def health(services: Services) -> tuple[str | None, int | None, list[Any]]:
    row = await services.containers.inspect("web")
    return row.status, row.streak, orjson.loads(row.log or "[]")


async def probed(services: Services, seconds: int, code: int, output: str = "") -> None:
    """Report a probe that began so many seconds after the start of the container."""
    begun = (await life(services)).started_at or 0
    start = begun + seconds * SECOND
    await services.lifecycle.health("web", probe=Probe(start, start + SECOND, code, output))


async def statuses(services: Services) -> list[str]:
    container = await life(services)
    return [e.action for e in await journal(services, container.id) if e.action.startswith("health_status")]


async def test_what_is_checked_starts_as_starting(configured: Services) -> None:
    await running(configured, Healthcheck=CHECK)
    assert await health(configured) == ("starting", 0, [])


@pytest.mark.parametrize("check", [None, HealthConfig(Test=["NONE"])])
async def test_what_is_not_checked_has_no_health(configured: Services, check: HealthConfig | None) -> None:
    await running(configured, Healthcheck=check)
    assert (await health(configured))[0] is None


async def test_a_good_probe_makes_healthy_and_is_told_once(configured: Services) -> None:
    await running(configured, Healthcheck=CHECK)
    before = await life(configured)
    await probed(configured, 1, 0, "fine")
    await probed(configured, 2, 0, "fine")
    status, streak, log = await health(configured)
    assert (status, streak, len(log)) == ("healthy", 0, 2)
    start = (before.started_at or 0) + SECOND
    assert log[0] == {"Start": render(start), "End": render(start + SECOND), "ExitCode": 0, "Output": "fine"}
    assert await statuses(configured) == ["health_status: healthy"]
    assert (await life(configured)).revision == before.revision


async def test_failures_count_once_the_start_period_is_over(configured: Services) -> None:
    await running(configured, Healthcheck=CHECK)
    seen = []
    for seconds in (1, 9, 10, 11):
        await probed(configured, seconds, 1)
        seen.append((await health(configured))[:2])
    assert seen == [("starting", 0), ("starting", 0), ("starting", 1), ("unhealthy", 2)]
    assert await statuses(configured) == ["health_status: unhealthy"]


async def test_failures_count_at_once_after_a_success(configured: Services) -> None:
    await running(configured, Healthcheck=CHECK)
    for seconds, code in ((1, 0), (2, 1), (3, 1)):
        await probed(configured, seconds, code)
    assert (await health(configured))[:2] == ("unhealthy", 2)
    assert await statuses(configured) == ["health_status: healthy", "health_status: unhealthy"]


async def test_five_probes_are_kept(configured: Services) -> None:
    await running(configured, Healthcheck=CHECK)
    for seconds in range(7):
        await probed(configured, seconds, 0, str(seconds))
    assert [probe["Output"] for probe in (await health(configured))[2]] == ["2", "3", "4", "5", "6"]


async def test_a_long_output_is_cut(configured: Services) -> None:
    await running(configured, Healthcheck=CHECK)
    await probed(configured, 1, 0, "x" * 5000)
    assert (await health(configured))[2][0]["Output"] == "x" * 4096 + "..."


async def test_a_repeated_probe_changes_nothing(configured: Services) -> None:
    await running(configured, Healthcheck=CHECK)
    await probed(configured, 20, 1)
    before = await health(configured)
    await probed(configured, 20, 1)
    assert await health(configured) == before


async def test_a_status_may_be_given_without_a_probe(configured: Services) -> None:
    await running(configured)
    await configured.lifecycle.health("web", status="unhealthy")
    assert await health(configured) == ("unhealthy", 0, [])
    assert await statuses(configured) == ["health_status: unhealthy"]


async def test_what_ends_is_unhealthy_and_a_new_start_begins_anew(configured: Services) -> None:
    await running(configured, Healthcheck=CHECK)
    await probed(configured, 1, 0)
    await configured.lifecycle.exited("web", Exited(0))
    assert (await health(configured))[0] == "unhealthy"
    assert await statuses(configured) == ["health_status: healthy"]
    handle = await configured.lifecycle.prepare_start("web", "engine-1")
    await configured.lifecycle.started("web", handle.attempt, 43)
    status, _, log = await health(configured)
    assert (status, len(log)) == ("starting", 1)


@pytest.mark.parametrize("state", [state for state in State if state not in {State.RUNNING, State.PAUSED}])
async def test_what_does_not_run_is_not_checked(configured: Services, state: State) -> None:
    await brought_to(configured, state, Healthcheck=CHECK)
    with pytest.raises(Conflict, match=f"is {state}, and its health is not checked"):
        await configured.lifecycle.health("web", status="healthy")


async def test_a_probe_from_another_revision_is_refused(configured: Services) -> None:
    await running(configured, Healthcheck=CHECK)
    with pytest.raises(PreconditionFailed):
        await configured.lifecycle.health("web", status="healthy", expected=frozenset({1}))


async def test_what_nobody_has_adopted_is_not_checked(configured: Services) -> None:
    await imported_alive(configured)
    with pytest.raises(Conflict, match="adopt it first"):
        await configured.lifecycle.health("web", status="healthy")


@pytest.mark.parametrize(
    ("start", "end", "times"),
    [(None, None, (50, 50)), (None, 30, (30, 30)), (20, None, (20, 50)), (70, None, (70, 70)), (20, 30, (20, 30))],
)
def test_a_time_that_is_missing_is_that_of_the_report(
    start: int | None, end: int | None, times: tuple[int, int]
) -> None:
    assert Probe(start, end, 0).times(50) == times


REPORTS: dict[str, Callable[[Lifecycle], Awaitable[Any]]] = {
    "status": lambda engine: engine.health("web", status="unhealthy"),
    "good probe": lambda engine: engine.health("web", probe=Probe(1, 2, 0)),
    "bad probe": lambda engine: engine.health("web", probe=Probe(1, 2, 1)),
    "restarting": lambda engine: engine.restarting("web", Restarting(1)),
    "exited": lambda engine: engine.exited("web", Exited(1)),
}


@pytest.mark.parametrize("told", REPORTS)
@pytest.mark.parametrize(
    ("column", "value"),
    [*(("log", value) for value in KINDS.values()), ("log", b"7"), ("log", b"[7]"), ("status", b"fine")],
)
async def test_damaged_health_stops_no_report(
    configured: Services, data_root: Path, told: str, column: str, value: bytes
) -> None:
    await running(configured, Healthcheck=CHECK)
    await probed(configured, 1, 0)
    damage(data_root, "container_health", column, value)
    await REPORTS[told](configured.lifecycle)
    status, _, log = await health(configured)
    assert status in {"starting", "healthy", "unhealthy"}
    assert len(log) == ("probe" in told) + (column == "status")
    (mark,) = await configured.database.read(marks.every, 10)
    assert (mark.table, mark.column) == ("container_health", column)


async def test_a_start_after_damaged_health_is_recorded(configured: Services, data_root: Path) -> None:
    await running(configured, Healthcheck=CHECK)
    await configured.lifecycle.exited("web", Exited(0))
    handle = await configured.lifecycle.prepare_start("web", "engine-1")
    damage(data_root, "container_health", "log", KINDS["not JSON"])
    await configured.lifecycle.started("web", handle.attempt, 43)
    assert await health(configured) == ("starting", 0, [])


async def test_a_log_that_is_null_takes_a_probe(configured: Services, data_root: Path) -> None:
    await running(configured, Healthcheck=CHECK)
    damage(data_root, "container_health", "log", b"null")
    await probed(configured, 1, 0)
    assert len((await health(configured))[2]) == 1


@pytest.mark.parametrize("value", KINDS.values())
async def test_a_damaged_health_check_stops_no_report(configured: Services, data_root: Path, value: bytes) -> None:
    await created(configured, Healthcheck=CHECK)
    damage(data_root, "container_specs", "config", value)
    handle = await configured.lifecycle.prepare_start("web", "engine-1")
    await configured.lifecycle.started("web", handle.attempt, 43)
    for report in REPORTS.values():
        await report(configured.lifecycle)
        if (await life(configured)).state == State.RESTARTING:
            await configured.lifecycle.started("web", handle.attempt, 44)
    assert (await life(configured)).state == State.EXITED
