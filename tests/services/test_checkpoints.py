"""Checkpoints are made by the service, or by another program if a setting asks for that, in a repair as well."""

from pathlib import Path
from typing import Any

import pytest

from statesvc import app
from statesvc.db.sqlite import Connection, bare
from statesvc.services.damage.repair import Mended, mend
from statesvc.settings import Settings

pytestmark = pytest.mark.anyio


def checkpoint_after(conn: Connection) -> int:
    """Return after how many pages of the log this connection makes a checkpoint, 0 for never."""
    return int(bare(conn).execute("PRAGMA wal_autocheckpoint").fetchone()[0])


@pytest.mark.parametrize("external", [True, False])
async def test_checkpoints_are_left_to_another_program_if_it_is_told_so(
    tmp_path: Path, external: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(data_root=tmp_path / "data", hosts=(), external_checkpoints=external)
    async with app.opened(settings) as services:
        assert (await services.database.write(checkpoint_after) == 0) is external
    seen: list[int] = []

    def look_and_mend(conn: Connection, *args: Any) -> Mended:
        seen.append(checkpoint_after(conn))
        return mend(conn, *args)

    monkeypatch.setattr(app, "mend", look_and_mend)
    await app.repaired(settings)
    assert [pages == 0 for pages in seen] == [external]
