"""Kills of commands: beside the service, on a copy of its database, in its place; and damage for a start to mend."""

import os
import shutil
from contextlib import suppress
from pathlib import Path

from histories.outcome import Violation
from histories.plays import Stage
from histories.processes import Process, Processes, Site
from histories.strikes import Strikes
from stored_rows import rows_of

from statesvc.db.schema.backup import verified
from statesvc.faults import Point


class Commands:
    """The commands that are struck on a data root."""

    def __init__(self, site: Site, processes: Processes, strikes: Strikes) -> None:
        self._root = site.root
        self._copy = site.root.parent / "copy"
        self._now = site.folder / "now.db"
        self._processes = processes
        self._strikes = strikes
        self._rows: object = None

    def start(self, stage: Stage, fault: str) -> Process:
        """Start the command of a stage, after what it needs, with a fault point armed."""
        if stage is Stage.UPGRADE:
            return self._start_upgrade(fault)
        if stage is Stage.RESTORE:
            self._now.unlink(missing_ok=True)
            self._succeeds("db", "backup", str(self._now), "--data-root", str(self._root))
            return self._processes.start("db", "restore", str(self._now), "--data-root", str(self._root), fault=fault)
        if stage is Stage.COMPACT:
            return self._processes.start("db", "compact", "--data-root", str(self._root), fault=fault)
        if fault.startswith(Point.BACKUP_PRUNED):
            for _ in range(2):
                self._succeeds("db", "backup", "--data-root", str(self._root))
        return self._processes.start("db", "backup", "--data-root", str(self._root), fault=fault)

    def judge(self, stage: Stage) -> None:
        """Look at what the command left. Of a restore or a compaction, the service shows it: nothing may be missing.

        A backup or an upgrade succeeds now. Backups that have their name are whole; an upgrade has changed no row.
        """
        if stage is Stage.UPGRADE:
            self._succeeds("db", "upgrade", "--data-root", str(self._copy))
            self._succeeds("check", "--schema", "--data-root", str(self._copy))
            if rows_of(self._copy / "statesvc.db") != self._rows:
                raise Violation("an upgrade that was cut off and done again has changed rows")
        elif stage is Stage.BACKUP:
            self._succeeds("db", "backup", "--data-root", str(self._root))
            backups = self._root / "backups"
            for kept in backups.glob("*.db"):
                verified(kept)
            for left in backups.glob("*.partial*"):  # after a day the service removes them itself
                left.unlink()

    def _start_upgrade(self, fault: str) -> Process:
        shutil.rmtree(self._copy, ignore_errors=True)
        self._copy.mkdir(mode=0o700)
        for name in ("statesvc.db", "statesvc.db-wal"):
            with suppress(FileNotFoundError):
                shutil.copy(self._root / name, self._copy / name)
        self._rows = rows_of(self._copy / "statesvc.db")
        self._succeeds("db", "downgrade", "-1", "--yes", "--data-root", str(self._copy))
        os.sync()  # a power cut is to hit the upgrade, not the copy
        return self._processes.start("db", "upgrade", "--data-root", str(self._copy), fault=fault)

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
