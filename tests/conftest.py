"""What all tests share: the real service, one per worker, and one per test where a test needs its own."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from service import Service, running

from statesvc.db.schema import migrate
from statesvc.db.sqlite import make_engine

settings.register_profile("ci", derandomize=True, deadline=None, database=None)
settings.register_profile("here", deadline=None)
settings.load_profile("ci" if os.environ.get("CI") else "here")


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database, to be copied: that is five times as quick as to migrate again."""
    path = tmp_path_factory.mktemp("template") / "statesvc.db"
    migrate.upgrade(path)
    with make_engine(path, busy_timeout_ms=0, query_only=False).connect() as conn:
        conn.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    return path


@pytest.fixture
def data_root(template: Path, tmp_path: Path) -> Path:
    """A data root with a migrated database that no service has opened yet."""
    root = tmp_path / "data"
    root.mkdir(mode=0o700)
    shutil.copy(template, root / "statesvc.db")
    return root


@pytest.fixture(scope="session")
def loaded_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data root with the 15 conformance images, to be copied: that is quicker than to migrate and load again."""
    root = tmp_path_factory.mktemp("loaded") / "data"
    with running(root) as started:
        started.load_images()
    return root


@pytest.fixture(scope="session")
def service(loaded_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with the conformance images, shared by all tests of a worker: each makes names of its own."""
    root = tmp_path_factory.mktemp("service") / "data"
    shutil.copytree(loaded_root, root)
    with running(root) as started:
        yield started


@pytest.fixture
def own_service(loaded_root: Path, tmp_path: Path) -> Iterator[Service]:
    """A service with the conformance images that no other test sees."""
    root = tmp_path / "data"
    shutil.copytree(loaded_root, root)
    with running(root) as started:
        yield started
