"""The data root: the folder of one installation, where everything in it lies, and the lock on it."""

import errno
import fcntl
import json
import os
import stat
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from statesvc.errors import Conflict, InvalidParameter, NotFound, Unavailable
from statesvc.host import files
from statesvc.host.log_loss import lacks_commits

TRIES = (0.005,) * 40
# The note in the lock file always has this size: to write it again needs no room on a full disk.
NOTE_SIZE = 512
# What keeps a note from being written, and nothing from being read.
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS}

LOG_LOST = (
    "the process that held the data root before ended without closing the database, and the log beside it is gone, cut "
    "or damaged: what it acknowledged last may be lost; restore a backup if something is missing"
)


@dataclass(frozen=True, slots=True)
class Holder:
    """The process that holds, or last held, a data root (None: unknown), and the socket it serves ("": none)."""

    pid: int | None = None
    socket: str = ""


class Held:
    """A data root while this process holds it.

    `tightened` is what others could read or write until now. `log_lost` says that the process that held it before ended
    without closing the database, and that what it wrote last is gone with the log, or with a part of it.
    """

    def __init__(self, descriptor: int | None, socket: str, root: "DataRoot") -> None:
        self._descriptor = descriptor
        self._socket = socket
        self._database, self._log = root.database, str(root.log)
        self.tightened = tuple(path for path in root.private() if files.close_to_others(path))
        # The time of the lock file is the one of the last write, that of the database the one of the last checkpoint.
        self._last_write = os.fstat(descriptor).st_mtime_ns if descriptor is not None else 0
        unclean = bool(_note_in(descriptor).get("open"))
        gone = not _size(root.log) and self._last_write > _changed_at(self._database)
        self.log_lost = unclean and (gone or lacks_commits(root.log, root.log_index))
        self._note(opened=unclean)

    def database_opened(self) -> None:
        """Note that the database is open: a process that finds this note later knows that it was not closed."""
        self._last_write = _changed_at(self._database)
        self._note(opened=True)

    def written(self) -> None:
        """Note the time of the last write, after each commit."""
        if self._descriptor is None:
            return
        with suppress(OSError):
            log = os.stat(self._log)  # noqa: PTH116 - after each commit; a Path takes three times as long
            if log.st_size:
                self._last_write = log.st_mtime_ns
                os.utime(self._descriptor, ns=(self._last_write, self._last_write))

    def database_closing(self) -> None:
        """Note that the database is about to be closed."""
        self._note(opened=False)

    def end(self) -> None:
        """Blank the note."""
        self._write(b"")

    def _note(self, *, opened: bool) -> None:
        self._write(json.dumps({"pid": os.getpid(), "socket": self._socket, "open": opened}).encode())

    def _write(self, note: bytes) -> None:
        if self._descriptor is None:
            return
        with suppress(OSError):  # on a full disk nobody learns who holds the data root; it is held all the same
            os.pwrite(self._descriptor, note.ljust(NOTE_SIZE), 0)
            os.ftruncate(self._descriptor, max(NOTE_SIZE, len(note)))
            os.utime(self._descriptor, ns=(self._last_write, self._last_write))
            os.fsync(self._descriptor)


class DataRoot:
    """The folder of one installation. Its paths are absolute; none of them need exist."""

    def __init__(self, path: Path) -> None:
        """Name the folder. Raises InvalidParameter for a path that no file can have, or that is not UTF-8."""
        self.path = path.absolute()
        if not _is_utf8(str(self.path)):
            raise InvalidParameter(f"the path of the data root {str(self.path)!r} is not UTF-8, or has a zero byte")
        self.database = self.path / "statesvc.db"
        self.scripts = self.path / "runtimes"
        self.backups = self.path / "backups"
        self.idempotency_key = self.path / "idempotency.key"
        self.lock_file = self.path / "lock"
        self.reserve = self.path / "reserve"

    @property
    def log(self) -> Path:
        """The log of the database, which holds what is committed and not yet in its file."""
        return self.database.with_name(f"{self.database.name}-wal")

    @property
    def log_index(self) -> Path:
        """The index of that log, which is shared by all that have the database open."""
        return self.database.with_name(f"{self.database.name}-shm")

    def existing_database(self) -> Path:
        """Return the path of the database. Raises NotFound if there is none, and as `refuse_links` does."""
        self.refuse_links()
        if not self.database.exists():
            raise NotFound(f"there is no database {self.database}")
        return self.database

    def make(self) -> None:
        """Make the folder if it is not there, for its owner only. Raises Unavailable if it cannot be made."""
        try:
            files.make_folders(self.path, 0o700)
        except OSError as error:
            raise Unavailable(f"the data root {self.path} cannot be made: {error.strerror}") from None

    def refuse_links(self) -> None:
        """Raise Unavailable if a file or folder in it is a link, of another kind, or a stranger's.

        What root opens in a data root of another user, that user could have led elsewhere.
        """
        try:
            self._refuse_misleading_path()
            folder = self.path.stat()
            for what, path in self._files().items():
                self._refuse(what, path, files.owners(folder))
            for what, path in {"folder of scripts": self.scripts, "folder of backups": self.backups}.items():
                self._refuse(what, path, files.owners(folder), folder=True)
        except FileNotFoundError:
            return
        except OSError as error:
            raise Unavailable(f"the data root {self.path} cannot be read: {error.strerror}") from None

    def _files(self) -> dict[str, Path]:
        beside = {
            f"file {suffix}": self.database.with_name(f"{self.database.name}{suffix}")
            for suffix in ("-wal", "-shm", "-journal")
        }
        named = {"lock file": self.lock_file, "secret": self.idempotency_key, "reserve": self.reserve}
        return named | {"database": self.database} | beside

    def _refuse(self, what: str, path: Path, owners: frozenset[int], *, folder: bool = False) -> None:
        try:
            status = path.lstat()
        except FileNotFoundError:
            return
        why = files.fault(status, owners, folder=folder)
        if not why or (path == self.database and status.st_nlink > 1 and self._is_also_a_backup(status)):
            return
        if why == "is a link":
            remedy = "put the folder itself, or a bind mount, in its place" if folder else "put the file itself there"
        elif "names" in why:
            remedy = "remove the other name, or put a copy there"
        else:
            remedy = f"move it away, or `chown --reference={self.path}` it, if it is yours"
        raise Unavailable(
            f"the data root {self.path} cannot be used: its {what} {path} {why}; nothing was changed: {remedy}"
        )

    def _is_also_a_backup(self, status: os.stat_result) -> bool:
        """Return whether a file has its second name among the backups: a restore gives it one before it replaces it."""
        with suppress(OSError), os.scandir(self.backups) as entries:
            kept = sum(entry.inode() == status.st_ino for entry in entries)
            return kept == status.st_nlink - 1
        return False

    def _refuse_misleading_path(self) -> None:
        """Refuse a path through a link that neither root, this process's user, nor the owner of its target made."""
        for part in (self.path, *self.path.parents):
            link = part.lstat()
            if stat.S_ISLNK(link.st_mode) and link.st_uid not in files.owners(part.stat()):
                raise Unavailable(
                    f"the data root {self.path} cannot be used: {part} is a link that user {link.st_uid} made to "
                    "what is not theirs; name the data root by its own path"
                )

    @contextmanager
    def lock(self, *, socket: str = "") -> Iterator[Held]:
        """Hold the data root while inside the `with` block, as everything must that changes what is in it.

        The folder itself is locked, so that the lock holds if its file is removed; and that file, which has a note of
        this process. `socket` is where it can be asked meanwhile. A full or read-only disk keeps nobody from this.
        Raises Conflict if another process holds the data root, Unavailable if it cannot be used, as by another user.
        """
        self.refuse_links()
        with ExitStack() as stack:
            folder, file = self._open_folder(stack), self._open_lock(stack)
            # Some tries, as a process that only looks (is_held) holds the lock for an instant, too.
            for descriptor in filter(None, (folder, file)):
                if not any(_locked(descriptor, fcntl.LOCK_EX, wait=wait) for wait in (0, *TRIES)):
                    raise self.in_use()
            held = Held(file, socket, self)
            stack.callback(held.end)
            yield held

    def private(self) -> tuple[Path, ...]:
        """Return everything in it that only its owner may read."""
        return (self.path, *self._files().values(), self.scripts, self.backups)

    def _open_folder(self, stack: ExitStack) -> int:
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            raise self._unwritable(error) from None
        stack.callback(os.close, descriptor)
        return descriptor

    def _open_lock(self, stack: ExitStack) -> int | None:
        try:
            descriptor = files.open_file(self.lock_file, os.O_RDWR | os.O_CREAT)
        except OSError as error:
            if error.errno in _NO_ROOM:
                return None
            raise self._unwritable(error) from None
        stack.callback(os.close, descriptor)
        return descriptor

    def _unwritable(self, error: OSError) -> Unavailable:
        return Unavailable(f"the data root {self.path} cannot be written: {error.strerror}; nothing was changed")

    def is_held(self) -> bool:
        """Return whether a process holds the data root now."""
        return any(map(_is_locked, (self.path, self.lock_file)))

    def holder(self) -> Holder:
        """Return which process holds, or last held, the data root, as far as it is known."""
        try:
            descriptor = files.open_file(self.lock_file, os.O_RDONLY)
        except OSError:
            return Holder()
        try:
            noted = _note_in(descriptor)
            return Holder(int(noted["pid"]), str(noted["socket"]))  # type: ignore[call-overload]
        except (ValueError, KeyError, TypeError):
            return Holder()
        finally:
            os.close(descriptor)

    def in_use(self) -> Conflict:
        """Return the error for a data root that another process holds."""
        pid = self.holder().pid
        return Conflict(
            f"the data root {self.path} is in use by another statesvc (process {pid or 'unknown'}): "
            "stop it, or name another --data-root"
        )


def _note_in(descriptor: int | None) -> dict[str, object]:
    if descriptor is None:
        return {}
    try:
        noted = json.loads(os.pread(descriptor, 65_536, 0))
    except (OSError, ValueError):
        return {}
    return noted if isinstance(noted, dict) else {}


def _changed_at(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _is_utf8(text: str) -> bool:
    try:
        return b"\0" not in text.encode()
    except UnicodeEncodeError:
        return False


def _is_locked(path: Path) -> bool:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        # Shared, so that two that ask at once do not see each other.
        return not _locked(descriptor, fcntl.LOCK_SH)
    finally:
        os.close(descriptor)


def _locked(descriptor: int, kind: int, *, wait: float = 0) -> bool:
    time.sleep(wait)
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except OSError as error:
        # A file system that cannot lock a folder leaves it to the lock file.
        return error.errno not in {errno.EWOULDBLOCK, errno.EAGAIN}
    return True
