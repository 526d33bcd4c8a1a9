"""Runs the service under load, ends it again and again, and judges after each start what it has kept.

A run is made of stretches: from a start of the service until a kill or a power cut. What clients recorded in a stretch
is judged after the next start, with the events that the journal has then.
"""

import asyncio
import signal
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any

from histories import clients, kept
from histories.checks import Checks
from histories.clients import Client, World, seeds, snapshot_of
from histories.commands import Commands, damage
from histories.connection import Connection, Lost
from histories.operations import Op
from histories.outcome import Figures, Violation
from histories.plays import PLAYS, Play, Stage, Where, possible
from histories.power import Disk
from histories.processes import Process, Processes, Site
from histories.strikes import Strikes

CLIENTS = 12
# A service that hangs is found, however long it takes; one that starves on a busy machine must not be taken for it.
PATIENCE = 300.0
TRIES = 5
"""How often a point that was not passed in its stretch gets another one."""
CHECKED_EVERY = 10
SERVING = {Stage.LOAD, Stage.RELOADS, Stage.IMPORT, Stage.STOP}


class Harness:
    """One run of a seed: the clients' world, the service under them, and what was judged so far."""

    def __init__(self, site: Site, processes: Processes, seed: int, *, most: int) -> None:
        self.site = site
        self.seed = seed
        self.figures = Figures()
        self._processes = processes
        self._strikes = Strikes(site.log, self.figures)
        self._commands = Commands(site, processes, self._strikes)
        self._most = most  # operations in a stretch: the journal keeps as many events
        self._planned = most
        self._world = World(site.folder / "daemon.json", site.folder / "docker")
        self._checks = Checks()
        self._ops: list[Op] = []
        self._ended, self._file = 0, 0
        self._stretches = 0
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
            elif point:
                self._tries[point] = 0
        figures.seconds = time.monotonic() - began

    def _missed(self, point: Where) -> None:
        self._tries[point] += 1
        if self._tries[point] > TRIES:
            raise Violation(f"the fault point {point} was not passed in {TRIES} stretches")

    async def play_cuts(self, cuts: int, disk: Disk, *, seconds: float = float("inf")) -> None:
        """Cut the power so often: at points in an order of the seed's, and at random."""
        points = list(self._plays)
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
        damage(self.site.root, play.damage)
        if play.damage == "secret":
            self._world.keys.clear()  # requests with keys from before are refused now
        if play.stage in {Stage.UPGRADE, Stage.RESTORE, Stage.COMPACT} or (cut and play.stage is Stage.BACKUP):
            await self._command_struck(play.stage, fault, cut)
        elif play.stage is Stage.START and not cut:
            await self._killed_at_start(fault)
        aimed = bool(point) and (play.stage in SERVING or (cut is not None and play.stage is Stage.START))
        process, connection = await self._started((f"{fault}:stop" if cut else fault) if aimed else "")
        world, at = self._world, self._world.done + rng.randint(self._planned // 5, self._planned)
        world.strike_at = None if aimed and play.stage is not Stage.STOP else at
        number = signal.SIGTERM if play.stage is Stage.STOP else signal.SIGSTOP if cut else signal.SIGKILL
        world.strike = lambda: process.send(number)
        # A backup that was struck already is not struck again.
        work = self._served(process, connection, load or [], play, "" if cut else fault)
        try:
            await _first(_until(process, "T") if cut else None, work)
        finally:
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
                    self._strikes.count(process.wait())
                    if not fault:
                        raise Violation(f"the service does not start:\n{self._strikes.last_words()}") from None
                    return await self._started("")
                if process.state == "T":  # it stands still at its point already
                    return process, connection
                await asyncio.sleep(0.005)
            else:
                return process, connection
        raise Violation(f"the service does not answer:\n{self._strikes.last_words()}")

    def _start(self, fault: str) -> tuple[Process, Connection]:
        fresh = self._stretches % 10 == 0 and not fault
        flags = ["-H", f"unix://{self.site.socket}", "--data-root", str(self.site.root)]
        flags += ["--config-file", str(self._world.config_file)]
        return self._processes.start("serve", *flags, fault=fault, fresh=fresh), Connection(self.site.socket)

    def _end(self, process: Process, *, cut: Callable[[Process], None] | None = None) -> None:
        if cut:
            cut(process)
            self.figures.cuts += 1
            self._strikes.note()
        else:
            self._strikes.count(process.kill())
        self._ended = time.monotonic_ns()

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
        elif play.stage is Stage.BACKUP and fault:
            beside = asyncio.ensure_future(self._backup_struck(fault))
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
            await _cancelled(users, *others)
            for connection in connections:
                connection.close()

    async def _reload(self, client: Client, play: Play) -> None:
        """Reload all the time, or now and then."""
        while True:
            await asyncio.sleep(0.005 if play.stage is Stage.RELOADS else 0.1)
            await client.reload()

    async def _command_struck(self, stage: Stage, fault: str, cut: Callable[[Process], None] | None) -> None:
        """Strike a command while no service runs."""
        process = self._commands.start(stage, f"{fault}:stop" if cut else fault)
        await _until(process, "TZ")
        self._end(process, cut=cut)
        self._commands.judge(stage)

    async def _backup_struck(self, fault: str) -> None:
        """Kill a backup beside the service."""
        process = await asyncio.to_thread(self._commands.start, Stage.BACKUP, fault)
        self._strikes.count(await asyncio.to_thread(process.wait))
        await asyncio.to_thread(self._commands.judge, Stage.BACKUP)

    async def _killed_at_start(self, fault: str) -> None:
        process, connection = self._start(fault)
        await _first(_until(process, "Z"), _has_started(connection))
        connection.close()
        self._strikes.count(process.kill())

    # What it has kept.

    async def _judge(self, connection: Connection, *, whole: bool = False) -> None:
        """Judge the stretch before this start."""
        began, journal = time.monotonic(), self._checks.journal
        events = await kept.events(connection, journal.last)
        shown = snapshot_of(await connection.call("GET", "/statesvc/v1/snapshot", agent="judge"))
        # Nothing waits from here on: if the service is killed meanwhile, the stretch is judged all the same.
        ops, self._ops = self._ops, []
        wrong = list(self._checks.stretch(ops, events, ended=self._ended, file=self._file))
        wrong += kept.disagreements(self.site.root, journal, shown)
        if whole or self._stretches % CHECKED_EVERY == 0:
            wrong += kept.findings(self.site.root)
        if wrong:
            told = "\n".join(wrong[:10])
            raise Violation(f"{len(wrong)} findings in stretch {self._stretches} of seed {self.seed}:\n{told}")
        self._file = self._world.file
        self.figures.tally(ops, len(events))
        self.figures.histories = self._checks.histories
        self.figures.judging += time.monotonic() - began


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
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await _cancelled(*tasks)


async def _cancelled(*tasks: asyncio.Future[Any]) -> None:
    """End tasks, and raise the error of one that failed."""
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


async def _until(process: Process, states: str) -> None:
    while process.state not in states:  # noqa: ASYNC110 - nothing tells us
        await asyncio.sleep(0.002)


async def _until_lost(work: Awaitable[None]) -> None:
    with suppress(Lost):
        await work
