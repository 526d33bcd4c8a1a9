"""The lock on a data root: whoever changes what is in it holds this lock, and there is one at a time."""

import fcntl
import json
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from statesvc.errors import Conflict


class DataRootLock:
    """Hold the data root while inside the `with` block. Entering raises Conflict if another process holds it."""

    def __init__(self, data_root: Path, *, socket: str = "") -> None:
        self.data_root = data_root
        self._socket = socket
        self._path = data_root / "lock"
        self._descriptor = -1

    def __enter__(self) -> Self:
        self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._descriptor)
            raise Conflict(
                f"the data root {self.data_root} is in use by another statesvc (process {holder(self.data_root)[0]}): "
                "stop it, or name another --data-root"
            ) from None
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, json.dumps({"pid": os.getpid(), "socket": self._socket}).encode(), 0)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.ftruncate(self._descriptor, 0)
        os.close(self._descriptor)


def holder(data_root: Path) -> tuple[int | None, str]:
    """Return the process that holds or last held the lock, and the socket it serves; (None, "") if unknown."""
    try:
        noted = json.loads((data_root / "lock").read_text())
        return int(noted["pid"]), str(noted["socket"])
    except (OSError, ValueError, KeyError, TypeError):
        return None, ""
