"""Put a backup in the place of the database, while nobody has it open, and keep what it replaces.

At every moment the database's path names the whole one before or the whole one after.
"""

import os
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from statesvc.db import migrate
from statesvc.db.backup import Backup, Backups, copy, disk_errors, publish, remove, verified
from statesvc.db.engine import driver, unavailable
from statesvc.errors import Conflict, InvalidParameter, NotFound, Unavailable

_UNREADABLE = ("SQLITE_CORRUPT", "SQLITE_NOTADB")


@dataclass(frozen=True, slots=True)
class Restored:
    """What is in the database's place now, and where the one before is kept."""

    backup: Backup
    replaced: Path | None


def restore(source: Path, database: Path, *, backups: Backups) -> Restored:
    """Put a copy of the source in the place of the database. The caller holds the data-root lock.

    Raises NotFound, InvalidParameter or Conflict for a source that cannot be restored, Unavailable if another program
    has the database open; then nothing was changed.
    """
    _refuse_unfit(source, database)
    new = database.with_name(f"{database.name}.restored")
    with disk_errors(database):
        remove(new)
        backup = copy(source, new)
        try:
            replaced = _keep(database, backups) if database.exists() else None
            publish(new, database)
        finally:
            remove(new)
        if replaced is not None:
            backups.prune(spare=replaced)
    return Restored(backup, replaced)


def _refuse_unfit(source: Path, database: Path) -> None:
    if not source.is_file():
        raise NotFound(f"there is no file {source}")
    if database.exists() and source.samefile(database):
        raise InvalidParameter(f"{source} is the database itself: name a backup of it")
    if migrate.refuse_newer(source) is None:
        raise InvalidParameter(f"{source} is not a database of statesvc")
    verified(source)


def _keep(database: Path, backups: Backups) -> Path:
    """Give the database a second name among the backups, with its log folded into it."""
    revision = _fold(database)
    kept = backups.new_name(revision, replaced=True)
    try:
        _keep_log(database, kept)
        os.link(database, kept)
    except OSError as error:
        raise Unavailable(f"{database} cannot be kept as {kept}: {error.strerror}; nothing was changed") from None
    return kept


def _keep_log(database: Path, kept: Path) -> None:
    # Only where SQLite could not fold it in. A log left behind would be read into the restored database.
    log = database.with_name(f"{database.name}-wal")
    if log.exists():
        os.link(log, kept.with_name(f"{kept.name}-wal"))
    for suffix in ("-wal", "-shm"):
        database.with_name(f"{database.name}{suffix}").unlink(missing_ok=True)


def _fold(database: Path) -> str | None:
    """Let SQLite move the log into the database file and remove it; answer the revision, None if it cannot be read."""
    try:
        with closing(driver.connect(database, isolation_level=None, timeout=1.0)) as connection:
            busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            (mode,) = connection.execute("PRAGMA journal_mode=DELETE").fetchone()
            if busy or mode != "delete":
                raise _in_use(database)
        return migrate.current(database) or "none"
    except driver.Error as error:
        name = getattr(error, "sqlite_errorname", "") or ""
        if name.startswith(_UNREADABLE):
            return None
        if name.startswith("SQLITE_BUSY"):
            raise _in_use(database) from error
        raise unavailable(error) or error from error


def _in_use(database: Path) -> Any:
    return Conflict(f"another program has {database} open (a shell, Litestream): close it; nothing was changed")
