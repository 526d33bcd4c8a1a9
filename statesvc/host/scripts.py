"""The folder of the wrapper scripts: files that are written whole or not at all, and never changed."""

import os
import stat
import threading
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from statesvc.domain.wrapper_script import digest_in, digest_of
from statesvc.faults import Point, passed
from statesvc.host import files

MODE = 0o700
_UNFINISHED = ".unfinished-"


class ScriptFolder:
    """`<data root>/runtimes`. What is not the file of a script in it is left alone."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._one_writer = threading.Lock()

    def write(self, scripts: Mapping[str, bytes]) -> None:
        """Write these files and wait until the disk has them; each is there with its content, or not at all.

        Raises OSError, also if the folder is a link.
        """
        with self._one_writer:  # the unfinished file of a script has one name
            files.make_folders(self.path, 0o700)
            with files.opened_folder(self.path) as folder:
                for name, content in scripts.items():
                    _write(folder, name, content)
                os.fsync(folder)
            passed(Point.SCRIPTS_SYNCED)

    def missing_or_altered(self, name: str, digest: str) -> str | None:
        """Return "missing" or "altered" for a file that is; None if its content is that of its digest."""
        try:
            descriptor = os.open(self.path / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            return "missing"
        except OSError:
            return "altered"
        try:
            status = os.fstat(descriptor)
            regular = stat.S_ISREG(status.st_mode) and status.st_mode & 0o7777 == MODE
            # One byte more than there is: a file that grows meanwhile has another digest, too.
            whole = regular and digest_of(os.read(descriptor, status.st_size + 1)) == digest
        finally:
            os.close(descriptor)
        return None if whole else "altered"

    def names(self) -> list[str]:
        """Return the names of the files here that are scripts, or were to be."""
        try:
            with os.scandir(self.path) as entries:
                found = [entry.name for entry in entries if not entry.is_dir(follow_symlinks=False)]
        except FileNotFoundError:
            return []
        return sorted(name for name in found if digest_in(name) or name.startswith(_UNFINISHED))

    def remove(self, names: Iterable[str]) -> None:
        """Remove these files, and wait until the disk has forgotten them. Raises OSError, also for a link's target."""
        with suppress(FileNotFoundError), files.opened_folder(self.path) as folder:
            for name in names:
                with suppress(FileNotFoundError):
                    os.unlink(name, dir_fd=folder)
                    passed(Point.SCRIPT_REMOVED)
            os.fsync(folder)
            passed(Point.SCRIPTS_REMOVED)


def _write(folder: int, name: str, content: bytes) -> None:
    unfinished = Path(f"{_UNFINISHED}{name[-64:]}")
    with suppress(FileNotFoundError):
        os.unlink(unfinished, dir_fd=folder)
    descriptor = files.open_file(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, folder=folder)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, MODE)  # whatever the umask says
        file.write(content)
        file.flush()
        passed(Point.SCRIPT_WRITTEN)
        os.fsync(descriptor)
        passed(Point.SCRIPT_SYNCED)
    os.rename(unfinished, name, src_dir_fd=folder, dst_dir_fd=folder)
    passed(Point.SCRIPT_RENAMED)
