"""Steps below the code: writes and syncs of SQLite's files in commits and checkpoints, at which a process is struck."""

import ctypes
import shutil
import subprocess
from enum import StrEnum, auto
from pathlib import Path

SOURCE = Path(__file__).with_name("steps.c")


class Step(StrEnum):
    """The steps: what has just been done, as for fault points. The order is that of steps.c."""

    WAL_TORN = auto()
    """Half of a frame is written to the log."""
    WAL_WRITTEN = auto()
    WAL_UNSYNCED = auto()
    """A commit is written to the log whole, and its sync is next."""
    WAL_SYNCED = auto()
    DB_TORN = auto()
    """Half of a page is moved from the log into the file."""
    DB_WRITTEN = auto()
    DB_UNSYNCED = auto()
    DB_SYNCED = auto()
    """The log is in the file as a whole, and is written from its beginning next."""


def compiler() -> str | None:
    """Return the C compiler, None if there is none."""
    return shutil.which("cc") or shutil.which("gcc")


def build(folder: Path) -> Path | None:
    """Build the library that strikes; return None if there is no compiler."""
    program = compiler()
    if program is None:
        return None
    library = folder / "steps.so"
    subprocess.run([program, "-O1", "-shared", "-fPIC", "-o", library, SOURCE, "-ldl"], check=True)
    return library


def arm(step: Step, passing: int, signal_number: int) -> None:
    """Arm a step in this process, which runs with the library preloaded."""
    ctypes.CDLL(None).steps_arm(list(Step).index(step) + 1, step.encode(), ctypes.c_long(passing), signal_number)
