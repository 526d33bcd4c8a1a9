"""Backups: one committed state of a database in one file, taken while others write, opened and compared."""

import os
import re
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from statesvc.db.failures import unavailable
from statesvc.db.file_uri import file_uri
from statesvc.db.schema import catalogue
from statesvc.db.schema.unfinished import PARTIAL, give_to_owner_of, remove_abandoned, sync, unfinished_folder
from statesvc.db.sqlite import driver, snapshot
from statesvc.domain.times import SECOND, Clock
from statesvc.errors import Conflict, Unavailable
from statesvc.faults import Point, passed

PAGES_AT_ONCE = 1_024
# A copy is compacted if more than one page in so many is free: for a few that are, it is not worth the time.
_FREE_AT_MOST = 256
_KEPT = re.compile(r"statesvc-\d{8}T\d{6}\.\d{9}Z-\w+?(-replaced)?\.db")
# The end of a backup's name while the migration that it was taken for may still fail.
_PENDING = ".pending"


@dataclass(frozen=True, slots=True)
class Backup:
    """A verified copy: where it is, the revision of its schema, what it holds, and what is wrong with rows in it."""

    path: Path
    revision: str | None
    tables: dict[str, catalogue.Contents]
    damaged_rows: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """How many rows it has in all tables."""
        return sum(table.rows for table in self.tables.values())


def copy(database: Path, target: Path, *, sound: bool = True) -> Backup:
    """Copy one committed state of a database to a new file, and verify the copy. Other programs may go on writing.

    The file is there, synced, with mode 0600, once this returns; before, and after an error, there is none. Damaged
    rows are copied as they are, and named in the result. Raises Conflict if the target exists or the file of the
    database is damaged (unless it need not be `sound`: the copy is as damaged), Unavailable if disk or database cannot
    be used.
    """
    if os.path.lexists(target):  # a link to what is not there now would be replaced, too
        raise Conflict(f"{target} exists already: name a file that does not")
    with _unfinished(target) as partial:
        passed(Point.BACKUP_BEGUN)
        with snapshot(database) as source:
            _copy_pages(source, partial)
            passed(Point.BACKUP_COPIED)
            expected = catalogue.contents(source)
        backup = verified(partial, copy_of=database, sound=sound)
        _refuse_difference(database, backup, expected)
        if _has_free_pages(partial) and _compact(partial):
            _refuse_difference(database, verified(partial, copy_of=database, sound=sound), expected)
        passed(Point.BACKUP_VERIFIED)
        publish(partial, target)
    return replace(backup, path=target)


def compact_copy(source: driver.Connection, target: Path) -> None:
    """Copy a database, with nothing but its pages in use, to a file that is not there yet: it is not synced."""
    os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600))
    source.execute("VACUUM INTO ?", (str(target),))


def verified(path: Path, *, copy_of: Path | None = None, sound: bool = True) -> Backup:
    """Open a copy and read all of it. Raises Conflict if the file is damaged, Unavailable if it cannot be read."""
    with snapshot(path) as connection:
        found = catalogue.damage(connection)
        if sound and found.file:
            raise Conflict(f"{copy_of or path} is damaged: {'; '.join(found.file[:10])}")
        return Backup(path, catalogue.revision(connection), catalogue.contents(connection), found.rows)


def publish(partial: Path, target: Path) -> None:
    """Give a finished file its name, so that it is there as a whole or not at all, also after a power loss."""
    sync(partial)
    passed(Point.FILE_SYNCED)
    partial.rename(target)
    passed(Point.FILE_RENAMED)
    sync(target.parent)
    passed(Point.FILE_PUBLISHED)


def make_folder(folder: Path) -> None:
    """Make a folder that only its owner can open; it gets the owner of the folder above, and is synced with its name.

    Raises Unavailable if a link is in its place: what leads elsewhere could be anybody's.
    """
    if folder.is_symlink():
        raise Unavailable(f"{folder} is a link: put the folder itself, or a bind mount, in its place")
    if not folder.is_dir():
        folder.mkdir(mode=0o700)
        give_to_owner_of(folder.parent, folder)
        sync(folder.parent)


def make_file(path: Path) -> None:
    """Make an empty file that only its owner can open, who is that of its folder. One that is there stays as it is."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        return
    os.close(descriptor)
    give_to_owner_of(path.parent, path)
    sync(path.parent)


def remove(path: Path) -> None:
    """Remove a database file and what SQLite keeps beside it, if they are there."""
    for suffix in ("", "-wal", "-shm", "-journal"):
        path.with_name(f"{path.name}{suffix}").unlink(missing_ok=True)


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn what the disk refuses inside the block into Unavailable."""
    try:
        yield
    except OSError as error:
        raise Unavailable(f"{path} cannot be written: {error.strerror}") from None


@dataclass(frozen=True, slots=True)
class Backups:
    """The folder of the backups that statesvc names itself, and how many of them are kept."""

    folder: Path
    keep: int
    clock: Clock

    def take(self, database: Path, *, sound: bool = True) -> Backup:
        """Back up a database under a name with the time in it, and remove the oldest beyond the number that is kept."""
        with self.around(database, sound=sound) as backup:
            return backup

    @contextmanager
    def around(self, database: Path, *, sound: bool = True) -> Iterator[Backup]:
        """Back up a database for the change inside the block; prune when it is done, remove the copy if it fails."""
        backup = copy(database, self.new_name(_revision(database)), sound=sound)
        try:
            yield backup
        except BaseException:
            remove(backup.path)
            raise
        self.prune(spare=backup.path)

    def take_for_migration(self, database: Path) -> Backup:
        """Back up a database that is to be migrated, and prune nothing. Call `settle` when that is done or has failed.

        The result has the path that `settle` gives to the copy.
        """
        self.settle(database)
        target = self.new_name(_revision(database))
        return replace(copy(database, _pending(target)), path=target)

    def settle(self, database: Path) -> None:
        """Give the backup of a finished migration its name and prune; remove that of one that failed or was killed.

        A failed migration leaves the schema that is in the backup, so the copy helps nobody: repeated by a service
        manager, such copies would fill the disk, and displace every older backup.
        """
        remove_abandoned(self.folder)  # a copy that was not finished when a migration was killed
        for left in sorted(self.folder.glob(f"*{_PENDING}")):
            if _revision(left) == _revision(database):
                remove(left)
                continue
            with disk_errors(left):
                publish(left, left.with_name(left.name.removesuffix(_PENDING)))
            self.prune(spare=left.with_name(left.name.removesuffix(_PENDING)))

    def new_name(self, revision: str | None, *, replaced: bool = False) -> Path:
        """Return the name for a file that is kept now, in a folder that is there."""
        with disk_errors(self.folder):
            make_folder(self.folder)
        seconds, fraction = divmod(self.clock(), SECOND)
        time = f"{datetime.fromtimestamp(seconds, UTC):%Y%m%dT%H%M%S}.{fraction:09d}Z"
        return self.folder / f"statesvc-{time}-{revision or 'none'}{'-replaced' if replaced else ''}.db"

    def prune(self, *, spare: Path) -> None:
        """Remove the oldest beyond the number that is kept, and what a killed backup left; never the spared one."""
        kept = sorted(entry for entry in self.folder.iterdir() if _KEPT.fullmatch(entry.name) and entry != spare)
        for oldest in kept[: max(0, len(kept) + 1 - self.keep)]:
            remove(oldest)
            passed(Point.BACKUP_PRUNED)
        remove_abandoned(self.folder)


def _revision(database: Path) -> str | None:
    with snapshot(database) as connection:
        return catalogue.revision(connection)


def _pending(target: Path) -> Path:
    return target.with_name(f"{target.name}{_PENDING}")


@contextmanager
def _unfinished(target: Path) -> Iterator[Path]:
    """Yield a new empty file near the target; unless it was given its name, nothing of it stays."""
    prefix = f"{target.name[:80]}."
    with disk_errors(target), unfinished_folder(target.parent, prefix=prefix, suffix=PARTIAL) as folder:
        remove_abandoned(target.parent, prefix=prefix)
        partial = folder / "statesvc.db"
        make_file(partial)
        yield partial


def _copy_pages(source: driver.Connection, partial: Path) -> None:
    try:
        with closing(driver.connect(file_uri(partial, "rw"), uri=True, isolation_level=None)) as target:
            source.backup(target, pages=PAGES_AT_ONCE)
            # One file, with nothing beside it, can be moved and opened anywhere.
            target.execute("PRAGMA journal_mode=DELETE")
    except driver.Error as error:
        known = unavailable(error)
        if known is None and not getattr(error, "sqlite_errorname", None):
            # SQLite's backup API gives the driver a text without a code, for example when the disk is full.
            known = Unavailable(f"{partial.parent} cannot take the copy: {error}; nothing was changed")
        raise known or error from error


def _refuse_difference(database: Path, backup: Backup, expected: dict[str, catalogue.Contents]) -> None:
    if backup.tables != expected:
        wrong = sorted(table for table in expected if backup.tables.get(table) != expected[table])
        raise Unavailable(f"the copy of {database} differs from it in {', '.join(wrong)}: it was thrown away")


def _has_free_pages(path: Path) -> bool:
    with snapshot(path) as connection:
        (free,) = connection.execute("PRAGMA freelist_count").fetchone()
        (pages,) = connection.execute("PRAGMA page_count").fetchone()
    return bool(free * _FREE_AT_MOST > pages)


def _compact(partial: Path) -> bool:
    """Leave the free pages of a copy out; return whether that could be done. Without room for it the copy stays."""
    compacted = partial.with_name(f"{partial.name}.compacted")
    try:
        with closing(driver.connect(file_uri(partial, "rw"), uri=True, isolation_level=None)) as connection:
            compact_copy(connection, compacted)
        give_to_owner_of(partial, compacted)
        compacted.rename(partial)
    except (driver.Error, OSError):
        return False
    finally:
        remove(compacted)
    return True
