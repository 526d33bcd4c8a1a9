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

from statesvc.errors import Conflict, InvalidParameter, NotFound, Unavailable
from statesvc.host import files
from statesvc.host.data_root import DataRoot, Holder

NOBODY = 65_534
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


def test_a_lock_that_is_no_file_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "lock").mkdir()
    with pytest.raises(Unavailable, match=f"its lock file {tmp_path}/lock is not a file; nothing was changed"):
        DataRoot(tmp_path).lock().__enter__()


def test_a_full_disk_keeps_nobody_from_holding_it(tmp_path: Path) -> None:
    root, limits = DataRoot(tmp_path), resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, limits[1]))  # as a full disk
    try:
        with root.lock():
            assert root.is_held()
            assert root.holder() == Holder()
            with pytest.raises(Conflict, match=r"in use by another statesvc \(process unknown\)"), root.lock():
                pass
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not root.is_held()


def test_the_note_of_a_holder_needs_no_room_a_second_time(tmp_path: Path) -> None:
    with DataRoot(tmp_path).lock():
        pass
    size = (tmp_path / "lock").stat().st_size
    with DataRoot(tmp_path).lock(socket="/run/s.sock"):
        assert (tmp_path / "lock").stat().st_size == size > 0


def test_a_data_root_is_held_also_when_its_lock_file_is_removed(tmp_path: Path) -> None:
    root = DataRoot(tmp_path)
    with another_process_that_holds(tmp_path):
        (tmp_path / "lock").unlink()
        assert root.is_held()
        with pytest.raises(Conflict, match="process unknown"), root.lock():
            pass


LINKED = ("lock", "statesvc.db", "statesvc.db-wal", "statesvc.db-shm", "statesvc.db-journal", "idempotency.key")


@pytest.mark.parametrize("hard", [False, True], ids=["symbolic", "hard"])
@pytest.mark.parametrize("name", LINKED)
def test_no_link_in_a_data_root_is_followed(name: str, tmp_path: Path, *, hard: bool) -> None:
    root, precious = DataRoot(tmp_path / "data"), tmp_path / "precious"
    root.make()
    precious.write_text("kept")
    precious.chmod(0o644)
    if hard:
        os.link(precious, root.path / name)
    else:
        (root.path / name).symlink_to(precious)
    what = "has 2 names .hard links." if hard else "is a link"
    with pytest.raises(Unavailable, match=f"{root.path}/{name} {what}; nothing was changed: "):
        root.lock().__enter__()
    if name != "statesvc.db":
        root.database.touch()
    with pytest.raises(Unavailable, match=what):
        root.existing_database()
    assert (precious.read_text(), precious.stat().st_mode & 0o777) == ("kept", 0o644)
    assert not root.is_held()


@pytest.mark.parametrize("name", ["runtimes", "backups"])
def test_no_folder_that_a_link_leads_to_is_used(name: str, tmp_path: Path) -> None:
    root = DataRoot(tmp_path / "data")
    root.make()
    (tmp_path / "etc").mkdir()
    (root.path / name).symlink_to(tmp_path / "etc")
    with pytest.raises(Unavailable, match=f"{name} is a link; nothing was changed: put the folder itself, or a bind"):
        root.lock().__enter__()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files to others")
def test_what_a_stranger_owns_is_refused(tmp_path: Path) -> None:
    root = DataRoot(tmp_path / "data")
    root.make()
    root.database.touch()
    os.chown(root.database, NOBODY, NOBODY)
    with pytest.raises(Unavailable, match=f"database {root.database} belongs to user {NOBODY}; nothing was changed"):
        root.lock().__enter__()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files to others")
def test_a_link_of_another_user_to_what_is_not_theirs_is_no_data_root(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    link = tmp_path / "data"
    link.symlink_to("etc")
    with DataRoot(link).lock():  # root's own
        pass
    os.chown(link, NOBODY, NOBODY, follow_symlinks=False)
    for path in (link, link / "below"):
        (tmp_path / "etc" / "below").mkdir(exist_ok=True)
        with pytest.raises(Unavailable, match=f"{link} is a link that user {NOBODY} made to what is not theirs"):
            DataRoot(path).lock().__enter__()
    os.chown(tmp_path / "etc", NOBODY, NOBODY)
    with DataRoot(link).lock():
        pass


@pytest.mark.parametrize("umask", [0, 0o022, 0o077])
def test_modes_do_not_depend_on_the_umask(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        root = DataRoot(tmp_path / "above" / "data")
        root.make()
        with root.lock():
            pass
    finally:
        os.umask(before)
    modes = {path.name: path.stat().st_mode & 0o777 for path in (root.path.parent, root.path, root.lock_file)}
    assert modes == {"above": 0o755, "data": 0o700, "lock": 0o600}


@pytest.mark.parametrize(
    ("mode", "after"), [(0o755, 0o700), (0o777, 0o700), (0o770, 0o700), (0o701, 0o700), (0o750, 0o750), (0o700, 0o700)]
)
def test_a_data_root_that_is_open_to_others_is_closed(tmp_path: Path, mode: int, after: int) -> None:
    root = DataRoot(tmp_path / "data")
    root.make()
    root.path.chmod(mode)
    with root.lock() as held:
        assert list(held.tightened) == ([root.path] if after != mode else [])
        assert root.path.stat().st_mode & 0o777 == after


def test_files_that_are_open_to_others_are_closed_and_named(tmp_path: Path) -> None:
    root = DataRoot(tmp_path)
    for path in (root.database, root.log, root.backups):
        path.touch()
        path.chmod(0o644)
    root.backups.unlink()
    root.backups.mkdir()
    root.backups.chmod(0o755)
    with root.lock() as held:
        assert set(held.tightened) == {root.database, root.log, root.backups}
    assert {path.stat().st_mode & 0o077 for path in held.tightened} == {0}


def test_folders_that_are_made_are_synced_with_their_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[Path] = []
    monkeypatch.setattr(files, "sync", synced.append)
    DataRoot(tmp_path / "a" / "b" / "data").make()
    assert synced == [tmp_path, tmp_path / "a", tmp_path / "a" / "b"]


@pytest.mark.parametrize("path", ["\udcff", "a\0b"])
def test_a_path_that_is_no_text_is_refused(path: str) -> None:
    with pytest.raises(InvalidParameter, match="is not UTF-8, or has a zero byte"):
        DataRoot(Path(path))
