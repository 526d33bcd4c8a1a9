"""A data root of Docker's to build, and the real services to import it into."""

import asyncio
import socket
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import httpx
import pytest
from docker_root import DockerRoot

from statesvc import app
from statesvc.api.wire.server import Server
from statesvc.app import Services
from statesvc.services.imports.report import Report
from statesvc.settings import Settings

NOW = 1_800_000_000_000_000_000
Importing = Callable[..., Awaitable[Report]]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def root(tmp_path: Path) -> DockerRoot:
    (tmp_path / "docker" / "containers").mkdir(parents=True)
    return DockerRoot(tmp_path / "docker")


@pytest.fixture
async def services(data_root: Path) -> AsyncIterator[Services]:
    async with app.opened(Settings(data_root=data_root, hosts=()), clock=lambda: NOW) as opened:
        yield opened


@pytest.fixture
async def client(services: Services) -> AsyncIterator[httpx.AsyncClient]:
    # Paths of pytest are too long for a socket: the limit is 107 bytes.
    with tempfile.TemporaryDirectory(prefix="statesvc-") as folder, socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{folder}/s.sock")
        listener.listen()
        listener.setblocking(False)
        server = Server(services.application(), services.end_streams, clock=services.site.clock)
        serving = asyncio.create_task(server.run_on([listener]))
        transport = httpx.AsyncHTTPTransport(uds=f"{folder}/s.sock")
        async with httpx.AsyncClient(transport=transport, base_url="http://docker") as opened:
            yield opened
        server.stop()
        await serving


@pytest.fixture
def run_import(services: Services, root: DockerRoot) -> Importing:
    async def run(*, dry_run: bool = False) -> Report:
        return await services.importers["docker"].run(root.path, dry_run=dry_run)

    return run
