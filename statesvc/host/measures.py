"""What the service uses of this machine, and what is left of it."""

import os
import resource
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

# Where SQLite locks the index of a log: a reader holds one of these bytes as long as it holds its snapshot.
_READ_MARKS = range(123, 128)


@dataclass(frozen=True, slots=True)
class FreeSpace:
    """What a file system has left for this user: bytes, and files (None where it does not count them)."""

    bytes: int
    files: int | None


def free_space(folder: Path) -> FreeSpace | None:
    """Return what is left beside the files of a folder, None if that cannot be told. Opens nothing."""
    try:
        found = os.statvfs(folder)
    except OSError:
        return None
    return FreeSpace(found.f_bavail * found.f_frsize, found.f_favail if found.f_files else None)


def descriptors_left() -> int:
    """Return how many more files this process may open."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        with os.scandir("/proc/self/fd") as entries:
            used = sum(1 for _ in entries) - 1  # without the one that lists them
    except OSError:  # it needs one itself
        return 0
    return max(0, soft - used)


def snapshot_holders(log_index: Path) -> tuple[int, ...]:
    """Return the other processes that hold a snapshot of a database now, by the locks on the index of its log."""
    found: set[int] = set()
    with suppress(OSError, ValueError):
        inode = f":{log_index.stat().st_ino}"
        for line in Path("/proc/locks").read_text().splitlines():
            # 1: POSIX  ADVISORY  READ 4711 fe:00:1234 123 123
            parts = line.split()
            if len(parts) == 8 and parts[3] == "READ" and parts[5].endswith(inode) and int(parts[6]) in _READ_MARKS:
                found.add(int(parts[4]))
    return tuple(sorted(found - {os.getpid()}))
