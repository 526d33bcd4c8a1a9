"""The states of a container and the transitions between them, as Docker Engine makes them (moby container/state.go)."""

from enum import StrEnum


class State(StrEnum):
    """Where a container is in its life. The words are Docker's `State.Status`."""

    CREATED = "created"
    RUNNING = "running"
    PAUSED = "paused"
    RESTARTING = "restarting"
    REMOVING = "removing"
    EXITED = "exited"
    DEAD = "dead"


# A failed start leaves a created container created (with an exit code), and an exited one exited.
LEGAL: dict[State, frozenset[State]] = {
    State.CREATED: frozenset({State.RUNNING, State.REMOVING}),
    State.RUNNING: frozenset({State.PAUSED, State.RESTARTING, State.EXITED, State.REMOVING, State.DEAD}),
    # What is paused can be killed from outside, and its policy restarts it.
    State.PAUSED: frozenset({State.RUNNING, State.RESTARTING, State.EXITED, State.REMOVING, State.DEAD}),
    State.RESTARTING: frozenset({State.RUNNING, State.EXITED, State.REMOVING, State.DEAD}),
    State.EXITED: frozenset({State.RUNNING, State.REMOVING, State.DEAD}),
    State.REMOVING: frozenset({State.DEAD}),
    State.DEAD: frozenset({State.REMOVING}),
}

# States with a process behind them: Docker shows them as Running.
LIVE = frozenset({State.RUNNING, State.PAUSED, State.RESTARTING})


def readable(stored: str) -> State:
    """Return a state as it is stored; a word that is none means dead: no process is known, and it can be removed."""
    try:
        return State(stored)
    except ValueError:
        return State.DEAD


def may_follow(before: State, after: State) -> bool:
    """Say whether a container may go from one state to the other."""
    return after in LEGAL[before]
