"""A create that is tried again makes nothing twice, and what it was asked cannot be guessed from what is kept."""

import asyncio
import hashlib
import hmac
from pathlib import Path
from typing import Any

import orjson
import pytest

from statesvc import app
from statesvc.app import Services
from statesvc.db import events
from statesvc.db.sqlite import Connection
from statesvc.domain.api_version import NEWEST
from statesvc.domain.documents import Config, ContainerCreate
from statesvc.errors import Conflict, InvalidParameter, NameConflict, Unavailable
from statesvc.host.data_root import DataRoot
from statesvc.services.containers.idempotency import HOUR
from statesvc.services.containers.service import Created
from statesvc.services.journal.retention import DAY, Limits, Retention
from statesvc.services.listing.query import ListQuery
from statesvc.settings import Settings

pytestmark = pytest.mark.anyio
START = 1_700_000_000_000_000_000


def asked(**config: Any) -> ContainerCreate:
    return ContainerCreate(config=Config(**{"Cmd": ["true"]} | config))


async def create(services: Services, key: str | None, name: str = "", **config: Any) -> Created:
    return await services.containers.create(name, asked(**config), idempotency_key=key)


async def count(services: Services) -> int:
    return len((await services.listing.listed(ListQuery(all=True))).rows)


def stored(conn: Connection) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in conn.exec_driver_sql("SELECT * FROM idempotency_keys")]


async def test_a_retry_gets_the_first_answer_and_makes_nothing(services: Services) -> None:
    first = await create(services, "k", "web", Labels={"a": "1"})
    assert await create(services, "k", "web", Labels={"a": "1"}) == first
    assert await count(services) == 1
    assert await services.database.read(events.last) == 1


async def test_a_retry_without_a_name_gets_the_name_that_was_made_up(services: Services) -> None:
    assert await create(services, "k") == await create(services, "k")
    assert await create(services, "another") != await create(services, "k")


async def test_a_retry_gets_the_first_answer_though_the_container_is_gone(services: Services) -> None:
    first = await create(services, "k", "web")
    await services.containers.remove("web")
    assert await create(services, "k", "web") == first
    assert await count(services) == 0


@pytest.mark.parametrize(
    ("name", "config", "more"),
    [("other", {}, {}), ("web", {"Env": ["A=2"]}, {}), ("web", {}, {"version": (1, 44)})],
    ids=["name", "body", "version"],
)
async def test_a_key_that_came_with_another_request_is_refused(
    services: Services, name: str, config: dict[str, Any], more: dict[str, Any]
) -> None:
    await create(services, "k", "web")
    with pytest.raises(Conflict, match='idempotency key "k" came with another request'):
        await services.containers.create(name, asked(**config), idempotency_key="k", **more)
    assert await count(services) == 1


async def test_requests_that_come_at_once_with_one_key_make_one_container(services: Services) -> None:
    answers = await asyncio.gather(*(create(services, "k", "web") for _ in range(20)))
    assert len(set(answers)) == 1
    assert await count(services) == 1


async def test_a_create_that_fails_keeps_nothing_under_its_key(services: Services) -> None:
    await create(services, None, "web")
    for _ in range(2):
        with pytest.raises(NameConflict):
            await create(services, "k", "web")
    await services.containers.remove("web")
    assert (await create(services, "k", "web")).id == (await services.containers.find("web")).id


async def test_a_key_expires_and_can_be_used_again(services: Services) -> None:
    first = await create(services, "k")
    services.site.clock.now += DAY  # type: ignore[attr-defined]
    assert (await create(services, "k")).id != first.id
    assert len(await services.database.read(stored)) == 1


async def test_expired_keys_are_removed_and_the_others_stay(services: Services) -> None:
    for n in range(3):
        await create(services, f"old {n}")
    services.site.clock.now += DAY  # type: ignore[attr-defined]
    await create(services, "new")
    await Retention(services.database, services.site.steady_clock.passed, Limits(10**9, 10**9 * DAY)).trim()
    assert [row[0] for row in await services.database.read(stored)] == ["new"]


async def test_a_clock_that_jumps_ahead_makes_no_key_expire(data_root: Path) -> None:
    wall, boot = [START], [0]
    settings = Settings(data_root=data_root, hosts=())
    async with app.opened(settings, clock=lambda: wall[0], boot_clock=lambda: boot[0]) as services:
        first = await create(services, "k", "web")
        wall[0], boot[0] = wall[0] + 2 * HOUR, boot[0] + 2 * HOUR
        assert await create(services, "k", "web") == first
        wall[0] += 40 * DAY
        assert await create(services, "k", "web") == first
        during = await create(services, "during", "other")
        await services.retention.trim()
        wall[0] -= 40 * DAY
        assert await create(services, "k", "web") == first
        wall[0], boot[0] = wall[0] + DAY, boot[0] + DAY
        assert (await create(services, "k", "third")).id != first.id
        assert await create(services, "during", "other") == during
        assert await count(services) == 3


async def test_a_key_does_not_expire_early_as_it_came_while_the_clock_was_behind(data_root: Path) -> None:
    wall, boot = [START], [0]
    settings = Settings(data_root=data_root, hosts=())
    async with app.opened(settings, clock=lambda: wall[0], boot_clock=lambda: boot[0]) as services:
        wall[0], boot[0] = wall[0] + HOUR, boot[0] + HOUR
        await services.retention.trim()
        wall[0] -= 40 * DAY
        first = await create(services, "k", "web")
        wall[0], boot[0] = wall[0] + 40 * DAY + HOUR, boot[0] + HOUR
        assert await create(services, "k", "web") == first


@pytest.mark.parametrize("key", ["", "x" * 256, "a\nb", "schl\u00fcssel"])
async def test_a_key_that_is_none_is_refused(services: Services, key: str) -> None:
    with pytest.raises(InvalidParameter, match="idempotency key"):
        await create(services, key)
    assert await count(services) == 0


async def test_what_is_kept_tells_nothing_of_the_request_without_the_secret(services: Services) -> None:
    await create(services, "k", "web", Env=["PIN=7"])
    ((_, digest, answer, _),) = await services.database.read(stored)
    body = orjson.dumps(["web", "", NEWEST]) + asked(Env=["PIN=7"]).to_json()
    secret = DataRoot(services.site.data_root).idempotency_key.read_bytes()
    assert digest == hmac.digest(secret, body, "sha256").hex()
    assert digest != hashlib.sha256(body).hexdigest()
    assert secret.hex() not in digest + answer
    assert b"PIN" not in answer.encode()
    file = DataRoot(services.site.data_root).idempotency_key
    assert (file.stat().st_mode & 0o777, len(secret)) == (0o600, 32)


async def test_a_damaged_secret_is_told_and_nothing_is_made(services: Services) -> None:
    file = DataRoot(services.site.data_root).idempotency_key
    await asyncio.to_thread(file.write_bytes, b"short")
    with pytest.raises(Unavailable, match="is damaged"):
        await create(services, "k")
    assert await count(services) == 0
