"""Numbers that no program writes, in the tables that a start reads: it serves around them, or says why it does not."""

import asyncio
import json
import shutil
from contextlib import nullcontext
from pathlib import Path

import pytest
from damage import lawless
from sqlalchemy import Integer

from statesvc.app import opened, swept
from statesvc.db import events
from statesvc.db.schema.tables import metadata
from statesvc.db.schema.types import LAST_INTEGER
from statesvc.domain.documents import Config, ContainerCreate
from statesvc.errors import Unavailable
from statesvc.services.listing.query import ListQuery
from statesvc.settings import Settings

pytestmark = pytest.mark.anyio

NUMBERS = (LAST_INTEGER, -(2**63), -1, 0)
PLACES = [
    (name, column.name)
    for name in ("runtime_configs", "service_state", "runtimes", "scripts", "events")
    for column in metadata.tables[name].columns
    if isinstance(column.type, Integer)
]
# A version with all that refers to it.
WHOLE_VERSION = (("runtime_configs", "version"), ("runtimes", "version"), ("service_state", "current_version"))


def settings_of(root: Path, memory: str) -> Settings:
    """Settings with another `daemon.json` for each word: a start adopts a version."""
    config = root.with_suffix(".json")
    runtimes = {"wrapped": {"path": "/bin/true", "runtimeArgs": [f"--memory={memory}"]}}
    config.write_text(json.dumps({"runtimes": runtimes}))
    return Settings(data_root=root, config_file=config, hosts=())


async def work(settings: Settings) -> None:
    """Start, sweep, and ask for what the tables are for."""
    async with opened(settings) as services:
        await swept(services, settings)
        created = await services.containers.create("", ContainerCreate(config=Config(Cmd=["true"])))
        assert (await services.containers.inspect(created.id)).id == created.id
        assert await services.listing.listed(ListQuery(all=True))
        await services.runtimes.reload()
        await services.runtime_history.in_force()
        await services.runtime_history.versions(10)
        await services.runtime_history.drift()
        await services.database.scan(events.after, 0)
        await services.containers.remove(created.id)


@pytest.fixture(scope="module")
def worked_root(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data root whose tables have rows, to be copied."""
    root = tmp_path_factory.mktemp("worked") / "data"
    root.mkdir()
    shutil.copy(template, root / "statesvc.db")
    asyncio.run(work(settings_of(root, "1")))
    return root


@pytest.mark.parametrize("places", [*([place] for place in PLACES), WHOLE_VERSION], ids=str)
async def test_an_absurd_number_is_served_around_or_told_in_a_sentence(
    worked_root: Path, tmp_path: Path, places: list[tuple[str, str]]
) -> None:
    for number in NUMBERS:
        root = tmp_path / str(number)
        shutil.copytree(worked_root, root)
        with lawless(root) as raw:
            for table, column in places:
                if (table, column) == ("runtimes", "version"):  # name and version are one key
                    raw.execute("DELETE FROM runtimes WHERE version <> (SELECT max(version) FROM runtimes)")
                key = metadata.tables[table].primary_key.columns[0].name
                raw.execute(
                    f"UPDATE {table} SET {column} = ? WHERE {key} = (SELECT max({key}) FROM {table})", (number,)
                )
        for memory in ("1", "2"):  # the configuration that is in force, and another
            adopts = memory == "2" or places is not WHOLE_VERSION
            refused = number == LAST_INTEGER and ("runtime_configs", "version") in places and adopts
            with pytest.raises(Unavailable, match="no number is left") if refused else nullcontext():
                await work(settings_of(root, memory))


async def test_a_runtime_that_is_gone_hides_no_other_container_from_the_drift(tmp_path: Path) -> None:
    settings = settings_of(tmp_path / "root", "1")
    async with opened(settings) as services:
        ids = [(await services.containers.create("", ContainerCreate(config=Config(Cmd=["true"])))).id for _ in "ab"]
    with lawless(tmp_path / "root") as raw:
        raw.execute("UPDATE containers SET runtime_id = 1")
        raw.execute("UPDATE containers SET runtime_id = ? WHERE id = ?", (2**63 - 1, ids[0]))
    async with opened(settings_of(tmp_path / "root", "2")) as services:
        assert [one.container_id for one in await services.runtime_history.drift()] == ids[1:]
        assert (await services.containers.inspect(ids[0])).id == ids[0]
