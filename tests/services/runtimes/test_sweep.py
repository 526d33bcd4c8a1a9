"""The sweep: what is held stays and is mended, all else goes, and a second one finds nothing to do."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from held_scripts import broken_promises, lock_container

from statesvc import app
from statesvc.app import Services
from statesvc.db import runtimes
from statesvc.db.sqlite import Connection, driver
from statesvc.domain.documents import Config, ContainerCreate, HostConfig
from statesvc.services.runtimes.sweep import SweepReport
from statesvc.settings import Settings

pytestmark = pytest.mark.anyio


def configured(root: Path, *args: str) -> None:
    runtime = {"path": "/bin/true", "runtimeArgs": list(args)} if args else {"path": "/bin/true"}
    (root / "daemon.json").write_text(json.dumps({"runtimes": {"mine": runtime}}))


@pytest.fixture
def settings(data_root: Path, tmp_path: Path) -> Settings:
    configured(tmp_path, "--one")
    return Settings(data_root=data_root, config_file=tmp_path / "daemon.json", hosts=())


@pytest.fixture
async def services(settings: Settings) -> AsyncIterator[Services]:
    async with app.opened(settings) as opened:
        yield opened


async def start(services: Services, name: str) -> str:
    """Make a container that is locked to the runtime `mine` as it is now."""
    asked = ContainerCreate(config=Config(Cmd=["true"]), host_config=HostConfig(Runtime="mine"))
    created = await services.containers.create(name, asked)
    await services.database.write(lock_container, created.id, "mine")
    return created.id


async def reload(services: Services, tmp_path: Path, *args: str) -> None:
    configured(tmp_path, *args)
    await services.runtimes.reload()


def files(services: Services) -> list[str]:
    return sorted(path.name for path in (services.site.data_root / "runtimes").iterdir())


async def swept(services: Services, settings: Settings) -> SweepReport:
    """Sweep, twice: the second must find nothing."""
    report = await app.swept(services, settings)
    again = await app.swept(services, settings)
    assert (again.removed_scripts, again.removed_files, again.restored_files, again.removed_versions) == (
        (),
        (),
        (),
        (),
    )
    assert broken_promises(services.site.data_root) == []
    return report


async def test_a_script_that_a_container_holds_outlives_every_reload(
    services: Services, settings: Settings, tmp_path: Path
) -> None:
    await start(services, "web")
    before = files(services)
    await reload(services, tmp_path, "--two")
    await reload(services, tmp_path)
    report = await swept(services, settings)
    assert len(report.removed_scripts) == 1
    assert files(services) == before


async def test_a_script_goes_with_its_last_container(services: Services, settings: Settings, tmp_path: Path) -> None:
    container = await start(services, "web")
    await reload(services, tmp_path)
    await services.containers.remove(container)
    assert len(files(services)) == 1  # while serving, nothing is removed
    report = await swept(services, settings)
    assert (len(report.removed_scripts), len(report.removed_files), files(services)) == (1, 1, [])


@pytest.mark.parametrize("damage", ["missing", "altered", "longer", "mode", "link"])
async def test_a_held_file_that_was_damaged_is_written_again(
    services: Services, settings: Settings, tmp_path: Path, damage: str
) -> None:
    await start(services, "web")
    await reload(services, tmp_path)
    path = services.site.data_root / "runtimes" / files(services)[0]
    whole = path.read_bytes()
    if damage == "missing":
        path.unlink()
    elif damage == "altered":
        path.write_bytes(whole.replace(b"--one", b"--two"))
    elif damage == "longer":
        path.write_bytes(whole + b"\n")
    elif damage == "mode":
        path.chmod(0o666)
    else:
        path.rename(tmp_path / "elsewhere")
        path.symlink_to(tmp_path / "elsewhere")
    report = await swept(services, settings)
    assert report.restored_files == (path.name,)
    assert (path.read_bytes(), path.is_symlink(), path.stat().st_mode & 0o7777) == (whole, False, 0o700)
    drift = await services.runtime_history.drift()
    expected = "missing" if damage == "missing" else "altered"
    assert any(f"the file of its script was {expected}" in reason for reason in drift[0].reasons)


async def test_orphans_of_an_interrupted_reload_go_and_what_is_not_ours_stays(
    services: Services, settings: Settings
) -> None:
    folder = services.site.data_root / "runtimes"
    orphan, unfinished, foreign = folder / ("x." + "a" * 64), folder / (".unfinished-" + "b" * 64), folder / "README"
    for path in (orphan, unfinished, foreign):
        path.write_text("x")
    (folder / ("d." + "c" * 64)).mkdir()
    report = await swept(services, settings)
    assert report.removed_files == (unfinished.name, orphan.name)
    assert foreign.exists()


async def test_a_dry_run_tells_the_same_and_changes_nothing(
    services: Services, settings: Settings, tmp_path: Path
) -> None:
    await start(services, "web")
    await reload(services, tmp_path, "--two")
    await reload(services, tmp_path)
    held = sorted(files(services))
    planned = await app.swept(services, settings, dry_run=True)
    assert sorted(files(services)) == held
    done = await app.swept(services, settings)
    assert planned.dry_run
    assert (planned.removed_scripts, planned.removed_files) == (done.removed_scripts, done.removed_files)


async def test_versions_that_nothing_holds_are_kept_up_to_a_number(
    services: Services, settings: Settings, tmp_path: Path
) -> None:
    await reload(services, tmp_path, "--held")
    await start(services, "web")
    for number in range(6):
        await reload(services, tmp_path, f"--{number}")
    few = settings.model_copy(update={"history_versions": 2})
    report = await swept(services, few)
    kept = [version.version for version in await services.database.scan(runtimes.versions, 100)]
    assert (kept, report.removed_versions) == ([8, 7, 6, 2], (5, 4, 3, 1))


async def test_history_keeps_the_digest_of_a_script_that_was_swept(
    services: Services, settings: Settings, tmp_path: Path
) -> None:
    await reload(services, tmp_path)
    await swept(services, settings)

    def wrapper(conn: Connection) -> tuple[str | None, str | None]:
        sql = "SELECT wrapper_digest, script_digest FROM runtimes WHERE version = 1 AND name = 'mine'"
        return tuple(conn.exec_driver_sql(sql).one())

    digest, script = await services.database.scan(wrapper)
    assert digest
    assert script is None


async def test_a_script_that_cannot_be_written_is_told_and_stops_nobody(services: Services, settings: Settings) -> None:
    await start(services, "web")
    path = services.site.data_root / "runtimes" / files(services)[0]
    path.unlink()
    path.mkdir()
    report = await app.swept(services, settings)
    assert not report.healthy
    assert path.name in report.unwritten[0]


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM scripts",
        "UPDATE scripts SET content = x'00'",
        "UPDATE scripts SET digest = 'sha256:' || printf('%064d', 0)",
        "INSERT OR REPLACE INTO scripts (digest, content, created_at) SELECT digest, x'00', 0 FROM scripts",
        "UPDATE runtime_configs SET user_config = '{}'",
        "UPDATE runtimes SET args = '[]'",
        "UPDATE runtimes SET script_digest = wrapper_digest",
        "DELETE FROM runtimes",
        "DELETE FROM runtime_configs",
    ],
)
@pytest.mark.parametrize("held_by", ["configuration", "container"])
@pytest.mark.parametrize("foreign_keys", ["ON", "OFF"])
async def test_the_database_refuses_to_touch_what_is_held(
    services: Services, tmp_path: Path, statement: str, held_by: str, foreign_keys: str
) -> None:
    if held_by == "container":
        await start(services, "web")
        await reload(services, tmp_path)
    database = driver.connect(services.database.path)
    database.execute(f"PRAGMA foreign_keys={foreign_keys}")
    with pytest.raises(driver.IntegrityError):
        database.execute(statement)
    database.close()
