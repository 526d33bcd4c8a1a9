"""Reload: as a whole or not at all, one version for a request, and nothing derived in what the user wrote."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from statesvc import app
from statesvc.app import Services
from statesvc.db import events, runtimes, scripts
from statesvc.db.sqlite import Connection
from statesvc.domain.documents import Config, ContainerCreate, HostConfig
from statesvc.domain.runtimes import Lock
from statesvc.errors import InvalidParameter, NotFound, Unavailable
from statesvc.settings import Settings

pytestmark = pytest.mark.anyio

WRAPPED = {"path": "/bin/true", "runtimeArgs": ["--log=/a b/$c"]}


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "daemon.json"
    path.write_text(json.dumps({"runtimes": {"wrapped": WRAPPED}}))
    return path


@pytest.fixture
async def services(data_root: Path, config: Path) -> AsyncIterator[Services]:
    async with app.opened(Settings(data_root=data_root, config_file=config, hosts=())) as opened:
        yield opened


def locks(conn: Connection) -> dict[str, Lock]:
    version = runtimes.current(conn)
    assert version is not None
    return {lock.name: lock for lock in runtimes.of_version(conn, version.version)}


def reloads(conn: Connection) -> list[dict[str, str]]:
    return [dict(event.attributes) for event in events.after(conn, 0, 100) if event.action == "reload"]


def versions(conn: Connection) -> list[int]:
    return [version.version for version in runtimes.versions(conn, 100)]


def rewrite(config: Path, **settings: Any) -> None:
    config.write_text(json.dumps(settings))


async def test_the_first_start_makes_version_1_with_the_stock_runtimes_beside_the_configured(
    services: Services,
) -> None:
    found = await services.database.scan(locks)
    assert {name: lock.origin for name, lock in found.items()} == {
        "runc": "stock",
        "io.containerd.runc.v2": "stock",
        "wrapped": "configured",
    }
    assert {lock.version for lock in found.values()} == {1}


async def test_a_reload_that_changes_something_is_a_new_version_in_force(services: Services, config: Path) -> None:
    rewrite(config, runtimes={"wrapped": WRAPPED | {"runtimeArgs": ["--debug"]}}, labels=["a=b"])
    reloaded = await services.runtimes.reload()
    assert (reloaded.in_force.version, reloaded.changed) == (2, True)
    assert services.site.configuration.in_force is reloaded.in_force
    assert (await services.database.scan(locks))["wrapped"].args == ("--debug",)
    assert [attributes["version"] for attributes in await services.database.scan(reloads)] == ["2"]


@pytest.mark.parametrize("spelling", ['{"runtimes":{"wrapped":%s}}', '\n{ "runtimes" : {"wrapped": %s} }\n'])
async def test_a_reload_that_changes_nothing_makes_no_version(services: Services, config: Path, spelling: str) -> None:
    config.write_text(spelling % json.dumps(dict(reversed(WRAPPED.items()))))
    reloaded = await services.runtimes.reload()
    assert (reloaded.in_force.version, reloaded.changed) == (1, False)
    assert await services.database.scan(versions) == [1]


async def test_a_broken_file_changes_nothing_and_tells_every_problem(services: Services, config: Path) -> None:
    before = services.site.configuration.in_force
    rewrite(config, runtimes={"a": {}, "b": {"path": "x", "runtimeType": "y.z"}}, **{"default-runtime": "nope"})
    with pytest.raises(InvalidParameter) as refused:
        await services.runtimes.reload()
    fields = [problem.field for problem in refused.value.problems]
    assert fields == ["/runtimes/a", "/runtimes/b", "/default-runtime"]
    assert services.site.configuration.in_force is before
    assert await services.database.scan(versions) == [1]
    assert await services.database.scan(reloads) == []


async def test_a_file_that_is_gone_changes_nothing(services: Services, config: Path) -> None:
    config.unlink()
    with pytest.raises(InvalidParameter, match="cannot be read"):
        await services.runtimes.reload()
    assert await services.database.scan(versions) == [1]


async def test_scripts_that_cannot_be_written_change_nothing(services: Services, config: Path) -> None:
    folder = services.site.data_root / "runtimes"
    folder.rename(folder.with_name("away"))
    folder.write_text("in the way")
    rewrite(config, runtimes={"wrapped": WRAPPED | {"runtimeArgs": ["--debug"]}})
    with pytest.raises(Unavailable, match="the configuration in force is unchanged"):
        await services.runtimes.reload()
    assert await services.database.scan(versions) == [1]


async def test_what_the_user_wrote_holds_nothing_derived(
    services: Services, config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "my-runtime"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    text = '{"runtimes": {"mine": {"path": "my-runtime", "runtimeArgs": ["x"]}}}'
    config.write_text(text)
    await services.runtimes.reload()
    version = await services.database.scan(runtimes.current)
    assert version is not None
    assert version.user_config == text
    lock = (await services.database.scan(locks))["mine"]
    assert (lock.path, lock.args, lock.binary) == ("my-runtime", ("x",), str(program))
    held = {one.runtime_name: one.content for one in await services.database.scan(scripts.held)}
    assert str(program).encode() in held["mine"]


async def test_a_binary_that_moved_on_the_path_is_a_new_version_of_the_same_file(
    services: Services, config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config.write_text('{"runtimes": {"mine": {"path": "my-runtime"}}}')
    assert (await services.runtimes.reload()).in_force.version == 2
    assert (await services.database.scan(locks))["mine"].binary is None
    program = tmp_path / "my-runtime"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert (await services.runtimes.reload()).in_force.version == 3
    assert (await services.database.scan(locks))["mine"].binary == str(program)


async def test_a_request_that_began_before_a_reload_is_judged_by_the_version_of_its_beginning(
    services: Services, config: Path
) -> None:
    request = ContainerCreate(config=Config(Cmd=["true"]), host_config=HostConfig(Runtime="wrapped"))
    begun = services.site.configuration.in_force
    rewrite(config)
    await services.runtimes.reload()
    assert "wrapped" in begun.runtimes
    with pytest.raises(InvalidParameter, match="unknown or invalid runtime name: wrapped"):
        await services.containers.create("after", request)


async def test_a_wrapped_binary_that_is_not_there_is_refused_at_create_with_its_path(
    services: Services, config: Path
) -> None:
    rewrite(
        config, runtimes={"gone": {"path": "/no/such/runtime", "runtimeArgs": ["a"]}, "plain": {"path": "/no/such"}}
    )
    await services.runtimes.reload()
    asked = ContainerCreate(config=Config(Cmd=["true"]), host_config=HostConfig(Runtime="gone"))
    with pytest.raises(InvalidParameter, match="runtime path: /no/such/runtime: no such file or directory") as refused:
        await services.containers.create("web", asked)
    assert [problem.code for problem in refused.value.problems] == ["runtime-path"]
    # As in Docker: without a script, only a start finds out.
    plain = ContainerCreate(config=Config(Cmd=["true"]), host_config=HostConfig(Runtime="plain"))
    assert await services.containers.create("plain", plain)


async def test_reloads_side_by_side_come_one_after_the_other(services: Services, config: Path) -> None:
    rewrite(config, runtimes={"wrapped": WRAPPED | {"runtimeArgs": ["--debug"]}})
    reloaded = await asyncio.gather(*(services.runtimes.reload() for _ in range(8)))
    assert [one.in_force.version for one in reloaded] == [2] * 8
    assert sum(one.changed for one in reloaded) == 1


async def test_the_event_of_a_reload_tells_no_credentials(services: Services, config: Path) -> None:
    rewrite(config, **{"log-driver": "splunk", "log-opts": {"splunk-token": "hunter2", "splunk-url": "https://x"}})
    await services.runtimes.reload()
    reloaded = await services.database.scan(reloads)
    assert reloaded[0]["default-runtime"] == "runc"
    assert "hunter2" not in json.dumps(reloaded)


async def test_what_has_no_effect_in_the_file_is_logged(services: Services, config: Path) -> None:
    rewrite(config, runtimes={"nvidia": {"args": [], "path": "nvidia-container-runtime"}}, label=["a=b"])
    with capture_logs() as logged:
        await services.runtimes.reload()
    warnings = [line["warning"] for line in logged if "without effect" in line["event"]]
    assert [warning.split(":")[0] for warning in warnings] == [
        "'label' has no effect in the file",
        "runtime 'nvidia'",
    ]


async def test_a_file_with_a_byte_order_mark_and_an_empty_one_are_taken(services: Services, config: Path) -> None:
    await asyncio.to_thread(config.write_text, '{"labels": ["a=b"]}', "utf-16")
    assert (await services.runtimes.reload()).in_force.daemon.labels == ("a=b",)
    await asyncio.to_thread(config.write_text, "")
    reloaded = await services.runtimes.reload()
    assert (reloaded.in_force.daemon.labels, reloaded.in_force.daemon.text) == ((), "{}")


async def test_changes_between_versions_are_told(services: Services, config: Path) -> None:
    rewrite(config, runtimes={"wrapped": {"path": "/bin/true"}, "new": {"runtimeType": "io.x.v1"}}, debug=True)
    await services.runtimes.reload()
    changes = await services.runtime_history.changes(1, 2)
    assert (changes.added, changes.removed, changes.settings) == (("new",), (), ("debug",))
    before, after = changes.changed["wrapped"]
    assert (before.args, after.args) == (("--log=/a b/$c",), ())
    with pytest.raises(NotFound, match="no version 7"):
        await services.runtime_history.changes(1, 7)


async def test_a_shim_that_is_asked_for_by_its_name_gets_its_row_once(services: Services) -> None:
    first = await services.database.write(runtimes.in_force, "io.containerd.kata.v2")
    again = await services.database.write(runtimes.in_force, "io.containerd.kata.v2")
    assert first == again
    assert (first.origin, first.type, first.binary) == ("shim", "io.containerd.kata.v2", None)
    with pytest.raises(InvalidParameter, match="unknown or invalid runtime name: kata"):
        await services.database.write(runtimes.in_force, "kata")
