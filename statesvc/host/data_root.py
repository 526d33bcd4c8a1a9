"""The data root: the folder of one installation, where everything in it lies, and the lock on it."""

import errno
import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from statesvc.errors import Conflict, NotFound, Unavailable

TRIES = (0.005,) * 40


@dataclass(frozen=True, slots=True)
class Holder:
    """The process that holds, or last held, a data root (None: unknown), and the socket it serves ("": none)."""

    pid: int | None = None
    socket: str = ""


class DataRoot:
    """The folder of one installation. Its paths are absolute; none of them need exist."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.database = self.path / "statesvc.db"
        self.scripts = self.path / "runtimes"
        self.backups = self.path / "backups"
        self.idempotency_key = self.path / "idempotency.key"
        self._lock = self.path / "lock"

    def existing_database(self) -> Path:
        """Return the path of the database. Raises NotFound if there is none."""
        if not self.database.exists():
            raise NotFound(f"there is no database {self.database}")
        return self.database

    def make(self) -> None:
        """Make the folder if it is not there, for its owner only. Raises Unavailable if it cannot be made."""
        try:
            self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as error:
            raise Unavailable(f"the data root {self.path} cannot be made: {error.strerror}") from None

    @contextmanager
    def lock(self, *, socket: str = "") -> Iterator[None]:
        """Hold the data root while inside the `with` block, as everything must that changes what is in it.

        `socket` is where this process can be asked meanwhile. Raises Conflict if another process holds the data root,
        Unavailable if its lock cannot be written, as on a full disk.
        """
        descriptor = self._open_lock()
        try:
            # Some tries, as a process that only looks (is_held) holds the lock for an instant, too.
            if not any(_locked(descriptor, fcntl.LOCK_EX, wait=wait) for wait in (0, *TRIES)):
                raise self.in_use()
            self._note_holder(descriptor, socket)
            try:
                yield
            finally:
                os.ftruncate(descriptor, 0)
        finally:
            os.close(descriptor)

    def _open_lock(self) -> int:
        try:
            # Not through a link: what it leads to would be emptied.
            return os.open(self._lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise self._unwritable(error) from None

    def _note_holder(self, descriptor: int, socket: str) -> None:
        try:
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, json.dumps({"pid": os.getpid(), "socket": socket}).encode(), 0)
        except OSError as error:
            raise self._unwritable(error) from None

    def _unwritable(self, error: OSError) -> Unavailable:
        reason = f"its lock file {self._lock} is a link" if error.errno == errno.ELOOP else error.strerror
        return Unavailable(f"the data root {self.path} cannot be written: {reason}; nothing was changed")

    def is_held(self) -> bool:
        """Return whether a process holds the data root now."""
        try:
            descriptor = os.open(self._lock, os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return False
        try:
            # Shared, so that two that ask at once do not see each other.
            return not _locked(descriptor, fcntl.LOCK_SH)
        finally:
            os.close(descriptor)

    def holder(self) -> Holder:
        """Return which process holds, or last held, the data root, as far as it is known."""
        try:
            noted = json.loads(self._lock.read_text())
            return Holder(int(noted["pid"]), str(noted["socket"]))
        except (OSError, ValueError, KeyError, TypeError):
            return Holder()

    def in_use(self) -> Conflict:
        """Return the error for a data root that another process holds."""
        return Conflict(
            f"the data root {self.path} is in use by another statesvc (process {self.holder().pid}): "
            "stop it, or name another --data-root"
        )


def _locked(descriptor: int, kind: int, *, wait: float = 0) -> bool:
    time.sleep(wait)
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
