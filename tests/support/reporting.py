"""For tests of the engine protocol: a configuration with real binaries, containers in every state, the journal."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from statesvc.app import Services
from statesvc.db import events
from statesvc.db.containers.lifecycle import Life, find
from statesvc.db.sqlite import Connection
from statesvc.domain.documents import Config, ContainerCreate, HostConfig
from statesvc.domain.event import Event
from statesvc.domain.state import State
from statesvc.services.lifecycle.reports import Exited, Restarting
from statesvc.services.lifecycle.service import Handle

CONFIGURED: dict[str, Any] = {
    "default-runtime": "plain",
    "runtimes": {
        "plain": {"path": "/bin/true"},
        "wrapped": {"path": "/bin/true", "runtimeArgs": ["--log", "/a b/$c"]},
        "shim": {"runtimeType": "io.containerd.kata.v2", "options": {"ConfigPath": "/etc/kata.toml"}},
        "missing": {"path": "/nosuch/runtime"},
        "nowhere": {"path": "no-such-runtime-on-path"},
    },
}


def configure(path: Path, written: Mapping[str, Any] = CONFIGURED) -> None:
    """Write a configuration file."""
    path.write_text(json.dumps(written))


async def created(services: Services, name: str = "web", runtime: str = "plain", **config: Any) -> str:
    """Create a container, and return its ID."""
    body = ContainerCreate(
        config=Config(Cmd=["x"], Labels={"tier": "front"}, **config), host_config=HostConfig(Runtime=runtime)
    )
    return (await services.containers.create(name, body)).id


async def running(services: Services, name: str = "web", runtime: str = "plain", **config: Any) -> Handle:
    """Create and start a container, with process 42; return its handle."""
    await created(services, name, runtime, **config)
    handle = await services.lifecycle.prepare_start(name, "engine-1")
    await services.lifecycle.started(name, handle.attempt, 42)
    return await services.lifecycle.runtime(name)


async def brought_to(services: Services, state: State, name: str = "web", **config: Any) -> Life:
    """Create a container and bring it to a state by reports."""
    lifecycle = services.lifecycle
    await (created(services, name, **config) if state == State.CREATED else running(services, name, **config))
    match state:
        case State.PAUSED:
            await lifecycle.paused(name)
        case State.RESTARTING:
            await lifecycle.restarting(name, Restarting(1))
        case State.EXITED | State.REMOVING | State.DEAD:
            await lifecycle.exited(name, Exited(3))
    if state in {State.REMOVING, State.DEAD}:
        await lifecycle.removing(name)
    if state == State.DEAD:
        await lifecycle.dead(name)
    found = await life(services, name)
    assert found.state == state
    return found


async def life(services: Services, name: str = "web") -> Life:
    """Return the recorded life of a container."""
    return await services.database.read(find, name)


async def journal(services: Services, container_id: str) -> list[Event]:
    """Return the events of a container, oldest first."""

    def all_events(conn: Connection) -> list[Event]:
        return [event for event in events.after(conn, 0, 1_000_000) if event.actor_id == container_id]

    return await services.database.scan(all_events)


async def imported_alive(services: Services, name: str = "web") -> str:
    """Create a running container without a locked runtime, as an import leaves it; return its ID."""
    container_id = await created(services, name)

    def write(conn: Connection) -> None:
        columns = "state = 'running', started_at = 1, pid = 7, started_before = 1"
        conn.exec_driver_sql(f"UPDATE containers SET {columns} WHERE id = '{container_id}'")

    await services.database.write(write)
    return container_id
