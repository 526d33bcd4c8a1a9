"""Errors of the driver, as callers see them: each says whether anything was changed, or that this is unsure."""

import errno
import os
import threading
import time
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from statesvc.errors import NOTHING_CHANGED, UNSURE, Unavailable, Unsure

_REASONS = {
    "SQLITE_BUSY": "the database is locked by another program",
    "SQLITE_PROTOCOL": "the database is locked by another program",
    "SQLITE_LOCKED": "the database is locked",
    "SQLITE_FULL": "the disk that holds the database is full",
    "SQLITE_READONLY": "the database is read-only",
    "SQLITE_IOERR": "the disk that holds the database reports an error",
    "SQLITE_CORRUPT": "the database file is damaged",
    "SQLITE_NOTADB": "the database file is not a database",
    "SQLITE_CANTOPEN": "the database file cannot be opened",
    "SQLITE_INTERRUPT": "the operation was interrupted",
    "SQLITE_NOMEM": "memory has run out",
}
# What may be over in a moment, without anybody doing anything about the disk.
_PASSING = ("SQLITE_BUSY", "SQLITE_PROTOCOL", "SQLITE_LOCKED", "SQLITE_CANTOPEN", "SQLITE_NOMEM")
# A commit that fails so has not written the record that makes it one. Any other may be found in the log after a crash:
# its record was written, and only what came after failed, such as the sync.
_NOT_COMMITTED = ("SQLITE_FULL", "SQLITE_BUSY")
_DISK_ERRORS = {errno.EIO, errno.ENXIO, errno.ERANGE}
_BLOCK = 1 << 20
# Reading the whole file again for each of many requests would stop everything else.
_PROBE_SECONDS = 30.0
RETRY_SECONDS = 1


def name_of(error: BaseException) -> str:
    """Return SQLite's name of an error, "" for one that is not of SQLite."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    return getattr(cause, "sqlite_errorname", None) or ""


def is_corrupt(error: BaseException) -> bool:
    """Return whether SQLite calls the file corrupt, as it also does when the disk does not give a page (EIO).

    What failed so is tried once more: an error of the disk may be over, and is none of the file, which somebody would
    replace by a backup.
    """
    return name_of(error).startswith("SQLITE_CORRUPT")


def unavailable(error: BaseException, database: Path | None = None) -> Unavailable | None:
    """Turn an error of the driver into the one that a caller sees, who may rely on it that nothing was changed.

    Returns None for an error that is a bug of ours. With the path of an open database, a disk that cannot be read is
    told from a damaged file.
    """
    reason = _reason(error, database)
    if reason is None:
        return None
    passing = name_of(error).startswith(_PASSING)
    return Unavailable(f"{reason}; {NOTHING_CHANGED}", retry_seconds=RETRY_SECONDS if passing else None)


def says_damage(error: Unavailable) -> bool:
    """Return whether an error says that the database file is damaged, or none: no retry will help."""
    return error.message.startswith((_REASONS["SQLITE_CORRUPT"], _REASONS["SQLITE_NOTADB"]))


def of_commit(error: BaseException) -> Unsure | None:
    """Return the error for a commit that may be done although it failed; None if it certainly is not."""
    name = name_of(error)
    if name.startswith(_NOT_COMMITTED):
        return None
    reason = _reason(error, None) or f"the database cannot commit a change ({name or type(error).__name__})"
    return Unsure(f"{reason}; {UNSURE}")


def _reason(error: BaseException, database: Path | None) -> str | None:
    name = name_of(error)
    if is_corrupt(error) and database is not None and _PROBE.cannot_read(database):
        name = "SQLITE_IOERR"
    return next((text for prefix, text in _REASONS.items() if name.startswith(prefix)), None)


class _Probe:
    """Reads the files of a database through the descriptors that SQLite has open.

    A descriptor of its own would, when it is closed, end every lock that this process has on the file.
    """

    def __init__(self) -> None:
        self._one_at_a_time = threading.Lock()
        self._found: dict[Path, tuple[float, bool]] = {}

    def cannot_read(self, database: Path) -> bool:
        """Return whether the disk refuses to give a part of the database or of its log."""
        with self._one_at_a_time:
            asked_at, refuses = self._found.get(database, (0.0, False))
            if time.monotonic() - asked_at > _PROBE_SECONDS or not asked_at:
                files = [database, database.with_name(f"{database.name}-wal")]
                refuses = any(_refuses(descriptor) for file in files for descriptor in _descriptors(file))
                self._found[database] = time.monotonic(), refuses
            return refuses


_PROBE = _Probe()


def _descriptors(file: Path) -> list[int]:
    """Return a descriptor of this process for a file, none if it has none."""
    try:
        wanted = file.stat()
        numbers = [int(entry.name) for entry in Path("/proc/self/fd").iterdir()]
    except OSError:
        return []
    return [number for number in numbers if _is_of(number, wanted)][:1]


def _is_of(descriptor: int, wanted: os.stat_result) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), wanted)
    except OSError:  # closed meanwhile
        return False


def _refuses(descriptor: int) -> bool:
    at = 0
    try:
        while got := len(os.pread(descriptor, _BLOCK, at)):
            at += got
    except OSError as error:
        return error.errno in _DISK_ERRORS
    return False
