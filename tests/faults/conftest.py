"""Services on a disk that fails on demand."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from faults import FaultyDisk
from service import Service, running


@pytest.fixture
def disk(tmp_path: Path) -> FaultyDisk:
    """A disk without faults yet."""
    return FaultyDisk(tmp_path)


@pytest.fixture
def faulty(loaded_root: Path, tmp_path: Path, disk: FaultyDisk) -> Iterator[Service]:
    """A service on that disk, with the conformance images."""
    root = tmp_path / "data"
    shutil.copytree(loaded_root, root)
    with running(root, env=disk.environment) as started:
        yield started
        disk.mend()
