from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from reporting import configure, created

from statesvc.app import Services
from statesvc.domain.documents import Config, ContainerCreate, HostConfig, LogConfig
from statesvc.domain.state import State
from statesvc.errors import Conflict, InvalidParameter, NotFound, NotModified, NotOffered, StateError
from statesvc.services.processes import Output, Processes, Still

pytestmark = pytest.mark.anyio

Ask = Callable[[Processes, str], Awaitable[object]]
ASKED: dict[str, Ask] = {
    "start": lambda p, name: p.start(name),
    "stop": lambda p, name: p.stop(name, ""),
    "restart": lambda p, name: p.restart(name, ""),
    "kill": lambda p, name: p.kill(name, ""),
    "pause": lambda p, name: p.pause(name),
    "unpause": lambda p, name: p.unpause(name),
    "resize": lambda p, name: p.resize(name),
    "top": lambda p, name: p.top(name, ""),
    "exec": lambda p, name: p.create_exec(name, ""),
    "attach": lambda p, name: p.attach(name, keys="", logs=True, stream=True),
    "logs": lambda p, name: p.logs(name, since="", until=""),
    "stats": lambda p, name: p.stats(name, stream=True, one_shot=False),
    "changes": lambda p, name: p.changes(name),
    "archive": lambda p, name: p.archive(name),
    "export": lambda p, name: p.export(name),
    "commit": lambda p, name: p.commit(name, []),
}
LIVE = "running paused restarting"
STILL = "created exited dead removing"
# What is asked, in which states, and what the state answers. What is not here needs an engine, or is answered.
REFUSED: list[tuple[str, str, type[StateError], str]] = [
    ("start", "running restarting", NotModified, "running already"),
    ("start", "paused", Conflict, "cannot start a paused container, try unpause instead"),
    ("start", "removing dead", Conflict, "container is marked for removal and cannot be started"),
    ("stop", STILL, NotModified, "stopped already"),
    ("restart", "removing dead", Conflict, "Cannot restart container web: container is marked for removal"),
    ("kill", STILL, Conflict, "cannot kill container: web: container {id} is not running"),
    ("pause", STILL, Conflict, "container {id} is not running"),
    ("pause", "paused", Conflict, "Container {id} is already paused"),
    ("pause", "restarting", Conflict, "Container {id} is restarting, wait until the container is running"),
    ("unpause", f"{STILL} running restarting", Conflict, "Container {id} is not paused"),
    ("resize", STILL, Conflict, "container {id} is not running"),
    ("top", STILL, Conflict, "container {id} is not running"),
    ("top", "restarting", Conflict, "Container {id} is restarting"),
    ("exec", STILL, Conflict, "container {id} is not running"),
    ("exec", "paused", Conflict, "Container web is paused, unpause the container before exec"),
    ("exec", "restarting", Conflict, "Container {id} is restarting"),
    ("attach", "paused", Conflict, "container web is paused, unpause the container before attach"),
    ("attach", "restarting", Conflict, "container web is restarting, wait until"),
    ("logs", "removing dead", Conflict, "can not get logs from container which is dead or marked for removal"),
    ("export", "dead", Conflict, "You cannot export container {id} which is Dead"),
    ("export", "removing", Conflict, "You cannot export container {id} which is being removed"),
    ("commit", "dead", Conflict, "You cannot commit container {id} which is Dead"),
    ("commit", "removing", Conflict, "You cannot commit container {id} which is being removed"),
]
ANSWERED = {("stats", state) for state in STILL.split()}
CASES = [(asked, state, kind, expected) for asked, states, kind, expected in REFUSED for state in states.split()]


@pytest.fixture
def processes(services: Services) -> Processes:
    return Processes(services.database, services.site, services.damage, services.waiting)


async def create(services: Services, state: str = "created", *, log_driver: str = "", **config: object) -> str:
    host = HostConfig(LogConfig=LogConfig(Type=log_driver)) if log_driver else None
    request = ContainerCreate(config=Config(Cmd=["x"]).copy_with(**config), host_config=host)
    created = await services.containers.create("web", request)
    started = "NULL" if state == "created" else "1"
    sql = f"UPDATE containers SET state = '{state}', started_at = {started} WHERE id = '{created.id}'"
    await services.database.write(lambda conn: conn.exec_driver_sql(sql) and None)
    return created.id


@pytest.mark.parametrize(
    ("asked", "state", "kind", "expected"), CASES, ids=lambda part: part if isinstance(part, str) else ""
)
async def test_the_state_refuses(
    services: Services, processes: Processes, asked: str, state: str, kind: type[StateError], expected: str
) -> None:
    container = await create(services, state)
    with pytest.raises(kind) as refusal:
        await ASKED[asked](processes, "web")
    assert expected.format(id=container) in refusal.value.message


@pytest.mark.parametrize(
    ("asked", "state"),
    [
        (asked, state)
        for asked in ASKED
        for state in State
        if (asked, state) not in {(case[0], case[1]) for case in CASES} | ANSWERED
        and not (state == "created" and asked in {"logs", "changes", "attach"})
    ],
)
async def test_what_the_state_allows_needs_an_engine(
    services: Services, processes: Processes, asked: str, state: str
) -> None:
    await create(services, state)
    with pytest.raises(NotOffered, match=f"{asked} is not offered.*no engine is connected"):
        await ASKED[asked](processes, "web")


@pytest.mark.parametrize("asked", ASKED)
async def test_an_unknown_container_is_not_found(processes: Processes, asked: str) -> None:
    with pytest.raises(NotFound, match="No such container: nosuch"):
        await ASKED[asked](processes, "nosuch")


@pytest.mark.parametrize(
    ("signal", "expected"),
    [("SIGFOO", "invalid signal: SIGFOO"), ("0", "invalid signal: 0"), ("999", "not support signal 999")],
)
@pytest.mark.parametrize("name", ["web", "nosuch"])
async def test_a_wrong_signal_is_told_before_the_container_is_looked_up(
    services: Services, processes: Processes, name: str, signal: str, expected: str
) -> None:
    await create(services)
    with pytest.raises(InvalidParameter, match=f"cannot kill container: {name}: .*{expected}"):
        await processes.kill(name, signal)


@pytest.mark.parametrize("signal", ["9", "KILL", "sigwinch", "RTMIN+3", "64"])
async def test_a_signal_that_linux_has_is_sent_by_an_engine(
    services: Services, processes: Processes, signal: str
) -> None:
    await create(services, "running")
    with pytest.raises(NotOffered):
        await processes.kill("web", signal)


async def test_a_wrong_signal_to_stop_with_is_told_of_one_that_lives(services: Services, processes: Processes) -> None:
    await create(services, "running")
    with pytest.raises(InvalidParameter, match="cannot stop container: web: invalid signal: x"):
        await processes.stop("web", "x")
    with pytest.raises(InvalidParameter, match="Cannot restart container web: invalid signal: x"):
        await processes.restart("web", "x")


@pytest.mark.parametrize("tty", [True, False])
async def test_one_that_never_ran_has_written_nothing(services: Services, processes: Processes, *, tty: bool) -> None:
    await create(services, Tty=tty)
    assert await processes.logs("web", since="1", until="1.5") == Output(tty)
    assert await processes.attach("web", keys="ctrl-p", logs=True, stream=False) == Output(tty)


async def test_a_log_that_is_not_kept_cannot_be_read(services: Services, processes: Processes) -> None:
    await create(services, log_driver="none")
    with pytest.raises(NotOffered, match="configured logging driver does not support reading"):
        await processes.logs("web", since="", until="")


async def test_a_time_of_a_log_that_is_none_is_refused(services: Services, processes: Processes) -> None:
    await create(services)
    with pytest.raises(InvalidParameter, match="'bogus' is not a time"):
        await processes.logs("web", since="", until="bogus")


@pytest.mark.parametrize("state", ["created", "exited", "dead", "removing", "restarting"])
async def test_figures_of_one_without_a_process_are_known(services: Services, processes: Processes, state: str) -> None:
    container = await create(services, state)
    assert await processes.stats("web", stream=False, one_shot=True) == Still(container, "web")


async def test_figures_cannot_stream_in_one_shot(services: Services, processes: Processes) -> None:
    await create(services)
    with pytest.raises(InvalidParameter, match="cannot have stream=true and one-shot=true"):
        await processes.stats("web", stream=True, one_shot=True)


async def test_nothing_has_changed_in_one_that_never_ran(services: Services, processes: Processes) -> None:
    await create(services)
    await processes.changes("web")


async def test_a_working_directory_may_have_been_made(services: Services, processes: Processes) -> None:
    await create(services, WorkingDir="/srv")
    with pytest.raises(NotOffered):
        await processes.changes("web")


@pytest.mark.parametrize("keys", ["ctrl-1", "ab"])
async def test_keys_that_are_none_are_refused(services: Services, processes: Processes, keys: str) -> None:
    await create(services, "running")
    with pytest.raises(InvalidParameter, match="Invalid escape keys"):
        await processes.create_exec("web", keys)
    with pytest.raises(InvalidParameter, match="Invalid detach keys"):
        await processes.attach("nosuch", keys=keys, logs=True, stream=True)


async def test_columns_of_processes_may_not_be_renamed_to_pid(processes: Processes) -> None:
    with pytest.raises(InvalidParameter, match='specifying "ppid=PID" is not allowed'):
        await processes.top("nosuch", "-o pid -o ppid=PID")


async def test_a_change_that_is_none_is_told_before_an_engine_is_missed(
    services: Services, processes: Processes
) -> None:
    await create(services)
    with pytest.raises(InvalidParameter, match="RUN is not a valid change command"):
        await processes.commit("web", ["RUN true"])


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ({}, "unknown or invalid runtime name: wrapped"),
        (
            {"wrapped": {"path": "/nosuch", "runtimeArgs": ["-v"]}},
            "error while looking up the specified runtime path: /nosuch: no such file or directory",
        ),
    ],
    ids=["dropped", "binary gone"],
)
async def test_a_start_names_a_runtime_that_cannot_be_before_it_asks_for_an_engine(
    configured: Services, tmp_path: Path, written: dict[str, object], message: str
) -> None:
    await created(configured, runtime="wrapped")
    configure(tmp_path / "daemon.json", {"runtimes": written})
    await configured.runtimes.reload()
    with pytest.raises(InvalidParameter, match=message):
        await Processes(configured.database, configured.site, configured.damage, configured.waiting).start("web")


@pytest.mark.parametrize("runtime", ["plain", "wrapped", "shim", "missing", "io.containerd.nosuch.v2"])
async def test_a_start_that_only_an_engine_can_judge_needs_one(configured: Services, runtime: str) -> None:
    await created(configured, runtime=runtime)
    with pytest.raises(NotOffered, match="no engine is connected"):
        await Processes(configured.database, configured.site, configured.damage, configured.waiting).start("web")
