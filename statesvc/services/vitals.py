"""What the service lives on, measured again and again: its log, disk, descriptors, and those that hold a snapshot.

Each thing that can go wrong is a row of `CONDITIONS`: a code, and when it holds.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from statesvc.db.database import Database
from statesvc.domain.times import SECOND, Clock
from statesvc.host import measures
from statesvc.host.log_output import LogOutput
from statesvc.host.measures import FreeSpace
from statesvc.services.health import Reason

MIB = 1024 * 1024
# SQLite cuts a log back to this size; a larger one is held by somebody.
MOST_LOG_BYTES = 64 * MIB
# SQLite moves the log into the database as soon as a commit leaves 4 MiB in it.
MOST_WAITING_BYTES = 8 * MIB
CHECKPOINT_SECONDS = 60
LEAST_FREE_BYTES = 64 * MIB
LEAST_DESCRIPTORS = 16
UNCLEAN_SECONDS = 3_600


@dataclass(frozen=True, slots=True)
class Vitals:
    """One measurement. Sizes are bytes, times nanoseconds; None is what cannot be told here.

    `log_waiting` is what of the log is not in the database yet, `checkpointed_at` when that last became less,
    `reading_seconds` how long the longest of our own `readings` takes, `other_readers` the processes with a snapshot.
    """

    now: int
    started_at: int
    clean_start: bool
    log_size: int
    log_waiting: int | None
    checkpointed_at: int
    readings: int
    reading_seconds: float
    other_readers: tuple[int, ...]
    in_doubt: bool
    free: FreeSpace | None
    descriptors_left: int
    dropped_log_lines: int
    log_fault: str

    @property
    def held_by(self) -> str:
        """What keeps the log from being moved, as far as it is known."""
        if self.other_readers:
            return f"process {', '.join(map(str, self.other_readers))} holds a snapshot"
        if self.reading_seconds >= 1:
            return f"a read of the service holds a snapshot for {self.reading_seconds:.0f} s"
        return "no checkpoint succeeds: look at the disk, and whether Litestream stands still"


def _log_size(now: Vitals) -> str:
    waits = now.log_waiting is None or now.log_waiting > MOST_WAITING_BYTES
    if now.log_size <= MOST_LOG_BYTES or not waits:
        return ""
    return f"the log of the database has {now.log_size // MIB} MiB, and cannot be moved into it: {now.held_by}"


def _checkpoint(now: Vitals) -> str:
    seconds = (now.now - now.checkpointed_at) // SECOND
    if now.log_waiting is None or now.log_waiting <= MOST_WAITING_BYTES or seconds < CHECKPOINT_SECONDS:
        return ""
    return f"{now.log_waiting // MIB} MiB of the log wait for a checkpoint since {seconds} s: {now.held_by}"


def _doubt(now: Vitals) -> str:
    if not now.in_doubt:
        return ""
    return "the disk did not confirm the last commit: a change that was called unsure may come back after a crash"


def _disk(now: Vitals) -> str:
    if now.free is None or (now.free.bytes >= LEAST_FREE_BYTES and now.free.files != 0):
        return ""
    if now.free.files == 0:
        return "the disk of the data root has no room for another file"
    return f"the disk of the data root has {now.free.bytes // MIB} MiB left"


def _descriptors(now: Vitals) -> str:
    if now.descriptors_left >= LEAST_DESCRIPTORS:
        return ""
    return f"{now.descriptors_left} descriptors are left: raise the limit of open files (LimitNOFILE=)"


def _log_lines(now: Vitals) -> str:
    if not now.log_fault:
        return ""
    return f"log lines cannot be written: {now.log_fault}; {now.dropped_log_lines} were dropped since the start"


def _unclean_end(now: Vitals) -> str:
    if now.clean_start or now.now - now.started_at > UNCLEAN_SECONDS * SECOND:
        return ""
    return "the run before this one was killed, or the machine stopped: its log says more"


@dataclass(frozen=True, slots=True)
class Condition:
    """Something that must not be: a code, and a function that says it of a measurement, "" if all is well."""

    code: str
    told: Callable[[Vitals], str]


CONDITIONS = (
    Condition("log-size", _log_size),
    Condition("checkpoint", _checkpoint),
    Condition("doubt", _doubt),
    Condition("disk", _disk),
    Condition("descriptors", _descriptors),
    Condition("log-lines", _log_lines),
    Condition("unclean-end", _unclean_end),
)


class Gauge:
    """Measures, and remembers what only two measurements tell."""

    def __init__(self, database: Database, clock: Clock, log_output: LogOutput | None, *, clean_start: bool) -> None:
        self._database = database
        self._clock = clock
        self._log_output = log_output
        self._clean_start = clean_start
        self._started_at = self._checkpointed_at = 0  # the first measurement is the beginning
        self._log_pages = (0, 0)

    def measure(self) -> Vitals:
        """Measure."""
        database, output = self._database, self._log_output
        now, pages = self._clock(), database.log_pages()
        if not self._started_at:
            self._started_at = self._checkpointed_at = now
        if pages is not None:
            self._note_checkpoint(pages, now)
        readings, seconds = database.readings()
        return Vitals(
            now=now,
            started_at=self._started_at,
            clean_start=self._clean_start,
            log_size=database.sizes()[1],
            log_waiting=None if pages is None else (pages[0] - pages[1]) * database.page_size,
            checkpointed_at=self._checkpointed_at,
            readings=readings,
            reading_seconds=seconds,
            other_readers=measures.snapshot_holders(database.path.with_name(f"{database.path.name}-shm")),
            in_doubt=database.in_doubt,
            free=measures.free_space(database.path.parent),
            descriptors_left=measures.descriptors_left(),
            dropped_log_lines=output.dropped if output else 0,
            log_fault=output.fault if output else "",
        )

    def _note_checkpoint(self, pages: tuple[int, int], now: int) -> None:
        """Note the time if a part of the log was moved since the last look, or if nothing waits."""
        size, moved = pages
        if moved == size or moved > self._log_pages[1] or size < self._log_pages[0]:
            self._checkpointed_at = now
        self._log_pages = pages


def reasons(now: Vitals) -> Iterator[Reason]:
    """Yield each condition that is not as it must be."""
    for condition in CONDITIONS:
        if message := condition.told(now):
            yield Reason(condition.code, message)
