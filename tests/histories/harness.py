"""Runs the service under load, ends it again and again, and judges after each start what it has kept.

A run is made of stretches: from a start of the service until a kill or a power cut. What clients recorded in a stretch
is judged after the next start, with the events that the journal has then.
"""

import asyncio
import json
import shutil
import signal
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from held_scripts import broken_promises
from histories import clients
from histories.checks import Checks
from histories.clients import Client, World, seeds, snapshot_of
from histories.connection import Connection, Lost
from histories.operations import Op
from histories.plays import PLAYS, Play, Stage, Where, possible
from histories.power import Disk
from histories.processes import Process, Processes
from stored_rows import rows_of

from statesvc.db.database import snapshot
from statesvc.db.schema.backup import verified
from statesvc.faults import Point
from statesvc.host.scripts import ScriptFolder
from statesvc.services.damage import check

CLIENTS = 12
# A service that hangs is found, however long it takes; one that starves on a busy machine must not be taken for it.
PATIENCE = 300.0
TRIES = 5
"""How often a point that was not passed in its stretch gets another one."""
CHECKED_EVERY = 10


class Violation(AssertionError):
    """A promise was broken."""


class Died(Exception):
    """The service ended before it answered."""


@dataclass
class Figures:
    """What a run did."""

    operations: int = 0
    acknowledged: int = 0
    refused: int = 0
    lost: int = 0
    kills: int = 0
    cuts: int = 0
    events: int = 0
    histories: int = 0
    seconds: float = 0.0
    judging: float = 0.0
    struck: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        """One line."""
        return (
            f"{self.operations} operations ({self.acknowledged} acknowledged, {self.refused} refused, {self.lost} "
            f"without an answer), {self.kills} kills at {len(self.struck)} points and at random, {self.cuts} power "
            f"cuts, {self.events} events, {self.histories} histories judged, in {self.seconds:.0f} s "
            f"({self.judging:.0f} s of them for judging)"
        )


@dataclass(frozen=True)
class Site:
    """Where a run lies. `root` is the data root, which may be on a disk of its own; the rest is beside it."""

    folder: Path
    root: Path

    @property
    def socket(self) -> Path:
        """The socket of the service."""
        return self.folder / "s"

    @property
    def log(self) -> Path:
        """What the processes print."""
        return self.folder / "log"


class Harness:
    """One run of a seed. `before_kill` is called with the process that is to end, as a power cut is made there."""

    def __init__(self, site: Site, processes: Processes, seed: int, *, most: int) -> None:
        self.site = site
        self.seed = seed
        self.figures = Figures()
        self._processes = processes
        self._most = most  # operations in a stretch: the journal keeps as many events
        self._planned = most
        self._world = World(site.folder / "daemon.json", site.folder / "docker")
        self._checks = Checks()
        self._ops: list[Op] = []
        self._ended, self._file = 0, 0
        self._stretches = 0
        self._read = 0
        self._tries: Counter[Where] = Counter()
        self._plays = possible()

    # A run.

    async def begin(self) -> None:
        """Load the images of the run."""
        self._world.write_config()
        await self.stretch(None, load=[clients.BASE, clients.OTHER])

    async def play(self, operations: int, kills: int, *, seconds: float = float("inf")) -> None:
        """Do so much, with kills at every point in turn and at random between; fail if a point was not passed."""
        began, waiting, figures = time.monotonic(), list(self._plays), self.figures
        while figures.operations < operations or figures.kills < kills or len(figures.struck) < len(self._plays):
            if time.monotonic() - began > seconds:
                break
            kills_left = max(1, kills - figures.kills)
            self._planned = max(60, min(self._most, int(1.5 * (operations - figures.operations) / kills_left)))
            aimed = self._stretches % 2 or kills_left <= len(waiting)
            waiting = waiting or list(self._plays)
            point = waiting.pop(0) if aimed else None
            before = figures.struck[point.value] if point else 0
            await self.stretch(point)
            if point and figures.struck[point.value] == before:
                self._missed(point)
                waiting.append(point)
        figures.seconds = time.monotonic() - began

    def _missed(self, point: Where) -> None:
        self._tries[point] += 1
        if self._tries[point] > TRIES:
            raise Violation(f"the fault point {point} was not passed in {TRIES} stretches")

    async def play_cuts(self, cuts: int, disk: Disk, *, seconds: float = float("inf")) -> None:
        """Cut the power so often: at points under load in an order of the seed's, and at random."""
        points = [point for point, play in self._plays.items() if play.stage in {Stage.LOAD, Stage.RELOADS}]
        seeds(self.seed, "cuts").shuffle(points)
        began = time.monotonic()
        while self.figures.cuts < cuts and time.monotonic() - began < seconds:
            point = points[self.figures.cuts // 2 % len(points)] if self.figures.cuts % 2 else None
            self._planned = self._most
            await self.stretch(point, cut=lambda process: _cut(process, disk))
        self.figures.seconds += time.monotonic() - began

    async def finish(self) -> None:
        """Judge the last stretch, let an import go through, and check the whole store."""
        process, connection = await self._started("")
        try:
            await self._judge(connection)
            await self._client("import", connection).import_docker()
        finally:
            connection.close()
            self._end(process)
        process, connection = await self._started("")
        await self._judge(connection, whole=True)
        connection.close()
        process.send(signal.SIGTERM)
        if code := process.wait():
            raise Violation(f"after SIGTERM the service ended with {code}")

    async def stretch(
        self,
        point: Where | None,
        *,
        load: list[str] | None = None,
        cut: Callable[[Process], None] | None = None,
    ) -> None:
        """Serve for a while, then kill at a point or at random, or cut the power if `cut` does."""
        self._stretches += 1
        rng = seeds(self.seed, self._stretches)
        play = PLAYS[point] if point else Play(Stage.LOAD)
        self._planned = max(self._planned, play.least)
        fault = f"{point}:{play.passing(rng, self._planned)}" if point else ""
        self._damage(play.damage)
        if play.stage is Stage.START:
            await self._killed_at_start(fault)
        elif play.stage is Stage.UPGRADE:
            self._killed_upgrade(fault)
        elif play.stage is Stage.RESTORE:
            self._killed_restore(fault)
        serves = play.stage in {Stage.LOAD, Stage.RELOADS, Stage.IMPORT, Stage.STOP}
        process, connection = await self._started(f"{fault}:stop" if cut and fault else fault if serves else "")
        world, at = self._world, self._world.done + rng.randint(self._planned // 5, self._planned)
        world.strike_at = None if serves and point and play.stage is not Stage.STOP else at
        number = signal.SIGSTOP if cut else signal.SIGTERM if play.stage is Stage.STOP else signal.SIGKILL
        world.strike = lambda: process.send(number)
        work = self._served(process, connection, load or [], play, fault)
        await _first(_until(process, "T") if cut else None, work)
        connection.close()
        self._end(process, cut=cut)

    async def _served(self, process: Process, connection: Connection, load: list[str], play: Play, fault: str) -> None:
        """Judge the stretch before, and do the work of this one."""
        with suppress(Lost):  # it is killed while the harness itself asks
            await self._judge(connection)
            for reference in load:
                await self._client("load", connection).load(reference)
            await self._client("read-back", connection).read_back(20)
            await self._load(process, play, fault)

    # A start and its end.

    async def _started(self, fault: str) -> tuple[Process, Connection]:
        """Start the service; one that is killed meanwhile is counted, and started again without the fault."""
        process, connection = self._start(fault)
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                await _first(_until(process, "T") if fault.endswith("stop") else None, _ping(connection))
            except Lost:
                if process.state == "Z":
                    self._count(process.wait())
                    if not fault:
                        raise Violation(f"the service does not start:\n{self._last_words()}") from None
                    return await self._started("")
                if process.state == "T":  # it stands still at its point already
                    return process, connection
                await asyncio.sleep(0.005)
            else:
                return process, connection
        raise Violation(f"the service does not answer:\n{self._last_words()}")

    def _start(self, fault: str) -> tuple[Process, Connection]:
        fresh = self._stretches % 10 == 0 and not fault
        flags = ["-H", f"unix://{self.site.socket}", "--data-root", str(self.site.root)]
        flags += ["--config-file", str(self._world.config_file)]
        return self._processes.start("serve", *flags, fault=fault, fresh=fresh), Connection(self.site.socket)

    def _end(self, process: Process, *, cut: Callable[[Process], None] | None = None) -> None:
        if cut:
            cut(process)
            self.figures.cuts += 1
            self._note_log()
        else:
            self._count(process.kill())
        self._ended = time.monotonic_ns()

    def _count(self, code: int) -> None:
        """Count a kill."""
        if code != -signal.SIGKILL:
            raise Violation(f"a process ended with {code}, and was not killed:\n{self._last_words()}")
        self.figures.kills += 1
        self._note_log()

    def _note_log(self) -> None:
        """Note at which points processes were struck, and read on from here the next time."""
        text = self._last_words()
        for line in text.splitlines():
            if line.startswith("fault point "):
                self.figures.struck[line.removeprefix("fault point ")] += 1
        if "Traceback" in text:
            raise Violation(f"the log has a traceback:\n{self._last_words()}")
        self._read += len(text)

    def _last_words(self) -> str:
        """Return what was logged since the last kill."""
        if not self.site.log.exists():
            return ""
        with self.site.log.open("rb") as log:
            log.seek(self._read)
            return log.read().decode("latin-1")

    # What is going on while it is killed.

    def _client(self, who: object, connection: Connection) -> Client:
        return Client(self._world, connection, seeds(self.seed, self._stretches, who), self._ops)

    async def _load(self, process: Process, play: Play, fault: str) -> None:
        connections = [Connection(self.site.socket) for _ in range(CLIENTS + 2)]
        own = [self._client(who, connection) for who, connection in enumerate(connections)]
        share = -(-self._planned // CLIENTS)
        users = asyncio.gather(*(_until_lost(client.run(share)) for client in own[:CLIENTS]))
        reloads = asyncio.ensure_future(_until_lost(self._reload(own[-2], play)))
        others, beside = [reloads], None
        if play.stage is Stage.IMPORT:
            beside = asyncio.ensure_future(_until_lost(own[-1].import_docker()))
        elif play.stage is Stage.BACKUP:
            beside = asyncio.ensure_future(self._killed_backup(fault))
        others += [beside] if beside else []
        try:
            await asyncio.wait([users])
            if beside:
                await asyncio.wait([beside], timeout=PATIENCE)
            elif play.stage is Stage.RELOADS:
                await asyncio.wait([reloads], timeout=1)
            if play.stage is Stage.STOP:
                await asyncio.wait_for(_until(process, "Z"), PATIENCE)
        finally:
            for task in (users, *others):
                task.cancel()
            results = await asyncio.gather(users, *others, return_exceptions=True)
            for connection in connections:
                connection.close()
        for result in results:
            if isinstance(result, Exception):
                raise result

    async def _reload(self, client: Client, play: Play) -> None:
        """Reload all the time, or now and then."""
        while True:
            await asyncio.sleep(0.005 if play.stage is Stage.RELOADS else 0.1)
            await client.reload()

    async def _killed_at_start(self, fault: str) -> None:
        process, connection = self._start(fault)
        await _first(_until(process, "Z"), _has_started(connection))
        connection.close()
        self._count(process.kill())

    async def _killed_backup(self, fault: str) -> None:
        backups = self.site.root / "backups"
        command = ("db", "backup", "--data-root", str(self.site.root))
        if fault.startswith(Point.BACKUP_PRUNED):
            for _ in range(2):
                await asyncio.to_thread(self._processes.run, *command)
        self._count(await asyncio.to_thread(self._processes.run, *command, fault=fault))
        if code := await asyncio.to_thread(self._processes.run, *command):
            raise Violation(f"after a killed backup the next ended with {code}:\n{self._last_words()}")
        for kept in backups.glob("*.db"):
            await asyncio.to_thread(verified, kept)
        for left in backups.glob("*.partial*"):  # after a day the service removes them itself
            left.unlink()

    def _killed_upgrade(self, fault: str) -> None:
        copy = self.site.folder / "copy"
        shutil.rmtree(copy, ignore_errors=True)
        copy.mkdir(mode=0o700)
        for name in ("statesvc.db", "statesvc.db-wal"):
            with suppress(FileNotFoundError):
                shutil.copy(self.site.root / name, copy / name)
        before = rows_of(copy / "statesvc.db")
        self._succeeds("db", "downgrade", "-1", "--yes", "--data-root", str(copy))
        self._count(self._processes.run("db", "upgrade", "--data-root", str(copy), fault=fault))
        self._succeeds("db", "upgrade", "--data-root", str(copy))
        self._succeeds("check", "--schema", "--data-root", str(copy))
        if rows_of(copy / "statesvc.db") != before:
            raise Violation("an upgrade that was killed and done again has changed rows")

    def _killed_restore(self, fault: str) -> None:
        now = self.site.folder / "now.db"
        now.unlink(missing_ok=True)
        self._succeeds("db", "backup", str(now), "--data-root", str(self.site.root))
        self._count(self._processes.run("db", "restore", str(now), "--data-root", str(self.site.root), fault=fault))

    def _succeeds(self, *command: str) -> None:
        if code := self._processes.run(*command):
            raise Violation(f"{' '.join(command)} ended with {code}:\n{self._last_words()}")

    def _damage(self, what: str) -> None:
        """Leave something for a start to mend, or for a request to make again."""
        scripts = self.site.root / "runtimes"
        if what == "secret":
            (self.site.root / "idempotency.key").unlink(missing_ok=True)
            self._world.keys.clear()  # requests with keys from before are refused now
        elif what == "scripts":
            for script in scripts.iterdir():
                script.unlink()
        elif what == "orphan":
            (scripts / f".unfinished-{'0' * 64}").write_text("#!/bin/sh")

    # What it has kept.

    async def _judge(self, connection: Connection, *, whole: bool = False) -> None:
        """Judge the stretch before this start."""
        began = time.monotonic()
        events = await self._events(connection)
        shown = snapshot_of(await connection.call("GET", "/statesvc/v1/snapshot", agent="judge"))
        # Nothing waits from here on: if the service is killed meanwhile, the stretch is judged all the same.
        ops, self._ops = self._ops, []
        wrong = list(self._checks.stretch(ops, events, ended=self._ended, file=self._file))
        wrong += self._state(shown)
        if whole or self._stretches % CHECKED_EVERY == 0:
            wrong += self._store()
        wrong += broken_promises(self.site.root)
        if wrong:
            told = "\n".join(wrong[:10])
            raise Violation(f"{len(wrong)} findings in stretch {self._stretches} of seed {self.seed}:\n{told}")
        self._tally(ops, len(events))
        self._file = self._world.file
        self.figures.judging += time.monotonic() - began

    def _tally(self, ops: list[Op], events: int) -> None:
        figures = self.figures
        figures.operations += len(ops)
        figures.acknowledged += sum(op.is_done for op in ops)
        figures.lost += sum(op.is_lost for op in ops)
        figures.refused += sum(not op.is_done and not op.is_lost for op in ops)
        figures.events += events
        figures.histories = self._checks.histories

    async def _events(self, connection: Connection) -> list[dict[str, object]]:
        path = f"/statesvc/v1/events?follow=0&after={self._checks.journal.last}"
        answer = await connection.call("GET", path, agent="judge")
        if answer.status != 200:
            raise Violation(f"the journal cannot be resumed: {answer.body.decode()}")
        return [json.loads(line) for line in answer.body.splitlines()]

    def _state(self, shown: dict[str, Any]) -> list[str]:
        """Compare snapshot and views with the journal."""
        journal, wrong = self._checks.journal, []
        if shown != {"seq": journal.last, "lives": journal.shown()}:
            wrong.append(f"the snapshot at {shown['seq']} is not the state after event {journal.last}")
        with snapshot(self.site.root / "statesvc.db") as database:
            rows = database.execute("SELECT id, name, state, revision FROM v_containers").fetchall()
            names = dict(database.execute("SELECT name, container_id FROM v_names WHERE kind = 'primary'").fetchall())
        if {row[0]: (row[3], row[1], row[2]) for row in rows} != journal.lives:
            wrong.append("v_containers is not the state after the last event")
        if names != journal.holders:
            wrong.append("v_names is not the state after the last event")
        return wrong

    def _store(self) -> list[str]:
        found = check.check(self.site.root / "statesvc.db", ScriptFolder(self.site.root / "runtimes"))
        return [f"statesvc check: {finding.message}" for finding in found.findings]


def _cut(process: Process, disk: Disk) -> None:
    """Cut the power while the process stands still, end it, and give it the disk as it was then."""
    process.send(signal.SIGSTOP)
    while process.state not in "TZ":
        time.sleep(0.001)
    copy = disk.copy_of_now()
    process.kill()
    disk.lose_power(copy)


async def _first(*work: Coroutine[Any, Any, None] | None) -> None:
    """Do all of it at once until one is done; cancel the others."""
    tasks = [asyncio.ensure_future(one) for one in work if one]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    for result in await asyncio.gather(*tasks, return_exceptions=True):
        if isinstance(result, Exception):
            raise result


async def _ping(connection: Connection) -> None:
    await connection.call("GET", "/_ping", agent="start")


async def _has_started(connection: Connection) -> None:
    """Wait until the service has answered for a second."""
    while True:
        with suppress(Lost):
            await _ping(connection)
            await asyncio.sleep(1)
            return
        await asyncio.sleep(0.01)


async def _until(process: Process, state: str) -> None:
    while process.state != state:  # noqa: ASYNC110 - nothing tells us
        await asyncio.sleep(0.002)


async def _until_lost(work: Awaitable[None]) -> None:
    with suppress(Lost):
        await work
