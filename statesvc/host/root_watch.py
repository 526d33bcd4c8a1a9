"""Notices that the files of an open data root were removed or replaced: what is written then, nobody finds again."""

import os
from dataclasses import dataclass

from statesvc.host.data_root import DataRoot

_Identity = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Loss:
    """What is gone or replaced, as a sentence; `made_again` if it holds nothing that the next start does not make."""

    message: str
    made_again: bool


class RootWatch:
    """The files of a data root, as they are when this is made: with the database open."""

    def __init__(self, root: DataRoot) -> None:
        watched = {
            "folder": root.path,
            "lock file": root.lock_file,
            "database": root.database,
            "log": root.log,
            "index of the log": root.log_index,
        }
        known = [(what, str(path), _identity(str(path))) for what, path in watched.items()]
        # On a disk that is read-only there is no log.
        self._known = [(what, path, there) for what, path, there in known if there]

    def loss(self) -> Loss | None:
        """Return what is gone or replaced; None if everything is in its place. Five calls of stat."""
        for what, path, known in self._known:
            found = _identity(path)
            if found != known:
                message = f"the {what} {path} was {'replaced' if found else 'removed'} while the service has it open"
                # An index in its place is another program's, which may write by it.
                return Loss(message, what == "lock file" or (what == "index of the log" and not found))
        return None


def _identity(path: str) -> _Identity | None:
    try:
        status = os.stat(path)  # noqa: PTH116 - before each commit; a Path takes three times as long
    except OSError:
        return None
    return status.st_ino, status.st_dev
