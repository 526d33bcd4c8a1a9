"""The versions of the daemon configuration, the differences between them, and the containers that lag behind."""

import json
from collections.abc import Iterable, Iterator, Mapping

from statesvc.db import runtimes
from statesvc.db.database import Database
from statesvc.db.runtimes import LockedContainer, Version
from statesvc.db.sqlite import Connection
from statesvc.db.workers import Workers
from statesvc.domain import times
from statesvc.domain.runtime_history import Changes, Drift, VersionInfo, changes, definition
from statesvc.domain.runtimes import Lock
from statesvc.errors import NotFound
from statesvc.host import binaries
from statesvc.host.scripts import ScriptFolder


class RuntimeHistory:
    """Reads the versions of the daemon configuration."""

    def __init__(self, database: Database, folder: ScriptFolder, threads: Workers) -> None:
        self._database = database
        self._folder = folder
        self._threads = threads

    async def in_force(self) -> tuple[VersionInfo, tuple[Lock, ...]]:
        """Return the version in force, with its runtimes by name. Raises NotFound before the first start."""
        return await self._database.scan(_current)

    async def versions(self, limit: int) -> tuple[VersionInfo, ...]:
        """Return the newest versions, the newest first."""
        return await self._database.scan(_versions, limit)

    async def changes(self, before: int, after: int) -> Changes:
        """Compare two versions. Raises NotFound for one that is not kept."""
        return await self._database.scan(_changes, before, after)

    async def drift(self) -> tuple[Drift, ...]:
        """Return the containers that run otherwise than new ones would, by name, with the reasons."""
        locked, locks, new = await self._database.scan_long(_locked)
        damage = await self._threads.run(self._damage, locks.values())
        return tuple(
            Drift(one.container_id, one.container_name, one.state, locks[one.runtime_id], tuple(reasons))
            for one in locked
            if (reasons := _reasons(one, locks[one.runtime_id], new) + damage[one.runtime_id])
        )

    def _damage(self, locks: Iterable[Lock]) -> dict[int, list[str]]:
        return {lock.runtime_id: list(self._damage_of(lock)) for lock in locks}

    def _damage_of(self, lock: Lock) -> Iterator[str]:
        """Yield what is wrong with the files of a runtime: its binary, its script."""
        problem = binaries.obstacle(lock.binary) if lock.binary else None
        if problem:
            yield f"its binary {lock.binary} cannot be executed: {problem}"
        if lock.script_file and lock.script_digest:
            problem = self._folder.missing_or_altered(lock.script_file, lock.script_digest)
            if problem:
                yield f"the file of its script is {problem}: the next start of the service writes it again"


def _version_infos(conn: Connection, versions: Iterable[Version]) -> tuple[VersionInfo, ...]:
    in_force, holders = runtimes.current(conn), runtimes.holders(conn)
    return tuple(
        VersionInfo(one.version, one.digest, one.source, one.loaded_at, one == in_force, holders.get(one.version, 0))
        for one in versions
    )


def _current(conn: Connection) -> tuple[VersionInfo, tuple[Lock, ...]]:
    version = runtimes.current(conn)
    if version is None:
        raise NotFound("no configuration is in force yet: the first start of the service puts one in force")
    return _version_infos(conn, [version])[0], tuple(runtimes.of_version(conn, version.version))


def _versions(conn: Connection, limit: int) -> tuple[VersionInfo, ...]:
    return _version_infos(conn, runtimes.versions(conn, limit))


def _changes(conn: Connection, before: int, after: int) -> Changes:
    old, new = _kept(conn, before), _kept(conn, after)
    return changes(
        before,
        after,
        (_by_name(conn, before), _by_name(conn, after)),
        (json.loads(old.user_config), json.loads(new.user_config)),
    )


def _kept(conn: Connection, number: int) -> Version:
    version = runtimes.find_version(conn, number)
    if version is None:
        raise NotFound(f"there is no version {number} of the configuration, or it was removed")
    return version


def _by_name(conn: Connection, version: int) -> dict[str, Lock]:
    return {lock.name: lock for lock in runtimes.of_version(conn, version)}


def _locked(conn: Connection) -> tuple[list[LockedContainer], dict[int, Lock], dict[str, Lock]]:
    """Return the locked containers, the runtimes they are locked to, and the runtimes of the version in force."""
    locked, version = runtimes.locked(conn), runtimes.current(conn)
    locks = {runtime_id: runtimes.by_id(conn, runtime_id) for runtime_id in {one.runtime_id for one in locked}}
    return locked, locks, _by_name(conn, version.version) if version else {}


def _reasons(one: LockedContainer, lock: Lock, new: Mapping[str, Lock]) -> list[str]:
    reasons = []
    now = new.get(lock.name)
    if now is None:
        if lock.origin != "shim":  # which needs no configuration
            reasons.append(f"the runtime {lock.name} is no longer configured")
    elif definition(now) != definition(lock):
        reasons.append(f"the runtime {lock.name} is configured otherwise since version {lock.version}")
    elif now.version != lock.version:
        reasons.append(f"it is locked to version {lock.version}; the one in force defines its runtime alike")
    if one.restored_because is not None:
        when = times.render(one.restored_at)
        reasons.append(f"the file of its script was {one.restored_because}, and was written again at {when}")
    return reasons
