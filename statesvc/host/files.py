"""Files and folders that root can make and open in a folder of somebody else's: never through a link, and theirs."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# Not one of these bits is needed on what only the service opens; a group may look, if its operator says so.
_OPEN_TO_OTHERS = stat.S_IWGRP | stat.S_IRWXO


def make_folders(path: Path, mode: int) -> None:
    """Make a folder, and those above it that are missing, whatever the umask is; each is synced with its name.

    When root does this, each belongs to the owner of the folder above it.
    """
    missing = [path]
    while not os.path.lexists(missing[-1].parent):
        missing.append(missing[-1].parent)
    for folder in reversed(missing):
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:
            if folder.is_dir():
                continue
            raise
        with _named(folder) as descriptor:
            give_to_owner_of(folder.parent.stat(), descriptor)
            _change_mode(descriptor, mode if folder == path else 0o755)
        sync(folder.parent)


def open_file(path: Path, flags: int, *, folder: int | None = None) -> int:
    """Open a regular file that only its owner can open; one that is made belongs to the owner of its folder.

    Raises OSError, with ELOOP for a link, and PermissionError for what else `fault` finds.
    """
    # Not blocked by a FIFO in its place.
    safe = flags | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
    descriptor = os.open(path, safe, 0o600, dir_fd=folder)
    try:
        above = os.fstat(folder) if folder is not None else path.parent.stat()
        _refuse(fault(os.fstat(descriptor), owners(above)))
        give_to_owner_of(above, descriptor)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


@contextmanager
def opened_folder(path: Path) -> Iterator[int]:
    """Yield a descriptor of a folder, not of one that a link leads to."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def owners(folder: os.stat_result) -> frozenset[int]:
    """Return the users whose files in a folder can be trusted: its owner, root, and this process's."""
    return frozenset({folder.st_uid, 0, os.geteuid()})


def fault(status: os.stat_result, trusted: frozenset[int], *, folder: bool = False) -> str:
    """Return why a file (or folder) is not to be used; "" if nothing speaks against it."""
    if stat.S_ISLNK(status.st_mode):
        return "is a link"
    if folder != stat.S_ISDIR(status.st_mode) or not (folder or stat.S_ISREG(status.st_mode)):
        return f"is not a {'folder' if folder else 'file'}"
    if not folder and status.st_nlink > 1:
        return f"has {status.st_nlink} names (hard links)"
    if status.st_uid not in trusted:
        return f"belongs to user {status.st_uid}"
    return ""


def give_to_owner_of(folder: os.stat_result, descriptor: int) -> None:
    """Give what root has made to the owner of the folder it is in; what others own already stays theirs."""
    if os.geteuid() == 0 and folder.st_uid and os.fstat(descriptor).st_uid == 0:
        os.chown(_path_of(descriptor), folder.st_uid, folder.st_gid)


def close_to_others(path: Path) -> bool:
    """Take from a file or folder what others than owner and group may do, and writing from its group.

    Returns whether something was taken. A group that may read or enter, and nothing more, keeps that.
    """
    try:
        with _named(path) as descriptor:
            mode = stat.S_IMODE(os.fstat(descriptor).st_mode)
            if not mode & _OPEN_TO_OTHERS or stat.S_ISLNK(os.fstat(descriptor).st_mode):
                return False
            _change_mode(descriptor, mode & stat.S_IRWXU)
            return True
    except (FileNotFoundError, PermissionError):
        return False
    except OSError as error:
        if error.errno != errno.EROFS:  # on such a disk nothing can be written, by others either
            raise
        return False


def sync(folder: Path) -> None:
    """Wait until the disk has the names in a folder."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _named(path: Path) -> Iterator[int]:
    """Yield a descriptor that only names a file: to close it drops no lock that SQLite has on the file."""
    descriptor = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _refuse(why: str) -> None:
    if why:
        raise PermissionError(errno.EPERM, why)


def _path_of(descriptor: int) -> str:
    return f"/proc/self/fd/{descriptor}"


def _change_mode(descriptor: int, mode: int) -> None:
    Path(_path_of(descriptor)).chmod(mode)
