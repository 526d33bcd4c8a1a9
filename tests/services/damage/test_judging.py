"""The guard against damaged rows: what it waits for when the service stops."""

import asyncio
from typing import cast

import pytest

from statesvc.db.database import Database
from statesvc.services.damage.judging import DamageGuard


class Marked:
    """A database on which every mark is written at once."""

    async def write(self, *_: object) -> tuple[()]:
        return ()


@pytest.mark.timeout(10)
def test_a_mark_that_was_just_written_is_not_waited_for_for_ever() -> None:
    async def stop() -> None:
        guard = DamageGuard(cast("Database", Marked()), lambda: 0)
        guard.note("containers", "x")
        await asyncio.sleep(0)  # the mark is written; that its task is done is not noted yet
        await guard.settled()

    asyncio.run(stop())
