"""The folder of the wrapper scripts: files that are written whole or not at all, and never changed."""

import os
import threading
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from statesvc.domain.wrapper_script import digest_in, digest_of

MODE = 0o700
_UNFINISHED = ".unfinished-"


class ScriptFolder:
    """`<data root>/runtimes`. What is not the file of a script in it is left alone."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._one_writer = threading.Lock()

    def write(self, files: Mapping[str, bytes]) -> None:
        """Write these files and wait until the disk has them; each is there with its content, or not at all."""
        with self._one_writer:  # the unfinished file of a script has one name
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            for name, content in files.items():
                self._write(name, content)
            self._sync()

    def missing_or_altered(self, name: str, digest: str) -> str | None:
        """Return "missing" or "altered" for a file that is; None if its content is that of its digest."""
        path = self.path / name
        try:
            status = path.lstat()
            content = path.read_bytes()
        except FileNotFoundError:
            return "missing"
        except OSError:
            return "altered"
        whole = digest_of(content) == digest and not path.is_symlink() and status.st_mode & 0o7777 == MODE
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
        """Remove these files, and wait until the disk has forgotten them."""
        for name in names:
            with suppress(FileNotFoundError):
                (self.path / name).unlink()
        if self.path.is_dir():
            self._sync()

    def _write(self, name: str, content: bytes) -> None:
        unfinished = self.path / f"{_UNFINISHED}{name[-64:]}"
        unfinished.unlink(missing_ok=True)
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, MODE)
        try:
            os.fchmod(descriptor, MODE)  # whatever the umask says
            with os.fdopen(descriptor, "wb", closefd=False) as file:
                file.write(content)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        unfinished.rename(self.path / name)

    def _sync(self) -> None:
        descriptor = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
