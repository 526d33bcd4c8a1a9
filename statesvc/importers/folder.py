"""Reads a folder that another program wrote: follows no symbolic links in it, and limits the size of each read."""

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from statesvc.errors import InvalidParameter, NotFound

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


class Unreadable(Exception):
    """A file or folder cannot be read, or its content cannot be understood. The text is one sentence."""


class Missing(Unreadable):
    """A file or folder does not exist."""


class Folder:
    """An open folder. Everything is opened relative to its descriptor, so that renames meanwhile do not matter."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def names(self) -> list[str]:
        """Return the names of the entries, sorted. Raises Unreadable."""
        try:
            with os.scandir(self._descriptor) as entries:
                return sorted(entry.name for entry in entries)
        except OSError as error:
            raise Unreadable(f"it cannot be listed: {error.strerror}") from None

    def is_folder(self, name: str) -> bool:
        """Return whether the entry is a folder, not a link to one."""
        try:
            return stat.S_ISDIR(self._look_at(name).st_mode)
        except Unreadable:
            return False

    @contextmanager
    def folder(self, *path: str) -> Iterator["Folder"]:
        """Open a folder below this one. Raises Missing, or Unreadable for links and anything but a folder."""
        descriptor = os.dup(self._descriptor)
        try:
            for name in path:
                inner = self._open_folder(descriptor, name)
                os.close(descriptor)
                descriptor = inner
            yield Folder(descriptor)
        finally:
            os.close(descriptor)

    def read(self, name: str, limit: int) -> bytes:
        """Return the content of a file.

        Raises Missing, or Unreadable for links, devices, and files of more than `limit` bytes.
        """
        # Check before opening: merely opening a device or a pipe can have effects.
        _check(name, self._look_at(name), limit)
        try:
            descriptor = os.open(name, _FILE, dir_fd=self._descriptor)
        except OSError as error:
            raise _unreadable(name, error) from None
        with os.fdopen(descriptor, "rb") as file:
            _check(name, os.fstat(descriptor), limit)
            try:
                content = file.read(limit + 1)
            except OSError as error:
                raise _unreadable(name, error) from None
        if len(content) > limit:
            raise _too_large(name, limit)
        return content

    def _look_at(self, name: str) -> os.stat_result:
        try:
            return os.stat(name, dir_fd=self._descriptor, follow_symlinks=False)
        except (OSError, ValueError) as error:
            raise _unreadable(name, error) from None

    @staticmethod
    def _open_folder(parent: int, name: str) -> int:
        try:
            return os.open(name, _FOLDER, dir_fd=parent)
        except (OSError, ValueError) as error:
            raise _unreadable(name, error) from None


@contextmanager
def opened(path: Path) -> Iterator[Folder]:
    """Open a folder that the user names; links in the path to it are followed.

    Raises NotFound if it does not exist, InvalidParameter if it cannot be opened as a folder.
    """
    try:
        descriptor = os.open(path, _FOLDER & ~os.O_NOFOLLOW)
    except FileNotFoundError:
        raise NotFound(f"there is no folder {path}") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise InvalidParameter(f"the folder {path} cannot be opened: {reason}") from None
    try:
        yield Folder(descriptor)
    finally:
        os.close(descriptor)


def _check(name: str, found: os.stat_result, limit: int) -> None:
    if stat.S_ISLNK(found.st_mode):
        raise Unreadable(f"{name} is a symbolic link, and links are not followed")
    if not stat.S_ISREG(found.st_mode):
        raise Unreadable(f"{name} is not a file")
    if found.st_size > limit:
        raise _too_large(name, limit)


def _too_large(name: str, limit: int) -> Unreadable:
    return Unreadable(f"{name} is larger than {limit // 1024 // 1024} MiB")


def _unreadable(name: str, error: Exception) -> Unreadable:
    if isinstance(error, FileNotFoundError):
        return Missing(f"{name} is missing")
    if isinstance(error, OSError) and error.errno in {errno.ELOOP, errno.ENOTDIR}:
        return Unreadable(f"{name} is a symbolic link or not a folder, and links are not followed")
    return Unreadable(f"{name} cannot be read: {error.strerror if isinstance(error, OSError) else error}")
