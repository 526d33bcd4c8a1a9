"""A migrated database for each test, a copy of one made once. Not in memory: reader and writer would be two."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from statesvc.db.containers import insertion, names
from statesvc.db.containers.insertion import Belongings, Container
from statesvc.db.sqlite import Connection, make_engine
from statesvc.domain.documents import Config, HostConfig
from statesvc.domain.verified import SEAL, Verified


@pytest.fixture
def database_file(template: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(template, tmp_path / "statesvc.db"))


@pytest.fixture
def conn(database_file: Path) -> Iterator[Connection]:
    with make_engine(database_file, busy_timeout_ms=1_000, query_only=False).connect() as connection:
        yield connection


def a_container(conn: Connection, name: str, *, container_id: str = "", labels: dict[str, str] | None = None) -> str:
    """Insert a container with a name; answer its ID."""
    container_id = container_id or os.urandom(32).hex()
    row = Container(
        id=container_id,
        image="busybox:latest",
        image_id="sha256:" + "b" * 64,
        path="sh",
        args="[]",
        driver="overlay2",
        os="linux",
        created_at=1_700_000_000_000_000_000,
        summary="{}",
        runtime_name="runc",
    )
    verified = Verified(SEAL, "created", Config(Labels=labels or {}), HostConfig())
    insertion.add(conn, row, verified, Belongings("{}"))
    names.reserve(conn, name, container_id)
    return container_id


@pytest.fixture
def make(conn: Connection) -> Callable[..., str]:
    return lambda name, **more: a_container(conn, name, **more)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"
