"""Copies that are not finished: each in a folder of its own, which is locked while somebody works in it.

A copy holds every secret of its database. What a killed program left is therefore removed by the next.
"""

import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

REHEARSAL = "rehearsal-"
PARTIAL = ".partial"
# What statesvc before these folders left: NAME.PID.partial, and secrets NAME.PID.unfinished.
_FILE = re.compile(r".+\.(\d+)\.(partial|unfinished)(-wal|-shm|-journal)?")


@contextmanager
def unfinished_folder(parent: Path, *, prefix: str, suffix: str = "") -> Iterator[Path]:
    """Yield a new folder that only its owner can open; it is removed at the end, with what is left in it."""
    folder = Path(tempfile.mkdtemp(prefix=prefix, suffix=suffix, dir=parent))
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        give_to_owner_of(parent, folder)
        with suppress(OSError):  # a file system without such locks: nobody removes what is left there
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(descriptor)


def remove_abandoned(folder: Path, *, prefix: str = "") -> list[Path]:
    """Remove from a folder what killed programs left unfinished, if its name begins so; return what was removed."""
    try:
        named = sorted(entry for entry in folder.iterdir() if entry.name.startswith(prefix))
    except OSError:
        return []
    return [entry for entry in named if _is_abandoned(entry) and _remove(entry)]


def give_to_owner_of(model: Path, path: Path) -> None:
    """Give a path to the owner of another, if root does this: a service that is not root must be able to open it."""
    if os.geteuid() == 0:
        owner = model.stat()
        os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)


def sync(path: Path) -> None:
    """Wait until the disk has a file, or the names in a folder."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _is_abandoned(entry: Path) -> bool:
    if entry.is_symlink():
        return False
    if entry.is_dir():
        return (entry.name.startswith(REHEARSAL) or entry.name.endswith(PARTIAL)) and not _is_locked(entry)
    named = _FILE.fullmatch(entry.name)
    return named is not None and not Path(f"/proc/{named[1]}").exists()


def _is_locked(folder: Path) -> bool:
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(descriptor)
    return False


def _remove(entry: Path) -> bool:
    try:
        if entry.is_dir():
            shutil.rmtree(entry)
        else:
            entry.unlink()
    except OSError:
        return False
    return True
