"""Containers come and go while configuration, files and service change: what is held stays, at every step."""

import asyncio
import hashlib
import json
import shutil
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

from held_scripts import broken_promises, half_versions, locked_arguments
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, precondition, rule

from statesvc import app
from statesvc.app import Services
from statesvc.domain.documents import Config, ContainerCreate, HostConfig
from statesvc.errors import InvalidParameter
from statesvc.services.lifecycle.reports import Exited
from statesvc.settings import Settings

NAMES = ["one", "two", "o'c i/$x"]
ARGS = st.lists(st.sampled_from(["--debug", "a b", "$HOME", "'"]), max_size=2)
configurations = st.dictionaries(st.sampled_from(NAMES), ARGS, max_size=3)


class Runtimes(RuleBasedStateMachine):
    """A data root with a service on it, and what must be true of it by what was asked, not by what it says."""

    created = Bundle("created")
    live = Bundle("live")
    exited = Bundle("exited")

    def __init__(self) -> None:
        super().__init__()
        self.root = Path(tempfile.mkdtemp(prefix="statesvc-machine-"))
        self.loop = asyncio.new_event_loop()
        self.stack = AsyncExitStack()
        self.configured: dict[str, list[str]] = {}
        self.in_force: dict[str, list[str]] = {}
        self.locked: dict[str, tuple[str, ...]] = {}
        self.swept = False

    @property
    def settings(self) -> Settings:
        return Settings(
            data_root=self.root / "data", config_file=self.root / "daemon.json", hosts=(), history_versions=2
        )

    def run(self, coroutine):
        return self.loop.run_until_complete(coroutine)

    def begin(self) -> None:
        self.services: Services = self.run(self.stack.enter_async_context(app.opened(self.settings)))
        self.in_force = self.configured
        report = self.run(app.swept(self.services, self.settings))
        assert report.healthy
        self.swept = True

    @initialize(configured=configurations)
    def first_start(self, configured: dict[str, list[str]]) -> None:
        self.write(configured)
        self.begin()

    def write(self, configured: dict[str, list[str]]) -> None:
        runtimes = {name: {"path": "/bin/true", "runtimeArgs": args} for name, args in configured.items()}
        (self.root / "daemon.json").write_text(json.dumps({"runtimes": runtimes}))
        self.configured = configured

    @rule(configured=configurations)
    def reload(self, configured: dict[str, list[str]]) -> None:
        self.write(configured)
        self.run(self.services.runtimes.reload())
        self.in_force, self.swept = configured, False

    @rule()
    def reload_what_is_broken(self) -> None:
        (self.root / "daemon.json").write_text('{"runtimes": {"x": {}}}')
        try:
            self.run(self.services.runtimes.reload())
        except InvalidParameter:
            self.write(self.configured)
        else:
            raise AssertionError("a runtime without a path was taken")

    @rule()
    def restart(self) -> None:
        self.run(self.stack.aclose())
        self.begin()

    @rule(target=created, name=st.sampled_from(NAMES))
    def create(self, name: str) -> str:
        request = ContainerCreate(config=Config(Cmd=["true"]), host_config=HostConfig(Runtime=name))
        if name not in self.in_force:
            request = ContainerCreate(config=Config(Cmd=["true"]), host_config=HostConfig(Runtime="io.containerd.x.v1"))
        return self.run(self.services.containers.create("", request)).id

    @rule(target=live, container=consumes(created) | consumes(exited), attempt_fails=st.booleans())
    def start(self, container: str, attempt_fails: bool) -> str:
        if not container:
            return ""
        row = self.run(self.services.containers.inspect(container))
        known = row.runtime_name in self.in_force or row.runtime_name.startswith("io.")
        try:
            handle = self.run(self.services.lifecycle.prepare_start(container, "engine"))
        except InvalidParameter:
            assert not known
            self.run(self.services.containers.remove(container))
            self.locked.pop(container, None)
            self.swept = False
            return ""
        assert known
        self.locked[container] = handle.lock.args
        assert list(handle.lock.args) == self.in_force.get(row.runtime_name, [])
        if attempt_fails:
            failed = self.services.lifecycle.start_failed(container, handle.attempt, error="no", exit_code=127)
            self.run(failed)
            handle = self.run(self.services.lifecycle.prepare_start(container, "engine"))
        self.run(self.services.lifecycle.started(container, handle.attempt, 4_000))
        return container

    @rule(target=exited, container=consumes(live))
    def exit(self, container: str) -> str:
        if container:
            self.run(self.services.lifecycle.exited(container, Exited(0)))
        return container

    @rule(container=consumes(exited))
    def remove(self, container: str) -> None:
        if container:
            self.run(self.services.containers.remove(container))
            del self.locked[container]
            self.swept = False

    @rule(container=live | exited)
    def ask_for_the_lock(self, container: str) -> None:
        """Whatever was done to files and configuration, what an engine is handed can be executed, and is the same."""
        if container not in self.locked:
            return
        handle = self.run(self.services.lifecycle.runtime(container))
        assert handle.lock.args == self.locked[container]
        if handle.lock.args:
            assert handle.script_path is not None
            content = Path(handle.script_path).read_bytes()
            assert handle.lock.script_digest is not None
            assert handle.lock.script_digest.endswith(hashlib.sha256(content).hexdigest())

    @precondition(lambda self: self.files())
    @rule(data=st.data(), how=st.sampled_from(["delete", "alter"]))
    def damage(self, data: st.DataObject, how: str) -> None:
        path = data.draw(st.sampled_from(self.files()))
        if how == "delete":
            path.unlink()
        else:
            path.write_bytes(b"#!/bin/sh\n")
        self.swept = False

    def files(self) -> list[Path]:
        folder = self.root / "data" / "runtimes"
        return sorted(folder.iterdir()) if folder.is_dir() else []

    @invariant()
    def versions_are_whole_and_locks_hold(self) -> None:
        if not hasattr(self, "services"):
            return
        assert half_versions(self.root / "data") == []
        # Read beside the service, which would mend a file before it hands the lock out.
        assert locked_arguments(self.root / "data") == self.locked
        if self.swept:
            assert broken_promises(self.root / "data") == []

    def teardown(self) -> None:
        self.run(self.stack.aclose())
        self.loop.close()
        shutil.rmtree(self.root)


Runtimes.TestCase.settings = settings(max_examples=20, stateful_step_count=20)
TestRuntimes = Runtimes.TestCase
