"""Puts a daemon configuration in force: at the start of the service, and with each reload."""

import asyncio
import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import structlog

from statesvc.db import events, runtimes
from statesvc.db.database import Database
from statesvc.db.sqlite import Connection
from statesvc.domain.daemon_config import DaemonConfig
from statesvc.domain.event import Event
from statesvc.domain.runtimes import Derived, derive
from statesvc.domain.wrapper_script import file_name
from statesvc.errors import NOTHING_CHANGED, InvalidParameter, Unavailable
from statesvc.faults import Point, passed
from statesvc.host import binaries
from statesvc.host.scripts import ScriptFolder
from statesvc.services import configuration
from statesvc.services.configuration import InForce
from statesvc.services.health import Reason
from statesvc.services.site import Site
from statesvc.validation import daemon

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Reloaded:
    """The result of a reload: the version in force, and whether it is a new one."""

    in_force: InForce
    changed: bool


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A daemon configuration that passed every rule, with what follows from it on this machine."""

    config: DaemonConfig
    derived: tuple[Derived, ...]
    digest: str
    source: str


class Runtimes:
    """The daemon configuration and its runtimes, of which one version is in force."""

    def __init__(self, database: Database, site: Site, folder: ScriptFolder, config_file: Path | None) -> None:
        self._database = database
        self._site = site
        self._folder = folder
        self._config_file = config_file
        self._one_at_a_time = asyncio.Lock()
        self._not_recorded = ""

    async def put_in_force(self, config: DaemonConfig) -> Reloaded:
        """Put a daemon configuration in force as the service starts; one that is in force already makes no version."""
        async with self._one_at_a_time:
            return await self._put_in_force(config, reloading=False)

    async def put_in_force_or_keep(self, config: DaemonConfig) -> None:
        """As `put_in_force`; if that cannot be written, as on a full disk, the version that was in force stays so.

        Raises Unavailable if there is none.
        """
        try:
            await self.put_in_force(config)
        except Unavailable as error:
            before = await self._database.scan(runtimes.current)
            if before is None:
                raise
            kept = daemon.read(before.user_config)
            derived = derive(kept.runtimes.values(), binaries.resolve(_paths(kept)))
            self._site.configuration.swap(self._site.configuration.version(before.version, kept, derived))
            self._not_recorded = (
                f"the daemon configuration could not be put in force, and version {before.version} stays so: "
                f"{error.message}"
            )
            log.warning("the daemon configuration could not be put in force", kept=before.version, reason=error.message)

    def reasons(self) -> Iterator[Reason]:
        """Yield why the configuration in force is not the one of the file."""
        if self._not_recorded:
            yield Reason("not-recorded", self._not_recorded)

    def use_unrecorded(self, config: DaemonConfig) -> None:
        """Verify requests by a daemon configuration without making it a version: for commands, not for the service."""
        derived = derive(config.runtimes.values(), binaries.resolve(_paths(config)))
        self._site.configuration.swap(self._site.configuration.version(0, config, derived))

    async def reload(self) -> Reloaded:
        """Read the file again and put it in force as a whole; it is in force when this returns.

        Raises InvalidParameter with every problem of the file, Unavailable if scripts or database cannot be written:
        what was in force stays so.
        """
        async with self._one_at_a_time:
            config = await configuration.read(self._config_file)
            passed(Point.RELOAD_READ)
            reloaded = await self._put_in_force(config, reloading=True)
        log.info("configuration reloaded", version=reloaded.in_force.version, changed=reloaded.changed)
        return reloaded

    async def _put_in_force(self, config: DaemonConfig, *, reloading: bool) -> Reloaded:
        candidate = await self._site.threads.engine.run(self._prepare, config)
        passed(Point.RELOAD_PREPARED)
        number, changed = await self._database.write(_record, candidate, self._site, reloading=reloading)
        passed(Point.RELOAD_RECORDED)
        version = self._site.configuration.version(number, config, candidate.derived)
        self._site.configuration.swap(version)
        self._not_recorded = ""
        passed(Point.RELOAD_IN_FORCE)
        return Reloaded(version, changed)

    def _prepare(self, config: DaemonConfig) -> _Candidate:
        """Resolve the paths and write the scripts: first the files, so that no row ever names one that is not there."""
        derived = derive(config.runtimes.values(), binaries.resolve(_paths(config)))
        source = str(self._config_file or "defaults")
        candidate = _Candidate(config, derived, _digest(config, derived), source)
        for warning in config.warnings:
            log.warning("the configuration has something without effect", source=source, warning=warning)
        for one in candidate.derived:
            if one.runtime.path and one.binary is None:
                log.warning("runtime is not on PATH", runtime=one.runtime.name, path=one.runtime.path)
        try:
            self._folder.write(self._unwritten(candidate.derived))
        except OSError as error:
            raise Unavailable(
                f"the wrapper scripts cannot be written to {self._folder.path}: {error.strerror}; "
                f"the configuration in force is unchanged: {NOTHING_CHANGED}"
            ) from None
        return candidate

    def _unwritten(self, derived: Iterable[Derived]) -> dict[str, bytes]:
        scripts = [(file_name(one.runtime.name, one.script.digest), one.script) for one in derived if one.script]
        return {
            name: script.content for name, script in scripts if self._folder.missing_or_altered(name, script.digest)
        }


def obstacle(derived: Derived) -> str:
    """Return which binary of a runtime cannot be executed, and why; "" if it can, or if the runtime is a shim."""
    if not derived.runtime.path:
        return ""
    if derived.binary is None:
        return f"{derived.runtime.path}: executable file not found in $PATH"
    reason = binaries.obstacle(derived.binary)
    return f"{derived.binary}: {reason}" if reason else ""


def preflight(derived: Derived | None) -> None:
    """Raise InvalidParameter, with its path, for a binary that cannot be executed. May block on a slow disk."""
    reason = obstacle(derived) if derived else ""
    if reason:
        raise InvalidParameter(f"error while looking up the specified runtime path: {reason}")


def _paths(config: DaemonConfig) -> list[str]:
    return [runtime.path for runtime in config.runtimes.values() if runtime.path]


def _digest(config: DaemonConfig, derived: Iterable[Derived]) -> str:
    """Return the same for two files that differ only in spaces and the order of keys, and lead to the same binaries."""
    follows = [(one.runtime.name, one.binary, one.script and one.script.digest) for one in derived]
    whole = json.dumps([json.loads(config.text), sorted(follows)], sort_keys=True)
    return "sha256:" + hashlib.sha256(whole.encode()).hexdigest()


def _record(conn: Connection, candidate: _Candidate, site: Site, *, reloading: bool) -> tuple[int, bool]:
    before = runtimes.current(conn)
    number, changed, now = before.version if before else 0, False, site.clock()
    if before is None or before.digest != candidate.digest:
        changed = True
        number = runtimes.put_in_force(
            conn,
            digest=candidate.digest,
            source=candidate.source,
            user_config=candidate.config.text,
            now=now,
            derived=candidate.derived,
        )
    if reloading or (changed and before):
        events.append(conn, _reload_event(candidate, number, site, now))
    return number, changed


def _reload_event(candidate: _Candidate, version: int, site: Site, now: int) -> Event:
    """Return the event of a reload. It names no options of log drivers, which hold credentials."""
    config = candidate.config
    attributes = {
        "name": site.facts.hostname,
        "version": str(version),
        "digest": candidate.digest,
        "default-runtime": config.default_runtime,
        "default-ipc-mode": config.ipc_mode,
        "default-shm-size": str(config.shm_size),
        "labels": json.dumps(list(config.labels)),
        "live-restore": str(config.live_restore).lower(),
        "runtimes": " ".join(sorted(config.runtimes)),
    }
    return Event("daemon", "reload", site.instance_id, now, attributes)
