import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest
from reporting import CONFIGURED, brought_to, configure, created, imported_alive, journal, life, running

from statesvc.app import Services
from statesvc.db.sqlite import Connection
from statesvc.domain.state import LEGAL, LIVE, State
from statesvc.errors import (
    Conflict,
    InvalidParameter,
    NotFound,
    NotModified,
    PreconditionFailed,
    StateError,
    Unavailable,
)
from statesvc.services.lifecycle.reports import Exited, Restarting
from statesvc.services.lifecycle.service import Handle, Lifecycle
from statesvc.services.lifecycle.waits import Exit, Until

pytestmark = pytest.mark.anyio

Ask = Callable[[Lifecycle], Awaitable[Any]]
REPORTS: dict[str, Ask] = {
    "started": lambda engine: engine.started("web", 1, 43),
    "start-failed": lambda engine: engine.start_failed("web", 1, error="no such file", exit_code=127),
    "exited": lambda engine: engine.exited("web", Exited(9)),
    "restarting": lambda engine: engine.restarting("web", Restarting(9)),
    "paused": lambda engine: engine.paused("web"),
    "unpaused": lambda engine: engine.unpaused("web"),
    "removing": lambda engine: engine.removing("web"),
    "dead": lambda engine: engine.dead("web"),
}
# Where a report leads to from each state in which it tells something new; in all others it is a conflict, or known.
LEADS: dict[str, dict[str, str]] = {
    "started": {"restarting": "running"},
    "start-failed": {"restarting": "exited"},
    "exited": {"running": "exited", "paused": "exited", "restarting": "exited"},
    "restarting": {"running": "restarting", "paused": "restarting"},
    "paused": {"running": "paused"},
    "unpaused": {"paused": "running"},
    "removing": dict.fromkeys("created running paused restarting exited dead".split(), "removing"),
    "dead": dict.fromkeys("running paused restarting exited removing".split(), "dead"),
}
KNOWN = {("paused", "paused"), ("unpaused", "running"), ("removing", "removing"), ("dead", "dead")}
EVERY = [(report, state) for report in REPORTS for state in State]


@pytest.mark.parametrize(("report", "state"), [pair for pair in EVERY if pair[1] in LEADS[pair[0]]])
async def test_a_legal_report_leads_to_its_state(configured: Services, report: str, state: State) -> None:
    before = await brought_to(configured, state)
    count = len(await journal(configured, before.id))
    standing = await REPORTS[report](configured.lifecycle)
    after = await life(configured)
    assert standing.state == after.state == LEADS[report][state]
    assert standing.revision == after.revision == before.revision + 1
    assert len(await journal(configured, before.id)) == count + 1


@pytest.mark.parametrize(
    ("report", "state"), [pair for pair in EVERY if pair[1] not in LEADS[pair[0]] and pair not in KNOWN]
)
async def test_an_illegal_report_changes_nothing(configured: Services, report: str, state: State) -> None:
    before = await brought_to(configured, state)
    events = await journal(configured, before.id)
    with pytest.raises(Conflict):
        await REPORTS[report](configured.lifecycle)
    assert await life(configured) == before
    assert await journal(configured, before.id) == events


@pytest.mark.parametrize(("report", "state"), sorted(KNOWN))
async def test_what_is_known_changes_nothing(configured: Services, report: str, state: str) -> None:
    before = await brought_to(configured, State(state))
    standing = await REPORTS[report](configured.lifecycle)
    assert standing.revision == before.revision
    assert await life(configured) == before


def test_reports_make_every_legal_transition_and_no_other() -> None:
    made = {(State(before), State(after)) for leads in LEADS.values() for before, after in leads.items()}
    made |= {(State.CREATED, State.RUNNING), (State.EXITED, State.RUNNING)}  # of a prepared start
    assert made == {(before, after) for before, states in LEGAL.items() for after in states}


REPEATED: dict[str, tuple[State, Ask]] = {
    "started": (State.CREATED, lambda engine: engine.started("web", 1, 42)),
    "start failed": (State.CREATED, lambda engine: engine.start_failed("web", 1, error="no", exit_code=127)),
    "exited": (State.RUNNING, lambda engine: engine.exited("web", Exited(9, 1, "no", oom_killed=True))),
    "restarting": (State.RUNNING, lambda engine: engine.restarting("web", Restarting(9, 1))),
}


@pytest.mark.parametrize("name", REPEATED)
async def test_a_report_that_is_repeated_changes_nothing(configured: Services, name: str) -> None:
    state, report = REPEATED[name]
    before = await brought_to(configured, state)
    if state == State.CREATED:
        await configured.lifecycle.prepare_start("web", "engine-1")
    first = await report(configured.lifecycle)
    known, events = await life(configured), await journal(configured, before.id)
    assert await report(configured.lifecycle) == first
    assert await life(configured) == known
    assert await journal(configured, before.id) == events


async def test_a_repeated_report_is_known_whatever_revision_it_names(configured: Services) -> None:
    before = await brought_to(configured, State.RUNNING)
    first = await configured.lifecycle.paused("web", expected=frozenset({before.revision}))
    assert await configured.lifecycle.paused("web", expected=frozenset({before.revision})) == first


@pytest.mark.parametrize("report", REPORTS)
async def test_a_report_from_another_revision_is_refused(configured: Services, report: str) -> None:
    before = await brought_to(configured, State.RESTARTING)
    arguments: dict[str, Callable[[], Awaitable[Any]]] = {
        "started": lambda: configured.lifecycle.started("web", 1, 43, expected=frozenset({1})),
        "start-failed": lambda: configured.lifecycle.start_failed(
            "web", 1, error="", exit_code=1, expected=frozenset({1})
        ),
        "exited": lambda: configured.lifecycle.exited("web", Exited(0), expected=frozenset({1})),
        "restarting": lambda: configured.lifecycle.restarting("web", Restarting(0), expected=frozenset({1})),
    }
    plain = getattr(configured.lifecycle, report, None)
    with pytest.raises(PreconditionFailed, match=f"revision {before.revision}, not at 1"):
        await (arguments[report]() if report in arguments else plain("web", expected=frozenset({1})))
    assert await life(configured) == before


@pytest.mark.parametrize("report", REPORTS)
async def test_an_unknown_container_is_not_found(configured: Services, report: str) -> None:
    with pytest.raises(NotFound, match="No such container: web"):
        await REPORTS[report](configured.lifecycle)


async def test_a_prepared_start_locks_and_changes_no_state(configured: Services) -> None:
    container = await created(configured, runtime="wrapped")
    handle = await configured.lifecycle.prepare_start("web", "engine-1")
    after = await life(configured)
    assert (handle.container_id, handle.name, handle.attempt) == (container, "web", 1)
    assert (after.state, after.engine, after.attempt, after.revision) == ("created", "engine-1", 1, handle.revision)
    assert after.runtime_id == handle.lock.runtime_id
    assert after.script_digest == handle.lock.script_digest
    assert handle.lock.args == ("--log", "/a b/$c")
    assert handle.path == handle.script_path
    event = (await journal(configured, container))[-1]
    assert (event.action, event.revision) == ("prepare", handle.revision)
    assert event.attributes == {
        "tier": "front", "name": "web", "runtime": "wrapped", "version": "1", "engine": "engine-1",
    }  # fmt: skip


async def test_without_arguments_the_binary_is_what_is_executed(configured: Services) -> None:
    handle = await running(configured)
    assert (handle.path, handle.script_path, handle.lock.script_digest) == ("/bin/true", None, None)


async def test_a_shim_is_handed_out_with_its_options(configured: Services) -> None:
    handle = await running(configured, runtime="shim")
    assert (handle.path, handle.lock.type) == (None, "io.containerd.kata.v2")
    assert handle.lock.options == {"ConfigPath": "/etc/kata.toml"}


async def test_the_security_options_in_use_are_handed_out(configured: Services) -> None:
    await created(configured)

    def label(conn: Connection) -> None:
        conn.exec_driver_sql("UPDATE container_specs SET process_label = 'p', mount_label = 'm', no_new_privileges = 1")

    await configured.database.write(label)
    security = (await configured.lifecycle.prepare_start("web", "engine-1")).security
    assert (security.process_label, security.mount_label, security.no_new_privileges) == ("p", "m", 1)


@pytest.mark.parametrize(
    ("state", "kind", "message"),
    [
        (State.PAUSED, Conflict, "cannot start a paused container, try unpause instead"),
        (State.RUNNING, NotModified, "running already"),
        (State.REMOVING, Conflict, "container is marked for removal and cannot be started"),
        (State.DEAD, Conflict, "container is marked for removal and cannot be started"),
        (State.RESTARTING, Conflict, "keeps its runtime: report it as started at once, with attempt 1"),
    ],
)
async def test_a_start_is_not_prepared_in_every_state(
    configured: Services, state: State, kind: type[StateError], message: str
) -> None:
    before = await brought_to(configured, state)
    with pytest.raises(kind, match=message):
        await configured.lifecycle.prepare_start("web", "engine-1")
    assert await life(configured) == before


@pytest.mark.parametrize("runtime", ["missing", "nowhere"])
async def test_a_binary_that_is_not_there_is_refused_with_its_path(configured: Services, runtime: str) -> None:
    await created(configured, runtime=runtime)
    before = await life(configured)
    path = CONFIGURED["runtimes"][runtime]["path"]
    with pytest.raises(InvalidParameter, match=f"error while looking up the specified runtime path: {path}"):
        await configured.lifecycle.prepare_start("web", "engine-1")
    assert await life(configured) == before


@pytest.mark.parametrize("engine", ["", "x" * 129, "a\nb"])
async def test_an_engine_names_itself(configured: Services, engine: str) -> None:
    await created(configured)
    with pytest.raises(InvalidParameter, match="an engine names itself"):
        await configured.lifecycle.prepare_start("web", engine)


async def test_an_engine_gets_its_pending_start_again(configured: Services, tmp_path: Path) -> None:
    container = await created(configured)
    first = await configured.lifecycle.prepare_start("web", "engine-1")
    configure(tmp_path / "daemon.json", CONFIGURED | {"labels": ["another=version"]})
    await configured.runtimes.reload()
    assert await configured.lifecycle.prepare_start("web", "engine-1", expected=frozenset({99})) == first
    assert [event.action for event in await journal(configured, container)] == ["create", "prepare"]


async def test_another_engine_is_told_who_prepares_since_when(configured: Services) -> None:
    await created(configured)
    first = await configured.lifecycle.prepare_start("web", "engine-1")
    with pytest.raises(Conflict, match=r"'engine-1' prepares .* since 2023-11-.*the revision 2 in If-Match") as error:
        await configured.lifecycle.prepare_start("web", "engine-2")
    assert first.container_id in error.value.message


async def test_a_pending_start_is_abandoned_with_the_present_revision_only(configured: Services) -> None:
    await created(configured)
    first = await configured.lifecycle.prepare_start("web", "engine-1")
    with pytest.raises(PreconditionFailed, match="revision 2, not at 1"):
        await configured.lifecycle.prepare_start("web", "engine-2", expected=frozenset({first.revision - 1}))
    second = await configured.lifecycle.prepare_start("web", "engine-2", expected=frozenset({first.revision}))
    assert (second.attempt, second.revision) == (2, 3)
    with pytest.raises(Conflict, match="attempt 2, attempt 1 is over"):
        await configured.lifecycle.started("web", first.attempt, 42)
    assert (await configured.lifecycle.started("web", second.attempt, 42)).state == "running"


async def test_of_engines_that_prepare_at_once_one_does(configured: Services) -> None:
    container = await created(configured)
    starts = (configured.lifecycle.prepare_start("web", f"engine-{number}") for number in range(16))
    outcomes = await asyncio.gather(*starts, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes].count(Conflict) == 15
    assert [event.action for event in await journal(configured, container)] == ["create", "prepare"]


async def test_a_start_is_not_prepared_where_no_version_stays_in_force(configured: Services) -> None:
    await created(configured)
    before = await life(configured)
    in_force = configured.site.configuration.in_force
    configured.site.configuration.swap(replace(in_force, version=in_force.version + 1))
    with pytest.raises(Unavailable, match="nothing was locked"):
        await configured.lifecycle.prepare_start("web", "engine-1")
    configured.site.configuration.swap(replace(in_force, version=0))
    with pytest.raises(Unavailable, match="no configuration is in force here"):
        await configured.lifecycle.prepare_start("web", "engine-1")
    assert await life(configured) == before


async def test_the_next_start_takes_the_configuration_in_force(configured: Services, tmp_path: Path) -> None:
    first = await running(configured, runtime="wrapped")
    configure(tmp_path / "daemon.json", {"runtimes": {"wrapped": {"path": "/bin/false"}}})
    await configured.runtimes.reload()
    assert await configured.lifecycle.runtime("web") == first
    await configured.lifecycle.exited("web", Exited(0))
    assert (await configured.lifecycle.runtime("web")).lock == first.lock
    second = await configured.lifecycle.prepare_start("web", "engine-1")
    assert (second.path, second.lock.version, second.attempt) == ("/bin/false", 2, 2)


async def test_a_runtime_that_is_dropped_stays_with_who_runs_by_it(configured: Services, tmp_path: Path) -> None:
    first = await running(configured, runtime="wrapped")
    await created(configured, "late", runtime="wrapped")
    configure(tmp_path / "daemon.json", {})
    await configured.runtimes.reload()
    assert (await configured.lifecycle.runtime("web")).path == first.path
    with pytest.raises(InvalidParameter, match="unknown or invalid runtime name: wrapped"):
        await configured.lifecycle.prepare_start("late", "engine-1")


def script_of(handle: Handle) -> tuple[str, int]:
    """Return content and permissions of the script that a container is run by."""
    path = Path(handle.script_path or "")
    return path.read_text(), path.stat().st_mode & 0o777


@pytest.mark.parametrize("harm", [Path.unlink, lambda path: path.write_text("#!/bin/sh\nexit 1\n")])
async def test_what_is_handed_out_can_be_executed(configured: Services, harm: Callable[[Path], Any]) -> None:
    handle = await running(configured, runtime="wrapped")
    before = script_of(handle)
    harm(Path(handle.script_path or ""))
    assert await configured.lifecycle.runtime("web") == handle
    assert script_of(handle) == before


async def test_starts_under_constant_reload_hold_what_one_version_says(configured: Services, tmp_path: Path) -> None:
    names = [f"c{number}" for number in range(24)]
    for name in names:
        await created(configured, name, runtime="wrapped")

    async def reload() -> None:
        for number in range(12):
            wrapped = {"path": "/bin/true", "runtimeArgs": [f"--{number}"]}
            configure(tmp_path / "daemon.json", {"runtimes": {"wrapped": wrapped}})
            await configured.runtimes.reload()

    reloading = asyncio.create_task(reload())
    starts = (configured.lifecycle.prepare_start(name, "engine-1") for name in names)
    handles = [await start for start in starts]
    await reloading
    for handle in handles:
        content, _mode = script_of(handle)
        assert handle.lock.args[-1] in content


async def test_a_start_clears_what_was_before(configured: Services) -> None:
    container = (await brought_to(configured, State.RUNNING)).id
    await configured.lifecycle.exited("web", Exited(137, error="no memory", oom_killed=True, manual=True))
    before = await life(configured)
    assert (before.pid, before.error, before.oom_killed, before.manually_stopped) == (0, "no memory", 1, 1)
    handle = await configured.lifecycle.prepare_start("web", "engine-1")
    await configured.lifecycle.started("web", handle.attempt, 43)
    after = await life(configured)
    assert (after.state, after.pid, after.exit_code, after.error, after.oom_killed) == ("running", 43, 0, "", 0)
    assert (after.started_before, after.manually_stopped, after.prepared_at) == (1, 0, None)
    assert after.finished_at == before.finished_at
    assert after.started_at is not None
    assert (await journal(configured, container))[-1].action == "start"


async def test_a_failed_start_leaves_created_what_was_created(configured: Services) -> None:
    container = await created(configured)
    handle = await configured.lifecycle.prepare_start("web", "engine-1")
    await configured.lifecycle.start_failed("web", handle.attempt, error="exec: no such file", exit_code=127)
    after = await life(configured)
    assert (after.state, after.exit_code, after.error) == ("created", 127, "exec: no such file")
    assert (after.started_at, after.prepared_at, after.runtime_id) == (None, None, handle.lock.runtime_id)
    event = (await journal(configured, container))[-1]
    assert (event.action, event.attributes["exitCode"]) == ("start_failed", "127")


async def test_an_end_is_told_with_code_and_duration(configured: Services) -> None:
    container = (await brought_to(configured, State.RUNNING)).id
    await configured.lifecycle.exited("web", Exited(137, oom_killed=True))
    oom, die = (await journal(configured, container))[-2:]
    assert (oom.action, die.action) == ("oom", "die")
    assert oom.revision == die.revision == (await life(configured)).revision
    assert (die.attributes["exitCode"], die.attributes["execDuration"]) == ("137", "1")


async def test_a_restart_by_policy_keeps_lock_and_attempt(configured: Services, tmp_path: Path) -> None:
    first = await running(configured, runtime="wrapped")
    configure(tmp_path / "daemon.json", {})
    await configured.runtimes.reload()
    await configured.lifecycle.restarting("web", Restarting(1, first.attempt))
    between = await life(configured)
    assert (between.state, between.pid, between.exit_code, between.restart_count) == ("restarting", 0, 1, 1)
    await configured.lifecycle.started("web", first.attempt, 44)
    after = await life(configured)
    assert (after.state, after.pid, after.restart_count, after.attempt) == ("running", 44, 1, first.attempt)
    assert (await configured.lifecycle.runtime("web")).lock == first.lock


async def test_a_start_by_hand_counts_restarts_anew(configured: Services) -> None:
    await brought_to(configured, State.RESTARTING)
    await configured.lifecycle.exited("web", Exited(1))
    handle = await configured.lifecycle.prepare_start("web", "engine-1")
    await configured.lifecycle.started("web", handle.attempt, 44)
    assert (await life(configured)).restart_count == 0


async def test_an_end_closes_the_ports(configured: Services) -> None:
    container = (await brought_to(configured, State.RUNNING)).id

    def publish(conn: Connection) -> None:
        conn.exec_driver_sql(f"INSERT INTO container_ports VALUES ('{container}', 0, 80, 'tcp', 8080, '0.0.0.0')")
        shown = '[{"PrivatePort":80,"PublicPort":8080,"Type":"tcp"}]'
        conn.exec_driver_sql(f"UPDATE containers SET summary = json_set(summary, '$.Ports', json('{shown}'))")

    await configured.database.write(publish)
    await configured.lifecycle.exited("web", Exited(0))

    def left(conn: Connection) -> tuple[int, str]:
        ports = conn.exec_driver_sql("SELECT count(*) FROM container_ports").scalar_one()
        return ports, conn.exec_driver_sql("SELECT summary FROM containers").scalar_one()

    ports, summary = await configured.database.scan(left)
    assert ports == 0
    assert orjson.loads(summary)["Ports"] == []


async def test_what_is_removed_is_gone_and_told(configured: Services) -> None:
    container = (await brought_to(configured, State.REMOVING)).id
    await configured.lifecycle.removed("web")
    with pytest.raises(NotFound):
        await configured.containers.find(container)
    assert (await journal(configured, container))[-1].action == "destroy"


@pytest.mark.parametrize("state", sorted(LIVE))
async def test_what_lives_is_not_reported_as_removed(configured: Services, state: State) -> None:
    before = await brought_to(configured, state)
    with pytest.raises(Conflict, match=f"is {state}: report its end first"):
        await configured.lifecycle.removed("web")
    assert await life(configured) == before


@pytest.mark.parametrize("report", [*REPORTS, "removed", "runtime"])
async def test_what_was_imported_alive_is_to_be_adopted_first(configured: Services, report: str) -> None:
    await imported_alive(configured)
    before = await life(configured)
    ask = REPORTS.get(report) or (lambda engine: getattr(engine, report)("web"))
    with pytest.raises(Conflict, match="adopt it first"):
        await ask(configured.lifecycle)
    assert await life(configured) == before


async def test_an_adopted_container_has_a_lock(configured: Services) -> None:
    container = await imported_alive(configured)
    handle = await configured.lifecycle.adopt("web", "engine-1", pid=99)
    assert await configured.lifecycle.runtime("web") == handle
    assert (await life(configured)).pid == 99
    assert (await journal(configured, container))[-1].action == "adopt"
    assert await configured.lifecycle.adopt("web", "engine-1") == handle
    await configured.lifecycle.paused("web")


async def test_a_container_is_adopted_once(configured: Services) -> None:
    await imported_alive(configured)
    await configured.lifecycle.adopt("web", "engine-1")
    with pytest.raises(Conflict, match="locked to its runtime already, by engine 'engine-1'"):
        await configured.lifecycle.adopt("web", "engine-2")


@pytest.mark.parametrize("state", [State.CREATED, State.EXITED])
async def test_what_does_not_live_is_not_adopted(configured: Services, state: State) -> None:
    await brought_to(configured, state)
    with pytest.raises(Conflict, match="nothing to adopt"):
        await configured.lifecycle.adopt("web", "engine-1")


async def test_one_that_never_started_has_no_runtime(configured: Services) -> None:
    await created(configured)
    with pytest.raises(Conflict, match="not locked to a runtime"):
        await configured.lifecycle.runtime("web")


@pytest.mark.parametrize("until", [Until.NOT_RUNNING, Until.NEXT_EXIT])
async def test_who_waits_is_told_of_an_end(configured: Services, until: Until) -> None:
    await brought_to(configured, State.RUNNING)
    wait = await configured.waiting.begin("web", until)
    ends = asyncio.create_task(configured.waiting.end(wait))
    await configured.lifecycle.exited("web", Exited(9))
    assert await asyncio.wait_for(ends, 20) == Exit(9)


async def test_who_waits_is_told_of_a_removal(configured: Services) -> None:
    await brought_to(configured, State.EXITED)
    ends = asyncio.create_task(configured.waiting.end(await configured.waiting.begin("web", Until.REMOVED)))
    await configured.lifecycle.removed("web")
    assert await asyncio.wait_for(ends, 20) == Exit(3)
