"""The history of the daemon configuration: its versions, their differences, and containers that drifted from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from statesvc.domain.runtimes import Lock


@dataclass(frozen=True, slots=True)
class VersionInfo:
    """A version: its source, when it was loaded (nanoseconds), and how many containers are locked to it."""

    version: int
    digest: str
    source: str
    loaded_at: int
    in_force: bool
    containers: int


@dataclass(frozen=True, slots=True)
class Changes:
    """The differences between two versions. Other settings than runtimes appear by name only: some hold credentials."""

    before: int
    after: int
    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: Mapping[str, tuple[Lock, Lock]]
    settings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Drift:
    """A container whose locked runtime differs from what a new container would get; each reason is a sentence."""

    container_id: str
    container_name: str
    state: str
    lock: Lock
    reasons: tuple[str, ...]


def definition(lock: Lock) -> tuple[Any, ...]:
    """Return what decides how a runtime runs a container: runtimes of equal definition are the same."""
    return (lock.path, lock.binary, lock.args, lock.type, lock.options)


def changes(
    before: int,
    after: int,
    runtimes: tuple[Mapping[str, Lock], Mapping[str, Lock]],
    settings: tuple[Mapping[str, Any], Mapping[str, Any]],
) -> Changes:
    """Return the differences between two versions, given the runtimes and the written settings of each."""
    old, new = runtimes
    both = [name for name in sorted(old.keys() & new.keys()) if definition(old[name]) != definition(new[name])]
    written, rewritten = settings
    names = sorted((written.keys() | rewritten.keys()) - {"runtimes"})
    return Changes(
        before,
        after,
        tuple(sorted(new.keys() - old.keys())),
        tuple(sorted(old.keys() - new.keys())),
        {name: (old[name], new[name]) for name in both},
        tuple(name for name in names if written.get(name) != rewritten.get(name)),
    )
