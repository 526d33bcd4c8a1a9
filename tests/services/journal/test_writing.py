"""Events of containers: how many statements a change takes with its events, and what each of them carries."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from reporting import journal, running

from statesvc.app import Services
from statesvc.db.sqlite import Connection
from statesvc.domain.documents import HostConfig, RestartPolicy
from statesvc.services.lifecycle.execs import ExecConfig
from statesvc.services.lifecycle.reports import Exited

pytestmark = pytest.mark.anyio

DATA = ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")


@asynccontextmanager
async def statements(services: Services) -> AsyncIterator[list[str]]:
    """Collect the statements of the writer that read or change data."""
    seen: list[str] = []

    def collect(sql: str) -> None:
        # A trigger is traced as the statement that fired it, once more.
        if sql.startswith(DATA) and sql not in seen[-1:]:
            seen.append(sql)

    def trace(conn: Connection, callback: Callable[[str], None] | None) -> None:
        connection: Any = conn.connection.driver_connection
        connection.set_trace_callback(callback)

    await services.database.write(trace, collect)
    yield seen
    await services.database.write(trace, None)


async def test_a_change_reads_the_labels_once_and_its_name_not_again(configured: Services) -> None:
    handle = await running(configured)
    containers, lifecycle = configured.containers, configured.lifecycle
    changes = {
        "pause": lambda: lifecycle.paused("web"),
        "unpause": lambda: lifecycle.unpaused("web"),
        "exec": lambda: lifecycle.exec_started("web", "engine-1", ExecConfig("sh")),
        "end, out of memory": lambda: lifecycle.exited("web", Exited(137, oom_killed=True)),
        "rename": lambda: containers.rename("web", "www"),
        "update": lambda: containers.update("www", HostConfig(RestartPolicy=RestartPolicy(Name="always"))),
        "prepare-start": lambda: lifecycle.prepare_start("www", "engine-1"),
        "remove": lambda: containers.remove(handle.container_id),
    }
    counted = {}
    for name, change in changes.items():
        async with statements(configured) as seen:
            await change()
        counted[name] = len(seen)
        assert len([sql for sql in seen if "FROM container_labels" in sql]) == 1, name
    assert counted == {
        "pause": 4,
        "unpause": 4,
        "exec": 10,
        "end, out of memory": 8,
        "rename": 7,
        "update": 6,
        "prepare-start": 7,
        "remove": 4,
    }


async def test_each_event_carries_labels_image_and_the_name_after_the_change(configured: Services) -> None:
    handle = await running(configured)
    await configured.lifecycle.exited("web", Exited(137, oom_killed=True))
    await configured.containers.rename("web", "www")
    await configured.containers.remove("www")
    carried = [(event.action, dict(event.attributes)) for event in await journal(configured, handle.container_id)]
    web, www = {"tier": "front", "name": "web"}, {"tier": "front", "name": "www"}
    assert carried[-4:] == [
        ("oom", web),
        ("die", web | {"exitCode": "137", "execDuration": carried[-3][1]["execDuration"]}),
        ("rename", www | {"oldName": "/web"}),
        ("destroy", www),
    ]


async def test_a_container_that_lost_its_name_has_events_without_one(configured: Services) -> None:
    handle = await running(configured)

    def lose(conn: Connection) -> None:
        conn.exec_driver_sql("DROP TRIGGER containers_keep_a_name")
        conn.exec_driver_sql("DELETE FROM container_names")

    await configured.database.write(lose)
    await configured.lifecycle.paused(handle.container_id)
    assert (await journal(configured, handle.container_id))[-1].attributes["name"] == ""
