"""The history of the daemon configuration: its versions, their differences, and containers that drifted from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from statesvc.domain import times
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

    def told(self) -> dict[str, object]:
        """Return it as clients get it."""
        return {
            "version": self.version,
            "digest": self.digest,
            "source": self.source,
            "loadedAt": times.render(self.loaded_at),
            "inForce": self.in_force,
            "containers": self.containers,
        }


@dataclass(frozen=True, slots=True)
class Changes:
    """The differences between two versions. Other settings than runtimes appear by name only: some hold credentials."""

    before: int
    after: int
    added: tuple[str, ...]
    removed: tuple[str, ...]
    changed: Mapping[str, tuple[Lock, Lock]]
    settings: tuple[str, ...]

    def told(self) -> dict[str, object]:
        """Return it as clients get it."""
        pairs = {name: {"before": shown(one), "after": shown(other)} for name, (one, other) in self.changed.items()}
        return {
            "before": self.before,
            "after": self.after,
            "added": list(self.added),
            "removed": list(self.removed),
            "changed": pairs,
            "settings": list(self.settings),
        }


@dataclass(frozen=True, slots=True)
class Drift:
    """A container whose locked runtime differs from what a new container would get; each reason is a sentence."""

    container_id: str
    container_name: str
    state: str
    lock: Lock
    reasons: tuple[str, ...]

    def told(self) -> dict[str, object]:
        """Return it as clients get it."""
        return {
            "id": self.container_id,
            "name": self.container_name,
            "state": self.state,
            "version": self.lock.version,
            "runtime": shown(self.lock),
            "reasons": list(self.reasons),
        }


def shown(lock: Lock) -> dict[str, object]:
    """Return a runtime as clients get it."""
    return {
        "name": lock.name,
        "origin": lock.origin,
        "path": lock.path,
        "args": list(lock.args),
        "type": lock.type,
        "options": lock.options,
        "binary": lock.binary,
        "scriptDigest": lock.script_digest,
    }


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
