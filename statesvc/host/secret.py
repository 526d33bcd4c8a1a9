"""A secret of this installation, in a file of its own: not in the database, so in no backup and no view of it."""

import os
from contextlib import suppress
from pathlib import Path

from statesvc.domain.ids import Entropy
from statesvc.errors import Unavailable

SIZE = 32


def read_or_make(path: Path, entropy: Entropy) -> bytes:
    """Return the secret in the file, made now if there is none; it is on the disk when this answers.

    Raises Unavailable if the file cannot be read or written, or holds something else.
    """
    try:
        with suppress(FileNotFoundError):
            return _read(path)
        _write(path, entropy(SIZE))
        return _read(path)
    except OSError as error:
        raise Unavailable(f"the secret {path} cannot be read or made: {error.strerror}; nothing was changed") from None


def _read(path: Path) -> bytes:
    secret = path.read_bytes()
    if len(secret) != SIZE:
        raise Unavailable(f"the secret {path} is damaged: remove it, and keys of requests from before are refused")
    return secret


def _write(path: Path, secret: bytes) -> None:
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.unfinished")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.write(descriptor, secret)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    unfinished.rename(path)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
