"""A real OCI runtime, and a root file system of one static binary."""

import os
import shutil
from pathlib import Path

import pytest

APPLETS = ("sh", "sleep", "echo", "cat", "true", "hostname")


def _needed(program: str) -> str:
    found = shutil.which(program, path=f"{os.environ['PATH']}:/usr/sbin:/sbin")
    if found is None or os.geteuid() != 0:
        missing = f"{program} is not installed" if found is None else "containers need root"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    return found


@pytest.fixture(scope="session")
def runc() -> str:
    """The path of runc."""
    return _needed("runc")


@pytest.fixture(scope="session")
def rootfs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root file system: busybox under the names of a few of its applets."""
    root = tmp_path_factory.mktemp("rootfs")
    (root / "bin").mkdir()
    shutil.copy(_needed("busybox"), root / "bin" / "busybox")
    for applet in APPLETS:
        (root / "bin" / applet).symlink_to("busybox")
    return root
