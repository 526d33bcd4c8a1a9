"""The Unix sockets that are served."""

import asyncio
import errno
import os
import socket
import stat
from collections.abc import Sequence
from pathlib import Path

import structlog

from statesvc.api.wire.server import Server
from statesvc.errors import Conflict, InvalidParameter, StateError, Unavailable

log = structlog.get_logger(__name__)

_SCHEME = "unix://"
BACKLOG = 4096
LOOK_SECONDS = 2


def socket_path(host: str) -> Path:
    """Return the path of an address. Raises InvalidParameter for other addresses than Unix sockets."""
    path = host.removeprefix(_SCHEME)
    if not host.startswith(_SCHEME) or not path:
        raise InvalidParameter(f"the address {host!r} cannot be served: write it as unix:///path/to/the.sock")
    return Path(path).absolute()


def bind(host: str, mode: int) -> socket.socket:
    """Return a listening socket. A stale one in its place is replaced; one that is served raises Conflict.

    Its folder is made if it is missing, so that all can enter it and only its owner can change what is in it, whatever
    the umask is. When root serves in the folder of another user, the socket is that user's.
    """
    path = socket_path(host)
    try:
        _make_folders(path.parent)
        _clear(path)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        # The mode must be right from the first moment on, not after a chmod.
        before = os.umask(0o777 & ~mode)
        try:
            listener.bind(str(path))
        finally:
            os.umask(before)
        _give_to_owner_of(path.parent, path)
        listener.listen(BACKLOG)
    except OSError as error:
        raise Unavailable(f"the socket {path} cannot be made: {error.strerror or error}") from None
    listener.setblocking(False)  # noqa: FBT003 - the standard library has no other way
    return listener


def _make_folders(folder: Path) -> None:
    if folder.exists():
        return
    _make_folders(folder.parent)
    before = os.umask(0o022)
    try:
        folder.mkdir(mode=0o755, exist_ok=True)
    finally:
        os.umask(before)
    _give_to_owner_of(folder.parent, folder)


def _give_to_owner_of(folder: Path, path: Path) -> None:
    owner = folder.stat()
    if os.geteuid() == 0 and owner.st_uid:
        os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)


def _clear(path: Path) -> None:
    try:
        if not stat.S_ISSOCK(path.lstat().st_mode):
            raise Conflict(
                f"{path} is in the way of the socket, and is not one: move it, or name another -H unix://PATH"
            )
    except FileNotFoundError:
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        # A program that accepts nothing, whose queue is full, would hold up the whole service.
        probe.setblocking(False)  # noqa: FBT003 - the standard library has no other way
        reason = probe.connect_ex(str(path))
    if reason in {errno.ECONNREFUSED, errno.ENOENT}:
        path.unlink(missing_ok=True)
        return
    if reason not in {0, errno.EAGAIN, errno.EINPROGRESS}:
        raise OSError(reason, os.strerror(reason))
    raise Conflict(f"the socket {path} is served by another program: stop it, or name another -H unix://PATH")


class Listener:
    """A served address. Its socket is made again when its file was removed: without it no client finds the service."""

    def __init__(self, host: str, mode: int) -> None:
        """Make the socket. Raises Conflict and Unavailable as `bind` does."""
        self._host = host
        self._mode = mode
        self._path = socket_path(host)
        self._reason = ""
        self.socket = bind(host, mode)
        self._file = _identity(self._path)

    def renew(self) -> socket.socket | None:
        """Return a new socket if the file of the old one is gone, None if all is well or nothing can be done."""
        found = _identity(self._path)
        if found == self._file:
            return None
        try:
            made = bind(self._host, self._mode)
        except StateError as error:  # another service is there, say: that is noted once
            if error.message != self._reason:
                log.warning("the socket is not where clients look for it", path=str(self._path), reason=error.message)
            self._reason = error.message
            return None
        self._file, self._reason, self.socket = _identity(self._path), "", made
        log.warning("the socket was removed or replaced while it was served: it is made again", path=str(self._path))
        return made

    def close(self) -> None:
        """Remove the file, if it is still the one that was made here."""
        if _identity(self._path) == self._file:
            self._path.unlink(missing_ok=True)


async def watch(listeners: Sequence[Listener], server: Server) -> None:
    """Look every few seconds whether the sockets are still there, and make those again that are not."""
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        for listener in listeners:
            before = listener.socket
            try:
                if (made := listener.renew()) is not None:
                    server.listen(made, instead_of=before)
            except Exception:  # a look that fails must not be the last one
                log.exception("a look at a socket met a bug")


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.lstat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
