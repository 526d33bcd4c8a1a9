"""The reports of an engine, as pure transitions of a container's life. Nothing is read or written here.

A report knows whether it was recorded already (a retry changes nothing), refuses what the state forbids, and returns
the life after it and the events to write.
"""

from dataclasses import dataclass, field
from typing import ClassVar, Protocol

from statesvc.db.containers.lifecycle import Life
from statesvc.domain.runtimes import Lock
from statesvc.domain.state import LIVE, State, may_follow
from statesvc.domain.times import SECOND
from statesvc.domain.times import render as time_text
from statesvc.errors import Conflict, NotModified
from statesvc.services.journal.writing import Entry

STARTABLE = frozenset({State.CREATED, State.EXITED})


class Report(Protocol):
    """A fact about a container."""

    @property
    def attempt(self) -> int | None:
        """The start that it is about, None for the present one."""

    def is_known(self, life: Life) -> bool:
        """Return whether the container is as reported already."""

    def applied(self, life: Life, now: int) -> Life:
        """Return the life after it. Raises Conflict where the state forbids it."""

    def events(self, before: Life, now: int) -> list[Entry]:
        """Return the events to be written with it."""


@dataclass(frozen=True, slots=True)
class Started:
    """The process of a prepared start, or of a restart by policy, runs."""

    attempt: int
    pid: int

    def is_known(self, life: Life) -> bool:
        """Return whether this process is known to run."""
        runs = life.state == State.RUNNING and life.prepared_at is None
        return runs and (life.attempt, life.pid) == (self.attempt, self.pid)

    def applied(self, life: Life, now: int) -> Life:
        """Return the life of a running container. Raises Conflict if no start is under way."""
        _must_be_starting(life)
        policy = life.state == State.RESTARTING
        return life._replace(
            state=State.RUNNING,
            pid=self.pid,
            exit_code=0,
            error="",
            oom_killed=0,
            started_at=now,
            started_before=1,
            restart_count=life.restart_count if policy else 0,
            manually_stopped=0,
            prepared_at=None,
        )

    def events(self, before: Life, now: int) -> list[Entry]:  # noqa: ARG002 - as every report is asked
        """Return `start`."""
        return [("start", {})]


@dataclass(frozen=True, slots=True)
class StartFailed:
    """A prepared start, or a restart by policy, came to nothing. The lock stays: the runtime's clean-up needs it."""

    attempt: int
    error: str
    exit_code: int

    def is_known(self, life: Life) -> bool:
        """Return whether this failure is known."""
        over = life.state in STARTABLE and life.prepared_at is None
        return over and (life.attempt, life.error, life.exit_code) == (self.attempt, self.error, self.exit_code)

    def applied(self, life: Life, now: int) -> Life:
        """Return the life with the error; what was created stays so. Raises Conflict if no start is under way."""
        _must_be_starting(life)
        failed = life._replace(error=self.error, exit_code=self.exit_code, prepared_at=None)
        return failed._replace(state=State.EXITED, finished_at=now) if life.state == State.RESTARTING else failed

    def events(self, before: Life, now: int) -> list[Entry]:  # noqa: ARG002 - as every report is asked
        """Return `start_failed` with the code; the error is for inspect."""
        return [("start_failed", {"exitCode": str(self.exit_code)})]


@dataclass(frozen=True, slots=True)
class Exited:
    """The container runs no more."""

    exit_code: int
    attempt: int | None = None
    error: str = ""
    oom_killed: bool = False
    manual: bool = False
    after: ClassVar[State] = State.EXITED

    def is_known(self, life: Life) -> bool:
        """Return whether it is known to have ended so."""
        same = (life.exit_code, life.error, bool(life.oom_killed)) == (self.exit_code, self.error, self.oom_killed)
        return life.state == self.after and self.attempt in {None, life.attempt} and same

    def applied(self, life: Life, now: int) -> Life:
        """Return the life after its end. Raises Conflict for one that did not live."""
        _must_be_legal(life, self.after)
        return life._replace(
            state=self.after,
            pid=0,
            exit_code=self.exit_code,
            error=self.error,
            oom_killed=int(self.oom_killed),
            finished_at=now,
            manually_stopped=int(self.manual or life.manually_stopped),
        )

    def events(self, before: Life, now: int) -> list[Entry]:
        """Return `die`, and `oom` in front of it if memory ran out."""
        ran = now - before.started_at if before.started_at is not None else 0
        died = {"exitCode": str(self.exit_code), "execDuration": str(ran // SECOND)}
        return [("oom", {})] * self.oom_killed + [("die", died)]


@dataclass(frozen=True, slots=True)
class Restarting:
    """The process ended, and the container's policy starts it again. Lock and attempt stay."""

    exit_code: int
    attempt: int | None = None
    oom_killed: bool = False
    after: ClassVar[State] = State.RESTARTING

    def is_known(self, life: Life) -> bool:
        """Return whether it is known to be between two runs, after this end."""
        return life.state == self.after and self._end.is_known(life._replace(state=State.EXITED))

    def applied(self, life: Life, now: int) -> Life:
        """Return the life between two runs. Raises Conflict for one that did not run."""
        _must_be_legal(life, self.after)
        ended = self._end.applied(life, now)
        return ended._replace(state=self.after, restart_count=life.restart_count + 1)

    def events(self, before: Life, now: int) -> list[Entry]:
        """Return the events of the end."""
        return self._end.events(before, now)

    @property
    def _end(self) -> Exited:
        return Exited(self.exit_code, self.attempt, oom_killed=self.oom_killed)


@dataclass(frozen=True, slots=True)
class Transition:
    """The container changed its state, and nothing else."""

    after: State
    action: str
    before: frozenset[State] = field(default_factory=lambda: frozenset(State))
    attempt: int | None = None

    def is_known(self, life: Life) -> bool:
        """Return whether it is known to be in that state."""
        return life.state == self.after

    def applied(self, life: Life, now: int) -> Life:  # noqa: ARG002 - as every report is asked
        """Return the life in that state. Raises Conflict if the state does not follow."""
        if life.state not in self.before:
            raise _illegal(life, self.after)
        _must_be_legal(life, self.after)
        return life._replace(state=self.after)

    def events(self, before: Life, now: int) -> list[Entry]:  # noqa: ARG002 - as every report is asked
        """Return the one event."""
        return [(self.action, {})]


PAUSED = Transition(State.PAUSED, "pause")
UNPAUSED = Transition(State.RUNNING, "unpause", frozenset({State.PAUSED}))
REMOVING = Transition(State.REMOVING, "removing")
DEAD = Transition(State.DEAD, "dead")


@dataclass(frozen=True, slots=True)
class Prepare:
    """An engine is about to start a container."""

    engine: str
    takes_over: bool = False
    action: ClassVar[str] = "prepare"

    def is_known(self, life: Life) -> bool:
        """Return whether this engine has a start of it pending."""
        return life.state in STARTABLE and life.prepared_at is not None and life.engine == self.engine

    def check(self, life: Life) -> None:
        """Refuse what Docker's start refuses, and a start that another engine has pending.

        Raises NotModified for one that runs, Conflict otherwise.
        """
        if life.state == State.PAUSED:
            raise Conflict("cannot start a paused container, try unpause instead")
        if life.state == State.RUNNING:
            raise NotModified(f"container {life.id} is running already")
        if life.state in {State.REMOVING, State.DEAD}:
            raise Conflict("container is marked for removal and cannot be started")
        if life.state == State.RESTARTING:
            raise Conflict(
                f"container {life.id} is restarting and keeps its runtime: report it as started at once, "
                f"with attempt {life.attempt}"
            )
        if life.prepared_at is not None and not self.takes_over:
            raise Conflict(
                f"engine {life.engine!r} prepares a start of container {life.id} since {time_text(life.prepared_at)}: "
                f"to abandon that, send the revision {life.revision} in If-Match"
            )

    def applied(self, life: Life, lock: Lock, now: int) -> Life:
        """Return the life with the lock, and the start pending."""
        return _locked(life, lock, self.engine)._replace(prepared_at=now)


@dataclass(frozen=True, slots=True)
class Adopt:
    """An engine takes charge of a container that lives and has no lock: it was imported so."""

    engine: str
    pid: int | None = None
    action: ClassVar[str] = "adopt"

    def is_known(self, life: Life) -> bool:
        """Return whether this engine has charge of it."""
        held = life.state in LIVE and life.runtime_id is not None and life.engine == self.engine
        return held and self.pid in {None, life.pid}

    def check(self, life: Life) -> None:
        """Refuse one that does not live, and one that has a lock. Raises Conflict."""
        if life.state not in LIVE:
            raise Conflict(f"container {life.id} is not running: there is nothing to adopt, prepare its start")
        if life.runtime_id is not None:
            raise Conflict(f"container {life.id} is locked to its runtime already, by engine {life.engine!r}")

    def applied(self, life: Life, lock: Lock, now: int) -> Life:  # noqa: ARG002 - as with a prepare
        """Return the life with the lock."""
        return _locked(life, lock, self.engine)._replace(pid=life.pid if self.pid is None else self.pid)


def _locked(life: Life, lock: Lock, engine: str) -> Life:
    return life._replace(
        runtime_id=lock.runtime_id, script_digest=lock.script_digest, engine=engine, attempt=life.attempt + 1
    )


def _must_be_starting(life: Life) -> None:
    if life.state in STARTABLE and life.prepared_at is None:
        raise Conflict(f"no start of container {life.id} is prepared: prepare one first")
    if life.state not in STARTABLE and life.state != State.RESTARTING:
        raise _illegal(life, State.RUNNING)


def _must_be_legal(life: Life, after: State) -> None:
    if not may_follow(life.state, after):
        raise _illegal(life, after)


def _illegal(life: Life, after: State) -> Conflict:
    return Conflict(f"container {life.id} is {life.state}, after which it cannot be {after}")
