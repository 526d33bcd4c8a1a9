"""Builds a database of the oldest schema with very many different containers, for `make bench-store`."""

import io
import json
import tarfile
from collections.abc import AsyncIterator
from pathlib import Path

from population import spread

from statesvc import app
from statesvc.app import Services
from statesvc.db.schema import migrate
from statesvc.db.sqlite import driver
from statesvc.domain.documents import Config, ContainerCreate, HostConfig
from statesvc.host.clock import wall_clock
from statesvc.host.data_root import DataRoot
from statesvc.services.lifecycle.reports import Exited, Restarting
from statesvc.settings import Settings

OLDEST = "0001"
MODELS = 96
IMAGES = 12
UNUSED = 3
ENGINE = "bench"


def settings_of(root: Path) -> Settings:
    """Return the settings of a data root, with the configuration file next to it."""
    return Settings(data_root=root / "data", config_file=root / "daemon.json", hosts=())


def configure(root: Path, turn: int) -> None:
    """Write a configuration with a runtime that stays, one that changes each turn, and one that disappears."""
    stays = {"path": "/bin/true"}
    changes = {"path": "/bin/true", "runtimeArgs": ["--turn", str(turn)]}
    goes = {"old": {"path": "/bin/false"}} if turn == 0 else {}
    (root / "daemon.json").write_text(json.dumps({"runtimes": {"plain": stays, "wrapped": changes} | goes}))


async def build(root: Path, size: int) -> Path:
    """Make a database of the oldest schema with `size` containers, and return its path."""
    configure(root, 0)
    settings = settings_of(root)
    async with app.opened(settings) as services:
        await _images(services)
        for number in range(MODELS):
            await _model(services, number)
        await services.images.remove(f"image-{IMAGES - 1}", force=True)  # some containers outlive their image
    database = DataRoot(settings.data_root).database
    migrate.downgrade(database, OLDEST)
    for script in DataRoot(settings.data_root).scripts.iterdir():
        script.unlink()  # the oldest schema had no scripts
    spread(database, size, now=wall_clock())
    _publish(database)
    return database


async def an_hour(root: Path, count: int) -> None:
    """Open the upgraded database on a changed configuration, and start, end, restart and remove some containers."""
    configure(root, 1)
    async with app.opened(settings_of(root)) as services:
        for number in range(count):
            host = HostConfig(Runtime="wrapped")
            asked = ContainerCreate(config=Config(Image="image-0", Cmd=["serve"]), host_config=host)
            created = await services.containers.create(f"new-{number}", asked)
            handle = await services.lifecycle.prepare_start(created.id, ENGINE)
            await services.lifecycle.started(created.id, handle.attempt, 4_000)
            if number % 3 == 0:
                await services.lifecycle.exited(created.id, Exited(1))
            if number % 6 == 0:
                await services.containers.remove(created.id)


async def _images(services: Services) -> None:
    for number in range(IMAGES):
        await services.images.import_root(
            _layer(number), repo=f"image-{number}", tag="latest", message="", changes=[f"ENV IMAGE={number}"]
        )


async def _layer(number: int) -> AsyncIterator[bytes]:
    held = io.BytesIO()
    with tarfile.open(fileobj=held, mode="w") as tar:
        member = tarfile.TarInfo("etc/image")
        member.size = 1_000 * (number + 1)
        tar.addfile(member, io.BytesIO(b"x" * member.size))
    yield held.getvalue()


async def _model(services: Services, number: int) -> None:
    created = await services.containers.create(_name(number), _asked(number))
    if number % 8 == 7 or number % (IMAGES - UNUSED) == 0:
        return  # never started, like all containers that lose their image
    lifecycle = services.lifecycle
    handle = await lifecycle.prepare_start(created.id, ENGINE)
    await lifecycle.started(created.id, handle.attempt, 4_000 + number)
    if number % 8 in {3, 4}:
        await lifecycle.exited(created.id, Exited(number % 3 * 68 + number % 3, oom_killed=number % 3 == 2))
    elif number == 5:
        await lifecycle.restarting(created.id, Restarting(1))


def _name(number: int) -> str:
    return "web" if number == 1 else f"{('web', 'api', 'worker', 'cron')[number % 4]}-model-{number}"


def _asked(number: int) -> ContainerCreate:
    used = number % (IMAGES - UNUSED)
    labels = {
        "com.docker.compose.project": f"project-{number % 16}",
        "com.docker.compose.service": f"service-{number % 24}",
        "org.opencontainers.image.version": f"1.{number}",
    }
    if number % 5:
        labels["tier"] = ("front", "back", "data", "batch")[number % 4]
    config = Config(
        Image=f"image-{used or IMAGES - 1}",
        Cmd=["serve", "--port", str(8_000 + number)],
        Env=["PATH=/usr/local/bin:/usr/bin:/bin", f"STAGE=stage-{number % 3}", "TZ=UTC", f"SECRET=secret-{number}"],
        Labels=labels,
        ExposedPorts={"80/tcp": {}},
    )
    host = HostConfig(
        Binds=[f"{'data' if number % 24 == 1 else f'volume-{number % 32}'}:/data", f"/srv/app-{number % 20}:/srv:ro"],
        NetworkMode="host" if number % 48 == 2 else f"net-{number % 12}",
        Privileged=number % 48 == 6,
        Memory=0 if number % 4 == 0 else 64 << 20,
        Runtime=("runc", "plain", "wrapped", "runc", "old", "runc")[number % 6],
    )
    return ContainerCreate(config=config, host_config=host)


def _publish(database: Path) -> None:
    """Give a port of the host to one of 50 containers that run, 8080 to the first."""
    connection = driver.connect(str(database), isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    connection.execute(
        "INSERT INTO container_ports SELECT id, 0, 80, 'tcp', 8079 + row_number() OVER (ORDER BY rowid), '0.0.0.0'"
        " FROM containers WHERE state = 'running' AND rowid % 50 = 2"
    )
    connection.execute(
        "UPDATE containers SET summary = json_set(summary, '$.Ports', json_array(json_object('IP', p.host_ip,"
        " 'PrivatePort', p.private_port, 'PublicPort', p.public_port, 'Type', p.protocol)))"
        " FROM container_ports p WHERE p.container_id = containers.id"
    )
    connection.execute("COMMIT")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
