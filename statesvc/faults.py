"""Named points where a test ends or stops the process, as `kill -9` or a power cut may anywhere. Else they do nothing.

Each is passed at one place in the code. `tests/histories` strikes at every one of them, and fails if one has no kill.
"""

import os
import signal
import threading
from enum import StrEnum, auto

VARIABLE = "STATESVC_FAULT_POINT"
"""The environment variable that arms a point, for tests only: see `arm`."""


class Point(StrEnum):
    """The points: what has just been done when one is passed."""

    # The writer: one transaction for all units that are queued.
    WRITE_BEGUN = auto()
    WRITE_UNIT = auto()
    WRITE_DONE = auto()  # every unit, and nothing is committed
    WRITE_COMMITTED = auto()
    WRITE_ANSWERED = auto()  # the answers are on their way to the event loop, and no subscriber was woken
    WRITE_ANSWERING = auto()  # the event loop has them, and sends them next
    # The key of an idempotent request, in the unit that creates; the secret of such keys.
    KEY_KEPT = auto()
    SECRET_WRITTEN = auto()
    SECRET_SYNCED = auto()
    SECRET_RENAMED = auto()
    # Files of wrapper scripts, and the sync of their folder.
    SCRIPT_WRITTEN = auto()
    SCRIPT_SYNCED = auto()
    SCRIPT_RENAMED = auto()
    SCRIPTS_SYNCED = auto()
    SCRIPT_REMOVED = auto()
    SCRIPTS_REMOVED = auto()
    # A reload.
    RELOAD_READ = auto()
    RELOAD_PREPARED = auto()
    RELOAD_RECORDED = auto()
    RELOAD_IN_FORCE = auto()
    # A container's lock is committed, and its script was not looked at yet.
    LOCK_TAKEN = auto()
    # Old events of the journal.
    JOURNAL_TRIMMED = auto()
    # A start and its sweep; the end after SIGTERM.
    START_LOCKED = auto()
    START_MIGRATED = auto()
    START_OPENED = auto()
    START_CONFIGURED = auto()
    SWEEP_RECORDED = auto()
    SWEEP_SETTLED = auto()
    SWEEP_NOTED = auto()
    START_SWEPT = auto()
    START_BOUND = auto()
    STOP_DRAINED = auto()
    # An import of another engine's objects.
    IMPORT_IMAGE = auto()
    IMPORT_CONTAINER = auto()
    # A backup; a file that gets its final name; a migration; a restore; a compaction.
    BACKUP_BEGUN = auto()
    BACKUP_COPIED = auto()
    BACKUP_VERIFIED = auto()
    FILE_SYNCED = auto()
    FILE_RENAMED = auto()
    FILE_PUBLISHED = auto()
    BACKUP_PRUNED = auto()
    MIGRATE_BACKED_UP = auto()
    MIGRATE_STEP = auto()
    MIGRATE_CHECKED = auto()
    MIGRATE_COMMITTED = auto()
    RESTORE_COPIED = auto()
    RESTORE_ALONE = auto()
    RESTORE_LINKED = auto()
    RESTORE_KEPT = auto()
    COMPACT_ALONE = auto()
    COMPACT_COPIED = auto()
    COMPACT_VERIFIED = auto()


class _Trap:
    """The armed point: how often it is passed until it strikes, and by which signal."""

    point: Point | None = None
    passings = 0
    signal = signal.SIGKILL


def arm(text: str) -> None:
    """Arm a point: `POINT:N` kills the process when it is passed for the N-th time, `POINT:N:stop` stops it there.

    Raises ValueError for a text of another form, and for a point that is not known.
    """
    name, passings, *how = text.split(":")
    if how not in ([], ["stop"]):
        raise ValueError(f"{VARIABLE} is {text!r}: it must be POINT:N or POINT:N:stop")
    _Trap.point, _Trap.passings = Point(name), int(passings)
    _Trap.signal = signal.SIGSTOP if how else signal.SIGKILL


def passed(point: Point) -> None:
    """Do nothing, or strike if the point is armed and this is the passing that was chosen."""
    if point is _Trap.point:
        _strike(point)


def _strike(point: Point) -> None:
    _Trap.passings -= 1
    if _Trap.passings == 0:
        os.write(2, f"fault point {point}\n".encode())
        # To this thread: a signal to the process may be taken by another thread while this one runs on.
        signal.pthread_kill(threading.get_ident(), _Trap.signal)
