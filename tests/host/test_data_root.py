"""The data root: its paths, and the lock on it, which another process notices by the file alone."""

import os
import resource
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from statesvc.errors import Conflict, NotFound, Unavailable
from statesvc.host.data_root import DataRoot, Holder

HOLD = """
import sys
import threading
from pathlib import Path
from statesvc.host.data_root import DataRoot
with DataRoot(Path(sys.argv[1])).lock(socket="/run/other.sock"):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def another_process_that_holds(path: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout.readline() == "held\n"
        yield other


def test_its_paths_are_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    root = DataRoot(Path("data"))
    assert root.database == tmp_path / "data" / "statesvc.db"
    assert {root.scripts.parent, root.backups.parent, root.idempotency_key.parent} == {tmp_path / "data"}


def test_a_database_that_is_not_there_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="there is no database"):
        DataRoot(tmp_path).existing_database()


def test_it_is_made_for_its_owner_only(tmp_path: Path) -> None:
    root = DataRoot(tmp_path / "a" / "data")
    root.make()
    root.make()
    assert root.path.stat().st_mode & 0o777 == 0o700


def test_a_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(Unavailable, match="cannot be made: Not a directory"):
        DataRoot(tmp_path / "file" / "data").make()


def test_a_data_root_without_a_lock_file_is_not_held(tmp_path: Path) -> None:
    root = DataRoot(tmp_path / "none")
    assert not root.is_held()
    assert root.holder() == Holder(None, "")
    assert not root.path.exists()


def test_it_is_held_inside_the_block_only(tmp_path: Path) -> None:
    root = DataRoot(tmp_path)
    with root.lock(socket="/run/s.sock"):
        assert root.is_held()
        assert root.holder() == Holder(os.getpid(), "/run/s.sock")
        with pytest.raises(Conflict, match=f"in use by another statesvc \\(process {os.getpid()}\\)"), root.lock():
            pass
        assert root.holder() == Holder(os.getpid(), "/run/s.sock")
    assert not root.is_held()
    assert root.holder() == Holder()


def test_to_ask_takes_the_lock_from_nobody(tmp_path: Path) -> None:
    root = DataRoot(tmp_path)
    with root.lock():
        pass
    assert not root.is_held()
    with root.lock():
        assert root.is_held()


def test_a_holder_that_is_killed_holds_it_no_longer(tmp_path: Path) -> None:
    root = DataRoot(tmp_path)
    with another_process_that_holds(tmp_path) as other:
        assert root.is_held()
        assert root.holder() == Holder(other.pid, "/run/other.sock")
        other.kill()
        other.wait()
        assert not root.is_held()
        assert root.holder().pid == other.pid
        with root.lock():
            assert root.holder() == Holder(os.getpid(), "")


def test_a_process_that_only_looks_refuses_nobody_the_lock(tmp_path: Path) -> None:
    root, done = DataRoot(tmp_path), threading.Event()

    def look() -> None:
        while not done.is_set():
            root.is_held()

    (tmp_path / "lock").touch()
    looking = threading.Thread(target=look)
    looking.start()
    try:
        for _ in range(100):
            with root.lock():
                pass
    finally:
        done.set()
        looking.join()


def test_a_lock_that_is_a_link_does_not_empty_what_it_leads_to(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("kept")
    (tmp_path / "lock").symlink_to("precious")
    with pytest.raises(Unavailable, match=f"its lock file {tmp_path}/lock is a link"):
        DataRoot(tmp_path).lock().__enter__()
    assert (tmp_path / "precious").read_text() == "kept"


def test_a_lock_that_cannot_be_opened_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "lock").mkdir()
    with pytest.raises(Unavailable, match=f"the data root {tmp_path} cannot be written: Is a directory"):
        DataRoot(tmp_path).lock().__enter__()


def test_a_lock_that_cannot_be_written_is_unavailable_and_let_go(tmp_path: Path) -> None:
    root, limits = DataRoot(tmp_path), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))  # as a full disk
    try:
        with pytest.raises(Unavailable, match="cannot be written: File too large; nothing was changed"):
            root.lock().__enter__()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not root.is_held()
