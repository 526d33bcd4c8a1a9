"""How each fault point is reached: what the process that passes it must be doing when it is killed."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum, auto

from histories.steps import Step, compiler

from statesvc.faults import Point

Where = Point | Step


class Stage(Enum):
    """What is going on when a point is passed."""

    LOAD = auto()
    """The service answers clients."""
    RELOADS = auto()
    """As LOAD, while one client reloads all the time."""
    IMPORT = auto()
    """As LOAD, while one client imports."""
    START = auto()
    """The service starts."""
    STOP = auto()
    """The service ends after SIGTERM."""
    BACKUP = auto()
    """`statesvc db backup` runs beside the service."""
    UPGRADE = auto()
    """`statesvc db upgrade` runs on a copy."""
    RESTORE = auto()
    """`statesvc db restore` puts a backup of this moment in the place of the database."""
    COMPACT = auto()
    """`statesvc db compact` puts a copy without free pages in the place of the database."""


@dataclass(frozen=True)
class Play:
    """A kill: at which stage, at the how manieth passing of the point, and what is left in the data root for it."""

    stage: Stage
    first: int = 1
    last: Callable[[int], int] = lambda _: 1
    damage: str = ""
    least: int = 0
    """How many operations it takes until the point is passed."""

    def passing(self, rng: random.Random, operations: int) -> int:
        """Choose a passing that comes within so many operations."""
        return rng.randint(self.first, max(self.first, self.last(operations)))


def _each(operations: int) -> Callable[[int], int]:
    return lambda planned: 6 + planned // operations


def _few(_: int) -> int:
    return 4


PLAYS: dict[Where, Play] = {
    # A start writes a few times itself, before it serves.
    Point.WRITE_BEGUN: Play(Stage.LOAD, 6, _each(20)),
    Point.WRITE_UNIT: Play(Stage.LOAD, 6, _each(4)),
    Point.WRITE_DONE: Play(Stage.LOAD, 6, _each(20)),
    Point.WRITE_COMMITTED: Play(Stage.LOAD, 6, _each(20)),
    Point.WRITE_ANSWERED: Play(Stage.LOAD, 6, _each(20)),
    Point.WRITE_ANSWERING: Play(Stage.LOAD, 6, _each(20)),
    Point.KEY_KEPT: Play(Stage.LOAD, 1, lambda planned: planned // 150, least=200),
    Point.SECRET_WRITTEN: Play(Stage.LOAD, damage="secret", least=200),
    Point.SECRET_SYNCED: Play(Stage.LOAD, damage="secret", least=200),
    Point.SECRET_RENAMED: Play(Stage.LOAD, damage="secret", least=200),
    Point.LOCK_TAKEN: Play(Stage.LOAD, 1, lambda planned: planned // 60, least=200),
    Point.SCRIPT_WRITTEN: Play(Stage.RELOADS, 1, _few),
    Point.SCRIPT_SYNCED: Play(Stage.RELOADS, 1, _few),
    Point.SCRIPT_RENAMED: Play(Stage.RELOADS, 1, _few),
    Point.SCRIPTS_SYNCED: Play(Stage.RELOADS, 2, _few),
    Point.RELOAD_READ: Play(Stage.RELOADS, 1, _few),
    Point.RELOAD_PREPARED: Play(Stage.RELOADS, 2, _few),
    Point.RELOAD_RECORDED: Play(Stage.RELOADS, 2, _few),
    Point.RELOAD_IN_FORCE: Play(Stage.RELOADS, 2, _few),
    Point.IMPORT_IMAGE: Play(Stage.IMPORT),
    Point.IMPORT_CONTAINER: Play(Stage.IMPORT, 1, lambda _: 3),
    Point.START_LOCKED: Play(Stage.START),
    Point.START_MIGRATED: Play(Stage.START),
    Point.START_OPENED: Play(Stage.START),
    Point.START_CONFIGURED: Play(Stage.START),
    Point.SWEEP_RECORDED: Play(Stage.START),
    Point.SWEEP_SETTLED: Play(Stage.START),
    Point.SWEEP_NOTED: Play(Stage.START, damage="scripts"),
    Point.SCRIPT_REMOVED: Play(Stage.START, damage="orphan"),
    Point.SCRIPTS_REMOVED: Play(Stage.START),
    Point.START_SWEPT: Play(Stage.START),
    Point.START_BOUND: Play(Stage.START),
    Point.STOP_DRAINED: Play(Stage.STOP),
    Point.BACKUP_BEGUN: Play(Stage.BACKUP),
    Point.BACKUP_COPIED: Play(Stage.BACKUP),
    Point.BACKUP_VERIFIED: Play(Stage.BACKUP),
    Point.FILE_SYNCED: Play(Stage.BACKUP),
    Point.FILE_RENAMED: Play(Stage.BACKUP),
    Point.FILE_PUBLISHED: Play(Stage.BACKUP),
    Point.BACKUP_PRUNED: Play(Stage.BACKUP),
    Point.MIGRATE_BACKED_UP: Play(Stage.UPGRADE),
    Point.MIGRATE_STEP: Play(Stage.UPGRADE),
    Point.MIGRATE_CHECKED: Play(Stage.UPGRADE),
    Point.MIGRATE_COMMITTED: Play(Stage.UPGRADE),
    Point.RESTORE_COPIED: Play(Stage.RESTORE),
    Point.RESTORE_ALONE: Play(Stage.RESTORE),
    Point.RESTORE_LINKED: Play(Stage.RESTORE),
    Point.RESTORE_KEPT: Play(Stage.RESTORE),
    Point.COMPACT_ALONE: Play(Stage.COMPACT),
    Point.COMPACT_COPIED: Play(Stage.COMPACT),
    Point.COMPACT_VERIFIED: Play(Stage.COMPACT),
    # Passed once the journal is longer than it may be.
    Point.JOURNAL_TRIMMED: Play(Stage.START),
    # Inside of a commit. One has a dozen pages, each written with a head.
    Step.WAL_TORN: Play(Stage.LOAD, 50, lambda planned: 50 + planned),
    Step.WAL_WRITTEN: Play(Stage.LOAD, 100, lambda planned: 100 + 2 * planned),
    Step.WAL_UNSYNCED: Play(Stage.LOAD, 6, _each(20)),
    Step.WAL_SYNCED: Play(Stage.LOAD, 6, _each(20)),
    # Inside of a checkpoint, which comes with every thousandth page.
    Step.DB_TORN: Play(Stage.LOAD, 1, lambda _: 100, least=500),
    Step.DB_WRITTEN: Play(Stage.LOAD, 1, lambda _: 100, least=500),
    Step.DB_UNSYNCED: Play(Stage.LOAD, least=500),
    Step.DB_SYNCED: Play(Stage.LOAD, least=500),
}


def possible() -> dict[Where, Play]:
    """Return the plays that can be played here: those below the code need a C compiler."""
    return {where: play for where, play in PLAYS.items() if isinstance(where, Point) or compiler()}
