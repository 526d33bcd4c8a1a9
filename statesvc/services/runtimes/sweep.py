"""The sweep at start-up removes what no container holds, and mends held scripts. Never while serving.

While requests are answered, one of them may still hold an older version of the daemon configuration.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import asdict, dataclass

import structlog

from statesvc.db import runtimes, scripts
from statesvc.db.database import Database
from statesvc.db.scripts import HeldScript
from statesvc.db.sqlite import Connection
from statesvc.domain.times import Clock
from statesvc.faults import Point, passed
from statesvc.host.scripts import ScriptFolder
from statesvc.services.runtimes.script_files import compared

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SweepReport:
    """What a sweep did, or with `dry_run` would do. Scripts are listed by digest, files by name, versions by number.

    `damaged` are blobs that do not have their digest, `unwritten` the files that could not be mended, and why.
    """

    dry_run: bool
    removed_scripts: tuple[str, ...]
    removed_files: tuple[str, ...]
    restored_files: tuple[str, ...]
    removed_versions: tuple[int, ...]
    damaged: tuple[str, ...]
    unwritten: tuple[str, ...]

    @property
    def healthy(self) -> bool:
        """Whether every script that is held is there and intact after the sweep."""
        return not (self.damaged or self.unwritten)


@dataclass(frozen=True, slots=True)
class _Kept:
    unheld: tuple[str, ...]
    versions: tuple[int, ...]
    held: tuple[HeldScript, ...]


async def sweep(
    database: Database, folder: ScriptFolder, clock: Clock, *, history: int, dry_run: bool = False
) -> SweepReport:
    """Remove scripts, files and versions that nothing holds; write held files again. Twice does nothing more.

    `history` is how many versions are kept that nothing holds. The caller holds the data root and does not answer
    requests yet.
    """
    kept = await database.scan(_look, history) if dry_run else await database.write(_remove, history)
    passed(Point.SWEEP_RECORDED)
    report, mended = await asyncio.to_thread(_settle, folder, kept, dry_run=dry_run)
    passed(Point.SWEEP_SETTLED)
    if mended and not dry_run:
        await database.write(_note, mended, clock())
        passed(Point.SWEEP_NOTED)
    if not dry_run:
        done = {key: value for key, value in asdict(report).items() if value}
        log.info("swept", **done, healthy=report.healthy)
    return report


def _look(conn: Connection, history: int) -> _Kept:
    unheld = scripts.unheld(conn)
    return _Kept(tuple(unheld), tuple(runtimes.unheld_versions(conn, history)), tuple(scripts.held(conn)))


def _remove(conn: Connection, history: int) -> _Kept:
    kept = _look(conn, history)
    for digest in kept.unheld:
        scripts.remove(conn, digest)
    for version in kept.versions:
        runtimes.remove_version(conn, version)
    return kept


def _note(conn: Connection, mended: Iterable[tuple[str, str]], now: int) -> None:
    for digest, because in mended:
        scripts.restored(conn, digest, because, now)


def _settle(folder: ScriptFolder, kept: _Kept, *, dry_run: bool) -> tuple[SweepReport, list[tuple[str, str]]]:
    """Make the folder what the database says; return the report, and the digests that were mended with the reason."""
    files, orphans = compared(folder, kept.held)
    restored, mended, unwritten = [], [], []
    for file in files:
        if file.because is None or not file.whole:
            continue
        problem = None if dry_run else _write(folder, file.name, file.script.content)
        if problem:
            unwritten.append(f"{file.name}: {problem}")
        else:
            restored.append(file.name)
            mended.append((file.script.digest, file.because))
    if not dry_run:
        _remove_files(folder, orphans)
    damaged = [file.script.digest for file in files if not file.whole]
    report = SweepReport(
        dry_run, kept.unheld, tuple(orphans), tuple(restored), kept.versions, tuple(damaged), tuple(unwritten)
    )
    return report, mended


def _remove_files(folder: ScriptFolder, names: list[str]) -> None:
    try:
        folder.remove(names)
    except OSError as error:
        log.warning("files of scripts not removed", folder=str(folder.path), reason=error.strerror)
        names.clear()


def _write(folder: ScriptFolder, name: str, content: bytes) -> str | None:
    try:
        folder.write({name: content})
    except OSError as error:
        return error.strerror or str(error)
    return None
