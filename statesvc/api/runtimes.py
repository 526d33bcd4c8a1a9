"""Runtimes over HTTP: the version in force, those before, the containers that lag behind, a reload."""

from collections.abc import Iterable

from statesvc.api.endpoint import Endpoint
from statesvc.api.routing import Route
from statesvc.api.wire.answer import Answer
from statesvc.api.wire.answers import json_answer
from statesvc.api.wire.call import Call
from statesvc.domain import times
from statesvc.domain.runtime_history import Changes, Drift, VersionInfo
from statesvc.domain.runtimes import Lock
from statesvc.services.runtimes.history import RuntimeHistory
from statesvc.services.runtimes.service import Reloaded, Runtimes

HISTORY = 50

_A_VERSION: dict[str, object] = {
    "Version": 3,
    "Digest": "sha256:52d1…",
    "Source": "/etc/docker/daemon.json",
    "LoadedAt": "2026-01-02T03:04:05.678Z",
    "InForce": True,
    "Containers": 12,
}
_A_RUNTIME: dict[str, object] = {
    "Name": "logged",
    "Origin": "configured",
    "Path": "runc",
    "Args": ["--log", "/var/log/runc.log"],
    "Type": None,
    "Options": None,
    "Binary": "/usr/sbin/runc",
    "ScriptDigest": "sha256:6bee…",
}
_IN_FORCE = Endpoint(
    "The version of the configuration in force, with its runtimes. `Containers` counts those that are locked to it. "
    "`Path` and `Args` are as the user wrote them, `Binary` is the absolute path that `Path` resolved to; "
    "a shim has `Type` and `Options` instead. [runtimes.md](runtimes.md) explains versions and locks.",
    _A_VERSION | {"Runtimes": [_A_RUNTIME]},
    errors={404: "no configuration is in force yet"},
)
_HISTORY = Endpoint(
    "The stored versions of the configuration, newest first.",
    {"Versions": [_A_VERSION]},
    query={"limit": f"how many versions; {HISTORY} if it is not given"},
)
_CHANGES = Endpoint(
    "What changed between two versions. `Settings` names other settings that changed; "
    "their values are not shown, since some hold credentials.",
    {
        "Before": 2,
        "After": 3,
        "Added": ["crun"],
        "Removed": [],
        "Changed": {"logged": {"Before": _A_RUNTIME, "After": _A_RUNTIME}},
        "Settings": ["default-runtime"],
    },
    query={"before": "the number of the older version", "after": "the number of the newer one"},
    errors={400: "a number is missing or malformed", 404: "there is no such version, or it is no longer kept"},
)
_DRIFT = Endpoint(
    "The containers that would run otherwise after a new start, and why: each reason is a sentence. "
    "`Runtime` is what the container is locked to.",
    {
        "Containers": [
            {
                "Id": "4f1c…",
                "Name": "web",
                "State": "running",
                "Version": 2,
                "Runtime": _A_RUNTIME,
                "Reasons": ["the runtime logged is configured otherwise since version 2"],
            }
        ]
    },
)
_RELOAD = Endpoint(
    "Read the configuration file again and put it in force, as a whole or not at all. It is in force when the answer "
    "arrives; `Changed` is true if it made a new version.",
    {"Version": 3, "Changed": True, "DefaultRuntime": "runc", "Runtimes": ["io.containerd.runc.v2", "logged", "runc"]},
    errors={
        400: "the file has mistakes, all of which are in `errors`; the version in force stays",
        503: "scripts or database cannot be written; the version in force stays",
    },
)


class RuntimesApi:
    """The handlers under /statesvc/v1/runtimes."""

    def __init__(self, runtimes: Runtimes, history: RuntimeHistory) -> None:
        self._runtimes = runtimes
        self._history = history

    def routes(self) -> list[Route]:
        """Return the routes of this noun."""
        return [
            Route("GET", "/statesvc/v1/runtimes", self.in_force, _IN_FORCE),
            Route("GET", "/statesvc/v1/runtimes/history", self.history, _HISTORY),
            Route("GET", "/statesvc/v1/runtimes/changes", self.changes, _CHANGES),
            Route("GET", "/statesvc/v1/runtimes/drift", self.drift, _DRIFT),
            Route("POST", "/statesvc/v1/runtimes/reload", self.reload, _RELOAD),
        ]

    async def in_force(self, _call: Call) -> Answer:
        """GET /statesvc/v1/runtimes"""
        version, runtimes = await self._history.in_force()
        return json_answer(in_force_document(version, runtimes))

    async def history(self, call: Call) -> Answer:
        """GET /statesvc/v1/runtimes/history?limit="""
        limit = call.number("limit") if call.text("limit") else HISTORY
        return json_answer(history_document(await self._history.versions(limit)))

    async def changes(self, call: Call) -> Answer:
        """GET /statesvc/v1/runtimes/changes?before=&after="""
        return json_answer(changes_document(await self._history.changes(call.number("before"), call.number("after"))))

    async def drift(self, _call: Call) -> Answer:
        """GET /statesvc/v1/runtimes/drift"""
        return json_answer(drift_document(await self._history.drift()))

    async def reload(self, _call: Call) -> Answer:
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
