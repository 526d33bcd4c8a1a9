"""Restore: a backup takes the place of the database, which no program may have open; what it replaces is kept.

At every moment the database's path names the whole one before or the whole one after.
"""

import glob
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from statesvc.db.failures import unavailable
from statesvc.db.file_uri import file_uri
from statesvc.db.schema import catalogue, migrate
from statesvc.db.schema.backup import Backup, Backups, copy, disk_errors, publish, remove
from statesvc.db.schema.unfinished import remove_abandoned, sync
from statesvc.db.sqlite import driver
from statesvc.errors import Conflict, InvalidParameter, NotFound, Unavailable
from statesvc.faults import Point, passed

_UNREADABLE = ("SQLITE_CORRUPT", "SQLITE_NOTADB")


@dataclass(frozen=True, slots=True)
class Restored:
    """What is in the database's place now, and where the one before is kept."""

    backup: Backup
    replaced: Path | None


def restore(source: Path, database: Path, *, backups: Backups) -> Restored:
    """Put a copy of the source in the place of the database. The caller holds the data-root lock.

    Raises NotFound, InvalidParameter or Conflict for a source that cannot be restored, Conflict if another program has
    the database open, Unavailable if disk or database refuse; then nothing was changed.
    """
    _refuse_unfit(source, database)
    new, replaced = database.with_name(f"{database.name}.restored"), None
    with disk_errors(database):
        _remove_unfinished(database)
        try:
            backup = copy(source, new)
            passed(Point.RESTORE_COPIED)
            with _alone(database) as revision:
                passed(Point.RESTORE_ALONE)
                if database.exists() or database.with_name(f"{database.name}-wal").exists():
                    replaced = _keep(database, backups.new_name(revision, replaced=True))
                passed(Point.RESTORE_KEPT)
                publish(new, database)
        finally:
            _remove_unfinished(database)
        if replaced is not None:
            backups.prune(spare=replaced)
    return Restored(backup, replaced)


def _refuse_unfit(source: Path, database: Path) -> None:
    if not source.is_file():
        raise NotFound(f"there is no file {source}")
    if source.is_symlink():
        # In a data root it could lead root to any file, which would become that of the data root's user.
        raise InvalidParameter(f"{source} is a link to {source.readlink()}: name that file itself, if it is the backup")
    if database.exists() and source.samefile(database):
        raise InvalidParameter(f"{source} is the database itself: name a backup of it")
    try:
        revision = migrate.refuse_newer(source)
    except Unavailable as error:
        raise Unavailable(f"{source} cannot be read: {error.message}") from error
    if revision is None:
        raise InvalidParameter(f"{source} is not a database of statesvc")


def leftovers_removed(database: Path, backups: Path) -> list[Path]:
    """Remove what killed restores, backups and rehearsals left, which holds every secret; return what was removed.

    The caller holds the data-root lock. A restore that was cut off after it had kept the database, and before it had
    replaced it, is undone.
    """
    removed = _remove_unfinished(database)
    removed += remove_abandoned(database.parent) + remove_abandoned(backups)
    if database.exists() and backups.is_dir():
        for kept in sorted(backups.glob("*-replaced.db")):
            if kept.samefile(database):
                _take_back(database, kept)
                removed.append(kept)
    return removed


def _remove_unfinished(database: Path) -> list[Path]:
    left = sorted(database.parent.glob(f"{glob.escape(database.name)}.restored*"))
    for each in left:
        if not each.is_dir():
            remove(each)
    return [each for each in left if not each.is_dir()]


def _take_back(database: Path, kept: Path) -> None:
    kept_log, log = (path.with_name(f"{path.name}-wal") for path in (kept, database))
    with disk_errors(database):
        if kept_log.exists():
            if not log.exists():
                os.link(kept_log, log)
            kept_log.unlink()
        kept.unlink()
        sync(database.parent)


def _keep(database: Path, kept: Path) -> Path | None:
    """Give the database a second name, under which it stays when it is replaced; None if there is no database.

    A log that is left is kept with it: it would be read into the restored database.
    """
    log, there = database.with_name(f"{database.name}-wal"), database.exists()
    try:
        if there:
            os.link(database, kept)
        passed(Point.RESTORE_LINKED)
        if log.exists():
            os.link(log, kept.with_name(f"{kept.name}-wal"))
        sync(kept.parent)
        for suffix in ("-wal", "-shm"):
            database.with_name(f"{database.name}{suffix}").unlink(missing_ok=True)
    except OSError as error:
        raise Unavailable(f"{database} cannot be kept as {kept}: {error.strerror}; nothing was changed") from None
    return kept if there else None


@contextmanager
def _alone(database: Path) -> Iterator[str]:
    """Fold the log into the database, and keep every other program out inside the block; yield the revision.

    For a database that SQLite cannot read, which no program can be using, it is "unreadable".
    """
    with (
        closing(driver.connect(file_uri(database, "rw"), uri=True, isolation_level=None, timeout=1.0))
        if database.exists()
        else nullcontext() as c
    ):
        yield "none" if c is None else _fold(database, c)


def _fold(database: Path, connection: driver.Connection) -> str:
    try:
        busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        (mode,) = connection.execute("PRAGMA journal_mode=DELETE").fetchone()
        if busy or mode != "delete":
            raise _in_use(database)
        connection.execute("BEGIN EXCLUSIVE")
        return catalogue.revision(connection) or "none"
    except driver.Error as error:
        name = getattr(error, "sqlite_errorname", "") or ""
        if name.startswith(_UNREADABLE):
            connection.close()
            return "unreadable"
        if name.startswith("SQLITE_BUSY"):
            raise _in_use(database) from error
        raise unavailable(error) or error from error


def _in_use(database: Path) -> Conflict:
    return Conflict(f"another program has {database} open (a shell, Litestream): close it; nothing was changed")
