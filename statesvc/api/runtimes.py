"""Runtimes over HTTP: the version in force, those before, the containers that lag behind, a reload."""

from collections.abc import Iterable

from starlette.responses import Response

from statesvc.api.routing import Route
from statesvc.api.wire.answers import json_answer
from statesvc.api.wire.call import Call
from statesvc.domain import times
from statesvc.domain.runtime_history import Changes, Drift, VersionInfo
from statesvc.domain.runtimes import Lock
from statesvc.services.runtimes.history import RuntimeHistory
from statesvc.services.runtimes.service import Reloaded, Runtimes

HISTORY = 50


class RuntimesApi:
    """The handlers under /statesvc/v1/runtimes."""

    def __init__(self, runtimes: Runtimes, history: RuntimeHistory) -> None:
        self._runtimes = runtimes
        self._history = history

    def routes(self) -> list[Route]:
        """Return the routes of this noun."""
        return [
            Route("GET", "/statesvc/v1/runtimes", self.in_force),
            Route("GET", "/statesvc/v1/runtimes/history", self.history),
            Route("GET", "/statesvc/v1/runtimes/changes", self.changes),
            Route("GET", "/statesvc/v1/runtimes/drift", self.drift),
            Route("POST", "/statesvc/v1/runtimes/reload", self.reload),
        ]

    async def in_force(self, _call: Call) -> Response:
        """GET /statesvc/v1/runtimes"""
        version, runtimes = await self._history.in_force()
        return json_answer(in_force_document(version, runtimes))

    async def history(self, call: Call) -> Response:
        """GET /statesvc/v1/runtimes/history?limit="""
        limit = call.number("limit") if call.text("limit") else HISTORY
        return json_answer(history_document(await self._history.versions(limit)))

    async def changes(self, call: Call) -> Response:
        """GET /statesvc/v1/runtimes/changes?before=&after="""
        return json_answer(changes_document(await self._history.changes(call.number("before"), call.number("after"))))

    async def drift(self, _call: Call) -> Response:
        """GET /statesvc/v1/runtimes/drift"""
        return json_answer(drift_document(await self._history.drift()))

    async def reload(self, _call: Call) -> Response:
        """POST /statesvc/v1/runtimes/reload"""
        return json_answer(_reloaded(await self._runtimes.reload()))


def in_force_document(version: VersionInfo, runtimes: Iterable[Lock]) -> dict[str, object]:
    """Return the version in force with its runtimes."""
    return _version(version) | {"Runtimes": [_runtime(runtime) for runtime in runtimes]}


def history_document(versions: Iterable[VersionInfo]) -> dict[str, object]:
    """Return the versions of the configuration."""
    return {"Versions": [_version(version) for version in versions]}


def changes_document(changes: Changes) -> dict[str, object]:
    """Return what changed between two versions."""
    pairs = changes.changed.items()
    return {
        "Before": changes.before,
        "After": changes.after,
        "Added": list(changes.added),
        "Removed": list(changes.removed),
        "Changed": {name: {"Before": _runtime(old), "After": _runtime(new)} for name, (old, new) in pairs},
        "Settings": list(changes.settings),
    }


def drift_document(drifts: Iterable[Drift]) -> dict[str, object]:
    """Return the containers that are not run as new ones would be, and why."""
    return {"Containers": [_drift(drift) for drift in drifts]}


def _version(version: VersionInfo) -> dict[str, object]:
    return {
        "Version": version.version,
        "Digest": version.digest,
        "Source": version.source,
        "LoadedAt": times.render(version.loaded_at),
        "InForce": version.in_force,
        "Containers": version.containers,
    }


def _drift(drift: Drift) -> dict[str, object]:
    return {
        "Id": drift.container_id,
        "Name": drift.container_name,
        "State": drift.state,
        "Version": drift.lock.version,
        "Runtime": _runtime(drift.lock),
        "Reasons": list(drift.reasons),
    }


def _runtime(lock: Lock) -> dict[str, object]:
    return {
        "Name": lock.name,
        "Origin": lock.origin,
        "Path": lock.path,
        "Args": list(lock.args),
        "Type": lock.type,
        "Options": lock.options,
        "Binary": lock.binary,
        "ScriptDigest": lock.script_digest,
    }


def _reloaded(reloaded: Reloaded) -> dict[str, object]:
    in_force = reloaded.in_force
    return {
        "Version": in_force.version,
        "Changed": reloaded.changed,
        "DefaultRuntime": in_force.daemon.default_runtime,
        "Runtimes": sorted(in_force.runtimes),
    }
