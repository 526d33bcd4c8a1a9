"""A disk that fails on demand: calls of a program on chosen files answer EIO, ENOSPC, EROFS or EDQUOT."""

import enum
import errno
import mmap
import os
import struct
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

_SOURCE = Path(__file__).with_name("faulty_disk.c")
_RULE = struct.Struct("=iiqqqq256s")
_RULES = 4
EVERY_ERROR = (errno.EIO, errno.ENOSPC, errno.EROFS, errno.EDQUOT)


class Call(enum.IntFlag):
    """Which calls a rule is about."""

    READ = 1
    WRITE = 2
    SYNC = 4
    RENAME = 8


class FaultyDisk:
    """The rules of one program that is started with `environment`, changed while it runs."""

    def __init__(self, folder: Path) -> None:
        """Build what is preloaded in the folder, and begin without rules."""
        self._library = folder / "faulty_disk.so"
        command = ["cc", "-shared", "-fPIC", "-O1", "-o", str(self._library), str(_SOURCE), "-ldl"]
        subprocess.run(command, check=True)
        self._file = folder / "faults"
        self._file.write_bytes(bytes(_RULES * _RULE.size))
        with self._file.open("r+b") as file:
            self._rules = mmap.mmap(file.fileno(), 0)

    @property
    def environment(self) -> Mapping[str, str]:
        """The environment of a program whose calls are to fail."""
        return {**os.environ, "LD_PRELOAD": str(self._library), "FAULTS": str(self._file)}

    def fail(
        self, calls: Call, path: str, error: int = errno.EIO, *, skip: int = 0, count: int = -1, rule: int = 0
    ) -> None:
        """Let calls on files whose path ends so fail: `count` of them, -1 for all, after `skip` that pass.

        With error 0 they are only counted. With `skip=-1`, all pass until a call has failed by the first rule.
        """
        off = _RULE.pack(0, error, skip, count, 0, 0, path.encode())
        at = rule * _RULE.size
        self._rules[at : at + _RULE.size] = off
        self._rules[at : at + 4] = struct.pack("=i", calls)  # last, so that nobody meets half a rule

    def mend(self) -> None:
        """Let every call pass again."""
        for rule in range(_RULES):
            self._rules[rule * _RULE.size : rule * _RULE.size + 4] = bytes(4)

    def counts(self, rule: int = 0) -> tuple[int, int]:
        """Return how many calls a rule has seen, and how many of them failed."""
        _, _, _, _, seen, failed, _ = _RULE.unpack_from(self._rules, rule * _RULE.size)
        return seen, failed

    @contextmanager
    def failing(
        self, calls: Call, path: str, error: int = errno.EIO, *, skip: int = 0, count: int = -1
    ) -> Iterator[None]:
        """Let calls fail inside the block."""
        self.fail(calls, path, error, skip=skip, count=count)
        try:
            yield
        finally:
            self.mend()
