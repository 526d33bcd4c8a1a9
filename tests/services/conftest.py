"""Services on a data root of their own, with a clock and a source of randomness that tests can foretell."""

import hashlib
import itertools
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from reporting import configure

from statesvc import app
from statesvc.app import Services
from statesvc.settings import Settings

START = 1_700_000_000_000_000_000


class SteppingClock:
    """A clock that goes on by one second with each look."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> int:
        self.now += 1_000_000_000
        return self.now


class Foretold:
    """Randomness that is the same in every run."""

    def __init__(self) -> None:
        self.calls = itertools.count()

    def __call__(self, size: int) -> bytes:
        return hashlib.sha256(str(next(self.calls)).encode()).digest()[:size]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def services(data_root: Path, tmp_path: Path) -> AsyncIterator[Services]:
    settings, clock = Settings(data_root=data_root, hosts=(f"unix://{tmp_path}/s.sock",)), SteppingClock()
    async with app.opened(settings, clock=clock, boot_clock=clock, entropy=Foretold()) as opened:
        yield opened


@pytest.fixture
async def configured(data_root: Path, tmp_path: Path) -> AsyncIterator[Services]:
    """Services with the runtimes of `reporting.CONFIGURED`, from `daemon.json` beside the data root."""
    configure(tmp_path / "daemon.json")
    settings = Settings(data_root=data_root, hosts=(f"unix://{tmp_path}/s.sock",), config_file=tmp_path / "daemon.json")
    async with app.opened(settings, clock=SteppingClock(), entropy=Foretold()) as opened:
        yield opened
