"""Compaction: a copy without free pages takes the place of the database, which no program may have open.

At every moment the database's path names the whole one before or the whole one after.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from statesvc.db.failures import unavailable
from statesvc.db.schema import catalogue
from statesvc.db.schema.backup import compact_copy, disk_errors, publish, remove, verified
from statesvc.db.sqlite import WHOLE_FILE_CACHE, driver
from statesvc.errors import Conflict, Unavailable
from statesvc.faults import Point, passed


@dataclass(frozen=True, slots=True)
class Compacted:
    """How many bytes the database had before and has now, and how many rows."""

    before: int
    after: int
    rows: int


def compact(database: Path) -> Compacted:
    """Give the free pages of a database back to the disk. The caller holds the data-root lock.

    Raises Conflict if another program has the database open, or if it is damaged; Unavailable if disk or database
    refuse. Then nothing was changed.
    """
    if database.is_symlink():
        raise Conflict(f"{database} is a link: name the data root in which the database itself is")
    new, before = unfinished(database), database.stat()
    remove(new)
    with disk_errors(database), _alone(database) as connection:
        found = catalogue.damage(connection)
        if found.file:
            raise Conflict(f"{database} is damaged: {'; '.join(found.file[:10])}; restore a backup")
        expected = catalogue.contents(connection)
        passed(Point.COMPACT_ALONE)
        try:
            compact_copy(connection, new)
            passed(Point.COMPACT_COPIED)
            copied = verified(new)
            if copied.tables != expected:
                raise Unavailable(
                    f"the copy of {database} differs from it: it was thrown away, and nothing was changed"
                )
            _keep_owner_and_mode(database, new)
            passed(Point.COMPACT_VERIFIED)
            publish(new, database)
        finally:
            remove(new)
    return Compacted(before.st_size, database.stat().st_size, copied.rows)


def unfinished(database: Path) -> Path:
    """Return the name of the copy while it is made: a compaction that was killed leaves it."""
    return database.with_name(f"{database.name}.compacted")


def _keep_owner_and_mode(model: Path, path: Path) -> None:
    owner = model.stat()
    if (owner.st_uid, owner.st_gid) != (path.stat().st_uid, path.stat().st_gid):
        os.chown(path, owner.st_uid, owner.st_gid)
    shutil.copystat(model, path)  # attributes, too


@contextmanager
def _alone(database: Path) -> Iterator[driver.Connection]:
    """Fold the log into the database; yield a connection that keeps every other program out."""
    try:
        with closing(driver.connect(database, isolation_level=None, timeout=1.0)) as connection:
            connection.execute(f"PRAGMA {WHOLE_FILE_CACHE}")
            busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            (mode,) = connection.execute("PRAGMA journal_mode=DELETE").fetchone()
            if busy or mode != "delete":
                raise _in_use(database)
            # The lock outlives the transaction: VACUUM runs in none.
            connection.execute("PRAGMA locking_mode=EXCLUSIVE")
            connection.execute("BEGIN EXCLUSIVE")
            connection.execute("COMMIT")
            yield connection
    except driver.Error as error:
        if (getattr(error, "sqlite_errorname", "") or "").startswith("SQLITE_BUSY"):
            raise _in_use(database) from error
        raise unavailable(error) or error from error


def _in_use(database: Path) -> Conflict:
    return Conflict(f"another program has {database} open (a shell, Litestream): close it; nothing was changed")
