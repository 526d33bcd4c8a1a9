"""Kills of commands: beside the service, on a copy of its database, in its place; and damage for a start to mend."""

import asyncio
import shutil
from contextlib import suppress
from pathlib import Path

from histories.outcome import Violation
from histories.processes import Processes, Site
from histories.strikes import Strikes
from stored_rows import rows_of

from statesvc.db.schema.backup import verified
from statesvc.faults import Point


class Commands:
    """The commands that are killed on a data root."""

    def __init__(self, site: Site, processes: Processes, strikes: Strikes) -> None:
        self._site = site
        self._processes = processes
        self._strikes = strikes

    async def backup(self, fault: str) -> None:
        """Kill a backup beside the service; the next one succeeds, and every backup that has its name is whole."""
        command = ("db", "backup", "--data-root", str(self._site.root))
        if fault.startswith(Point.BACKUP_PRUNED):
            for _ in range(2):
                await asyncio.to_thread(self._processes.run, *command)
        self._strikes.count(await asyncio.to_thread(self._processes.run, *command, fault=fault))
        await asyncio.to_thread(self._succeeds, *command)
        backups = self._site.root / "backups"
        for kept in backups.glob("*.db"):
            await asyncio.to_thread(verified, kept)
        for left in backups.glob("*.partial*"):  # after a day the service removes them itself
            left.unlink()

    def upgrade(self, fault: str) -> None:
        """Kill an upgrade of a copy of the database; the next one succeeds, and no row is lost or changed."""
        copy = self._site.folder / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        copy.mkdir(mode=0o700)
        for name in ("statesvc.db", "statesvc.db-wal"):
            with suppress(FileNotFoundError):
                shutil.copy(self._site.root / name, copy / name)
        before = rows_of(copy / "statesvc.db")
        self._succeeds("db", "downgrade", "-1", "--yes", "--data-root", str(copy))
        self._strikes.count(self._processes.run("db", "upgrade", "--data-root", str(copy), fault=fault))
        self._succeeds("db", "upgrade", "--data-root", str(copy))
        self._succeeds("check", "--schema", "--data-root", str(copy))
        if rows_of(copy / "statesvc.db") != before:
            raise Violation("an upgrade that was killed and done again has changed rows")

    def restore(self, fault: str) -> None:
        """Kill a restore of what is in the database now: whichever file is in its place then, nothing is missing."""
        root, now = str(self._site.root), self._site.folder / "now.db"
        now.unlink(missing_ok=True)
        self._succeeds("db", "backup", str(now), "--data-root", root)
        self._strikes.count(self._processes.run("db", "restore", str(now), "--data-root", root, fault=fault))

    def _succeeds(self, *command: str) -> None:
        if code := self._processes.run(*command):
            raise Violation(f"{' '.join(command)} ended with {code}:\n{self._strikes.last_words()}")


def damage(root: Path, what: str) -> None:
    """Leave something for a start to mend, or for a request to make again."""
    if what == "secret":
        (root / "idempotency.key").unlink(missing_ok=True)
    elif what == "scripts":
        for script in (root / "runtimes").iterdir():
            script.unlink()
    elif what == "orphan":
        (root / "runtimes" / f".unfinished-{'0' * 64}").write_text("#!/bin/sh")
