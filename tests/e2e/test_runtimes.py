"""With runc itself: a container that runs stays manageable by what it was started with, whatever becomes of that."""

import http.client
import importlib.util
import json
import shutil
import signal
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from service import Service, UnixConnection, running

from statesvc.errors import InvalidParameter, NotFound

EXAMPLE = Path(__file__).parents[2] / "examples" / "minimal_engine.py"
SLEEP = ("/bin/sleep", "1000")


def _example() -> Any:
    spec = importlib.util.spec_from_file_location("minimal_engine", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


minimal_engine = _example()


@dataclass
class Stage:
    """A data root, its configuration file, and the engine that outlives every service on it."""

    folder: Path
    runc: str
    engine: Any

    @property
    def data_root(self) -> Path:
        return self.folder / "data"

    def configure(self, *runtime_args: str, **more: Any) -> None:
        """Configure the runtime `wrapped` with these arguments, and what else is given."""
        wrapped: dict[str, Any] = {"path": self.runc}
        if runtime_args:
            wrapped["runtimeArgs"] = list(runtime_args)
        self.write({"wrapped": wrapped}, **more)

    def write(self, runtimes: dict[str, Any], **more: Any) -> None:
        """Write the configuration file."""
        (self.folder / "daemon.json").write_text(json.dumps({"runtimes": runtimes} | more))

    @contextmanager
    def serving(self) -> Iterator[Service]:
        """Serve the data root, and point the engine at it."""
        with running(self.data_root, "--config-file", str(self.folder / "daemon.json")) as service:
            self.engine.address = str(service.socket)
            yield service

    def scripts(self) -> set[str]:
        """Return the names of the scripts that lie in the folder of the runtimes."""
        with suppress(FileNotFoundError):
            return {path.name for path in (self.data_root / "runtimes").iterdir()}
        return set()


@pytest.fixture
def stage(tmp_path: Path, runc: str, rootfs: Path, loaded_root: Path) -> Iterator[Stage]:
    shutil.copytree(loaded_root, tmp_path / "data")
    engine = minimal_engine.Engine("", tmp_path / "engine", rootfs)
    yield Stage(tmp_path, runc, engine)
    for left in tmp_path.glob("engine/state/*"):
        minimal_engine.subprocess.run([runc, "--root", str(left.parent), "delete", "--force", left.name], check=False)


@dataclass
class Running:
    """A container that runs, and the log that only the runtime writes which it was started with."""

    stage: Stage
    id: str
    pid: int
    path: str
    log: Path | None

    def is_manageable(self) -> None:
        """Assert that exec, pause and unpause work, by the locked path with the arguments of then."""
        engine = self.stage.engine
        assert self.locked()["Path"] == self.path
        assert self._logs(lambda: engine.exec(self.id, "/bin/echo", "fine")) == (0, "fine\n")
        assert engine.exec(self.id, "/bin/sh", "-c", "exit 7") == (7, "")
        self._logs(lambda: engine.pause(self.id))
        assert self.state() == "paused"
        self._logs(lambda: engine.unpause(self.id))
        assert self.state() == "running"

    def is_removable(self) -> None:
        """Assert that kill and delete work, and leave nothing."""
        engine = self.stage.engine
        assert self._logs(lambda: engine.kill(self.id, self.pid)) == 137
        assert self.state() == "exited"
        assert self.locked()["Path"] == self.path
        self._logs(lambda: engine.delete(self.id))
        with pytest.raises(NotFound, match="No such container"):
            self.state()
        assert not (self.stage.folder / "engine" / "state" / self.id).exists()

    def locked(self) -> dict[str, Any]:
        return self.stage.engine.call("GET", f"/statesvc/v1/containers/{self.id}/runtime")["Runtime"]

    def state(self) -> str:
        return self.stage.engine.call("GET", f"/containers/{self.id}/json")["State"]["Status"]

    def _logs(self, operation: Any) -> Any:
        """Do something; assert that it wrote to the log of the runtime, if that has one."""
        if self.log:
            self.log.unlink(missing_ok=True)
        done = operation()
        assert self.log is None or self.log.exists()
        return done


def started(stage: Stage, runtime: str = "wrapped", log: Path | None = None) -> Running:
    """Start a container; assert that it runs by the runtime that writes this log, or by one that writes none."""
    container = stage.engine.create("busybox:latest", *SLEEP, runtime=runtime)
    new = Running(stage, container, 0, "", log)
    new.pid = new._logs(lambda: stage.engine.start(container))
    locked = new.locked()
    new.path = locked["Path"]
    assert (locked["ScriptPath"] is None) == (log is None)
    assert Path(f"/proc/{new.pid}").exists()
    assert stage.engine.call("GET", f"/containers/{container}/json")["State"]["Pid"] == new.pid
    return new


def comes_and_goes(stage: Stage, runtime: str = "wrapped", log: Path | None = None) -> None:
    """Assert that a new container sees the configuration of now."""
    new = started(stage, runtime, log)
    new.is_manageable()
    new.is_removable()


def reload(service: Service) -> dict[str, Any]:
    answer = service.call("POST", "/statesvc/v1/runtimes/reload")
    assert answer.status == 200, answer.body
    return answer.json()


def reload_by_signal(service: Service) -> None:
    """Send SIGHUP, and wait for the event that tells of the reload."""
    connection = UnixConnection(service.socket)
    filters = '{"type":{"daemon":true},"event":{"reload":true}}'
    connection.request("GET", f"/events?filters={filters}")
    events = connection.getresponse()
    service.process.send_signal(signal.SIGHUP)
    assert json.loads(events.readline())["Action"] == "reload"
    connection.close()


def kill_in_the_middle_of_a_reload(stage: Stage) -> None:
    """Kill a service once the first scripts of a reload are there, before it can answer."""
    before = stage.scripts()
    with stage.serving() as service, ThreadPoolExecutor(1) as thread:
        many = {f"r{number}": {"path": stage.runc, "runtimeArgs": [f"--n={number}"]} for number in range(400)}
        stage.write(many)
        answer = thread.submit(reload, service)
        while len(stage.scripts() - before) < 3:
            assert not answer.done()
        service.process.kill()
        with pytest.raises((OSError, http.client.HTTPException)):
            answer.result(20)


def test_a_running_container_stays_manageable_by_what_it_was_started_with(stage: Stage) -> None:
    odd, other = stage.folder / "path with spaces" / "and $dollar", stage.folder / "other's log"
    odd.parent.mkdir()
    stage.configure("--log", str(odd), "--log-format", "json")
    with stage.serving() as service:
        first = started(stage, log=odd)
        first.is_manageable()

        stage.configure("--log", str(other))
        assert reload(service)["Changed"]
        first.is_manageable()
        comes_and_goes(stage, log=other)

        stage.configure()
        reload_by_signal(service)
        first.is_manageable()
        comes_and_goes(stage)

        stage.write({})
        assert reload(service)["Runtimes"] == ["io.containerd.runc.v2", "runc"]
        first.is_manageable()
        with pytest.raises(InvalidParameter, match="unknown or invalid runtime name: wrapped"):
            stage.engine.create("busybox:latest", *SLEEP, runtime="wrapped")
        comes_and_goes(stage, "runc")

    with stage.serving():
        first.is_manageable()
        comes_and_goes(stage, "runc")

    with pytest.raises(AssertionError, match="the service ended with -9"):
        kill_in_the_middle_of_a_reload(stage)
    stage.configure("--log", str(other))
    with stage.serving():
        first.is_manageable()
        comes_and_goes(stage, log=other)

    Path(first.path).unlink()
    with stage.serving():
        assert Path(first.path).exists()
        first.is_manageable()
        comes_and_goes(stage, log=other)
        first.is_removable()


def test_a_command_that_is_not_there_fails_the_start_and_leaves_it_created(stage: Stage) -> None:
    stage.configure()
    with stage.serving():
        container = stage.engine.create("busybox:latest", "/nosuch", runtime="wrapped")
        with pytest.raises(minimal_engine.Refused, match="no such file"):
            stage.engine.start(container)
        state = stage.engine.call("GET", f"/containers/{container}/json")["State"]
        assert (state["Status"], state["ExitCode"]) == ("created", 127)
        assert "no such file" in state["Error"]
        stage.engine.call("DELETE", f"/containers/{container}")


def test_the_example_runs_a_container_to_its_end(stage: Stage) -> None:
    stage.configure()
    with stage.serving() as service:
        command = [sys.executable, str(EXAMPLE), str(service.socket), str(stage.folder / "engine")]
        command += [str(stage.engine.rootfs), "busybox:latest", "/bin/sh", "-c", "exit 3"]
        ran = minimal_engine.subprocess.run(command, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr
        assert "ended with 3" in ran.stdout
        assert service.call("GET", "/containers/json?all=1").json() == []
