"""Root works on the data root of another user: everything in it stays that user's, and no link is followed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from docker_root import DockerRoot
from service import CONFORMANCE, running

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can work on the data root of another user")
NOBODY = 65_534
RUNTIMES = '{"runtimes": {"logged": {"path": "/usr/bin/true", "runtimeArgs": ["--log", "x"]}}}'


@pytest.fixture
def root(tmp_path: Path) -> Path:
    path = tmp_path / "data"
    path.mkdir(mode=0o700)
    os.chown(path, NOBODY, NOBODY)
    return path


def strangers(root: Path) -> dict[str, tuple[int, int]]:
    """Return what is not of the owner of the data root, or open to others."""
    found = {str(path.relative_to(root)): path.lstat() for path in (root, *root.rglob("*"))}
    return {
        name: (status.st_uid, status.st_mode & 0o7777)
        for name, status in found.items()
        if status.st_uid != NOBODY or status.st_gid != NOBODY or (status.st_mode & 0o077 and not name.endswith(".sock"))
    }


def statesvc(root: Path, *words: object, code: int = 0, umask: int = 0) -> str:
    command = [sys.executable, "-m", "statesvc", *map(str, words), "--data-root", str(root)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, umask=umask)
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


def test_what_root_does_on_an_empty_data_root_leaves_it_to_its_owner(root: Path, tmp_path: Path) -> None:
    docker = DockerRoot(tmp_path / "docker")
    docker.container("web")
    statesvc(root, "import", "docker", docker.path)
    statesvc(root, "db", "downgrade", "0001", "--yes")
    statesvc(root, "db", "backup", tmp_path / "b.db")
    statesvc(root, "db", "upgrade")
    statesvc(root, "db", "restore", tmp_path / "b.db")
    statesvc(root, "db", "upgrade")
    statesvc(root, "check", "--repair")
    statesvc(root, "db", "backup")
    assert len(list(root.rglob("*"))) > 6
    assert strangers(root) == {}


def serve_and_kill(root: Path, *flags: str) -> None:
    with running(root, *flags, umask=0) as service:
        service.call("POST", "/images/load", (CONFORMANCE / "images" / "busybox_latest.tar.gz").read_bytes())
        service.call("POST", "/containers/create", {"Image": "busybox"}, headers={"Idempotency-Key": "k"})
        assert strangers(root) == {}
        service.process.kill()  # so that the log stays
        service.process.wait()


def test_what_root_serves_stays_its_owners_under_any_umask(root: Path, tmp_path: Path) -> None:
    (tmp_path / "daemon.json").write_text(RUNTIMES)
    flags = ("--config-file", str(tmp_path / "daemon.json"))
    with pytest.raises(AssertionError, match="ended with -9"):
        serve_and_kill(root, *flags)
    there = {"statesvc.db", "statesvc.db-wal", "statesvc.db-shm", "lock", "idempotency.key", "runtimes"}
    assert there <= {path.name for path in root.iterdir()}
    assert strangers(root) == {}


def test_the_socket_of_root_in_the_folder_of_another_user_is_that_users(root: Path) -> None:
    socket = root / "new" / "s.sock"
    with running(root, "-H", f"unix://{socket}", umask=0):
        assert strangers(root) == {"new": (NOBODY, 0o755)}
        assert socket.lstat().st_mode & 0o777 == 0o660
