"""Commands that are killed while they copy the database: nothing of the copy, which holds every secret, stays."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from service import running
from stored_rows import fill, rows_of

KILLED_AT = """
import os, signal, sys
from statesvc.cli import main
from statesvc.db.schema import backup, migrate, restore
def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)
setattr(PLACE)
main()
"""
VERIFIED, RENAMED, REHEARSED = 'backup, "verified", die', 'restore, "publish", die', 'migrate, "_values", die'


@pytest.fixture
def root(data_root: Path) -> Path:
    fill(data_root / "statesvc.db")
    (data_root / "backups").mkdir(mode=0o700)
    shutil.copy(data_root / "statesvc.db", data_root.parent / "good.db")
    return data_root


def killed(root: Path, place: str, *words: object) -> None:
    program = KILLED_AT.replace("PLACE", place)
    command = [sys.executable, "-c", program, *map(str, words), "--data-root", str(root)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == -9, done.stdout + done.stderr


def copies(root: Path) -> list[str]:
    """Return the files that are as large as a database, but for the database itself."""
    found = (path for path in root.rglob("*") if path.is_file() and path.stat().st_size > 200_000)
    return sorted(str(path.relative_to(root)) for path in found if path.name != "statesvc.db" or path.parent != root)


CASES = {
    "backup": (VERIFIED, ["db", "backup"]),
    "restore": (VERIFIED, ["db", "restore", "good.db"]),
    "restore-before-the-rename": (RENAMED, ["db", "restore", "good.db"]),
    "rehearsal": (REHEARSED, ["db", "upgrade", "--dry-run"]),
    "upgrade": (VERIFIED, ["db", "downgrade", "0001", "--yes"]),
}


@pytest.mark.parametrize("case", CASES)
def test_the_next_start_removes_what_a_killed_command_left_and_says_so(root: Path, case: str) -> None:
    place, words = CASES[case]
    rows = rows_of(root / "statesvc.db")
    killed(root, place, *[word.replace("good.db", str(root.parent / "good.db")) for word in words])
    left = copies(root)
    assert left
    assert all(path.stat().st_mode & 0o077 == 0 for path in root.rglob("*"))
    with running(root) as service:
        assert copies(root) == []
        assert service.log_text.count("a killed command left this, with all that the database held: removed") >= 1
    assert rows_of(root / "statesvc.db")["containers"] == rows["containers"]
    assert (root / "statesvc.db").stat().st_nlink == 1


def test_the_next_command_removes_them_too_and_says_so(root: Path) -> None:
    killed(root, RENAMED, "db", "restore", root.parent / "good.db")
    command = [sys.executable, "-m", "statesvc", "db", "upgrade", "--data-root", str(root)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert f"statesvc: removed {root}/statesvc.db.restored, which a killed command had left" in done.stderr
    assert copies(root) == []


def test_a_backup_to_a_file_elsewhere_removes_what_a_killed_one_to_it_left(root: Path, tmp_path: Path) -> None:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    killed(root, VERIFIED, "db", "backup", folder / "b.db")
    assert len(list(folder.iterdir())) == 1
    command = [sys.executable, "-m", "statesvc", "db", "backup", str(folder / "b.db"), "--data-root", str(root)]
    subprocess.run(command, check=True, timeout=60, capture_output=True)
    assert [path.name for path in folder.iterdir()] == ["b.db"]


def test_a_copy_that_is_being_made_while_the_service_starts_stays(root: Path) -> None:
    program = KILLED_AT.replace("PLACE", VERIFIED).replace(
        "os.kill(os.getpid(), signal.SIGKILL)", "print('copied', flush=True); sys.stdin.read(); os._exit(0)"
    )
    command = [sys.executable, "-c", program, "db", "backup", "--data-root", str(root)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as backup:
        assert backup.stdout
        assert backup.stdout.readline() == "copied\n"
        with running(root) as service:
            assert len(copies(root)) == 1
            assert "killed command" not in service.log_text
        backup.communicate("")


def test_leftovers_of_older_programs_go_too(root: Path) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    old = [root / "backups" / f"x.db.{ended.pid}.partial", root / f"idempotency.key.{ended.pid}.unfinished"]
    old += [root / "statesvc.db.restored", root / f"statesvc.db.restored.{ended.pid}.partial"]
    for path in old:
        shutil.copy(root.parent / "good.db", path)
    (root / "rehearsal-abc").mkdir()
    shutil.copy(root.parent / "good.db", root / "rehearsal-abc" / "statesvc.db")
    used = root / "backups" / f"y.db.{os.getpid()}.partial"
    used.touch()
    with running(root):
        assert copies(root) == []
    assert used.exists()


def test_a_name_that_a_backup_gets_is_synced_with_its_folder(root: Path, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("strace is not here")
    command = [strace, "-f", "-y", "-e", "trace=fsync,rename,link,mkdir", "-o", str(trace), sys.executable, "-m"]
    command += ["statesvc", "db", "restore", str(root.parent / "good.db"), "--data-root", str(root)]
    shutil.rmtree(root / "backups")
    subprocess.run(command, check=True, timeout=60, capture_output=True)
    calls = [line.split(maxsplit=1)[1] for line in trace.read_text().splitlines()]
    made = next(n for n, call in enumerate(calls) if call.startswith("mkdir(") and "/backups" in call)
    kept = next(n for n, call in enumerate(calls) if call.startswith("link(") and "-replaced.db" in call)
    named = next(
        n for n, call in enumerate(calls) if call.startswith("rename(") and call.endswith('/statesvc.db") = 0')
    )
    synced = {folder: [n for n, call in enumerate(calls) if call.startswith("fsync(") and f"<{folder}>" in call]
              for folder in (root, root / "backups")}  # fmt: skip
    assert any(made < n < kept for n in synced[root])
    assert any(kept < n < named for n in synced[root / "backups"])
    assert any(named < n for n in synced[root])
