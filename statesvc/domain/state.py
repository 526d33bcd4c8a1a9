"""The states of a container and the transitions between them, as Docker Engine makes them (moby container/state.go)."""

from enum import StrEnum


class State(StrEnum):
    """The state of a container, in the words of Docker's `State.Status`."""

    CREATED = "created"
    RUNNING = "running"
    PAUSED = "paused"
    RESTARTING = "restarting"
    REMOVING = "removing"
    EXITED = "exited"
    DEAD = "dead"


# A failed start does not change the state: a created container stays created (with an exit code), an exited one exited.
LEGAL: dict[State, frozenset[State]] = {
    State.CREATED: frozenset({State.RUNNING, State.REMOVING}),
    State.RUNNING: frozenset({State.PAUSED, State.RESTARTING, State.EXITED, State.REMOVING, State.DEAD}),
    # A paused container can be killed from outside, and then be restarted by its policy.
    State.PAUSED: frozenset({State.RUNNING, State.RESTARTING, State.EXITED, State.REMOVING, State.DEAD}),
    State.RESTARTING: frozenset({State.RUNNING, State.EXITED, State.REMOVING, State.DEAD}),
    State.EXITED: frozenset({State.RUNNING, State.REMOVING, State.DEAD}),
    State.REMOVING: frozenset({State.DEAD}),
    State.DEAD: frozenset({State.REMOVING}),
}

# States with a process behind them: Docker shows them as Running.
LIVE = frozenset({State.RUNNING, State.PAUSED, State.RESTARTING})


def readable(stored: str) -> State:
    """Return a stored state. An unknown word is read as dead: a dead container has no process and can be removed."""
    try:
        return State(stored)
    except ValueError:
        return State.DEAD


def may_follow(before: State, after: State) -> bool:
    """Return whether a container may go from one state to the other."""
    return after in LEGAL[before]
