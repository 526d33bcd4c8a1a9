"""Room for the index of SQLite's log (`-shm`), without which a database cannot even be read.

SQLite maps that file into memory. A block that the disk then has no room for ends the process by SIGBUS, so room is
made sure of before, and on disks with small blocks, of whose pages SQLite allocates one block only, afterwards too.
"""

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from statesvc.errors import Unavailable

# SQLite's first region of 32 KiB, the log's header, and what the file system needs for them.
NEEDED = 64 * 1024
PLENTY = 1024 * 1024
# Of a log of 2 GiB: SQLite extends no file that is larger already, and writes no holes into it.
WHOLE_INDEX = 4 * 1024 * 1024
_PAGE = 4096


def index_of(path: Path) -> Path:
    """Return the path of the index of a database's log."""
    return path.with_name(f"{path.name}-shm")


def has_room(path: Path) -> bool:
    """Return whether the index of a database's log is there, or can be made."""
    try:
        if index_of(path).exists():
            return True
        disk = os.statvfs(path.parent)
        if disk.f_bavail * disk.f_frsize >= PLENTY:
            return True
        with tempfile.TemporaryFile(dir=path.parent) as probe:
            os.posix_fallocate(probe.fileno(), 0, NEEDED)
    except OSError:
        return False
    return True


def require_room(path: Path) -> None:
    """Raise Unavailable if the database cannot be opened since the disk is full."""
    if path.exists() and os.access(path.parent, os.W_OK) and not has_room(path):
        raise Unavailable(
            f"the disk that holds the database {path} is full: SQLite needs {NEEDED >> 10} KiB to open it; nothing was "
            "changed"
        )


def filled_index(path: Path) -> int | None:
    """Give every block of the index its place on the disk, if blocks are small; return a descriptor to keep open.

    To close it before the last connection is closed would drop the locks of all connections of this process.
    Raises Unavailable if there is no room.
    """
    if os.statvfs(path.parent).f_bsize >= _PAGE or not index_of(path).exists():
        return None
    descriptor = os.open(index_of(path), os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    for size in (WHOLE_INDEX, os.fstat(descriptor).st_size):
        with suppress(OSError):
            os.posix_fallocate(descriptor, 0, size)
            return descriptor
    raise Unavailable(f"the disk that holds the database {path} is full; nothing was changed")
