"""A secret of this installation, in a file of its own: not in the database, so in no backup and no view of it."""

import os
from contextlib import suppress
from pathlib import Path

from statesvc.domain.ids import Entropy
from statesvc.errors import Unavailable
from statesvc.faults import Point, passed
from statesvc.host import files

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
    with os.fdopen(files.open_file(path, os.O_RDONLY), "rb") as file:
        secret = file.read(SIZE + 1)
    if len(secret) != SIZE:
        raise Unavailable(f"the secret {path} is damaged: remove it, and keys of requests from before are refused")
    return secret


def _write(path: Path, secret: bytes) -> None:
    unfinished = path.with_name(f"{path.name}.{os.getpid()}.unfinished")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(files.open_file(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL), "wb") as file:
        file.write(secret)
        file.flush()
        passed(Point.SECRET_WRITTEN)
        os.fsync(file.fileno())
        passed(Point.SECRET_SYNCED)
    unfinished.rename(path)
    passed(Point.SECRET_RENAMED)
    files.sync(path.parent)
