"""`make bench-reloads`: a reload with 50 runtimes, a sweep with 10,000 containers and 1,000 versions, and creates and
starts beside reloads without a pause against the same without any.

It only measures and asserts nothing, in this process, with the same services as behind the socket.
"""

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from statesvc import app
from statesvc.app import Services
from statesvc.cli import logs
from statesvc.db import runtimes
from statesvc.db.sqlite import Connection, bare
from statesvc.domain.documents import Config, ContainerCreate, HostConfig
from statesvc.domain.wrapper_script import Script, digest_of
from statesvc.settings import Settings

Measured = list[tuple[str, str]]


def configure(root: Path, count: int, turn: int) -> None:
    """Write a configuration of `count` runtimes with arguments, different in each turn."""
    entries = {f"r{n}": {"path": "/bin/true", "runtimeArgs": ["--turn", str(turn)]} for n in range(count)}
    (root / "daemon.json").write_text(json.dumps({"runtimes": entries}))


async def reloads(services: Services, root: Path, times: int) -> Measured:
    """Measure reloads that change all of 50 runtimes, and reloads that change nothing."""
    changing, idle = [], []
    for turn in range(times):
        configure(root, 50, turn)
        for taken in (changing, idle):
            begun = time.perf_counter()
            await services.runtimes.reload()
            taken.append(time.perf_counter() - begun)
    return [("reload, 50 runtimes all changed", _ms(changing)), ("reload, 50 runtimes unchanged", _ms(idle))]


async def create_and_start(services: Services, count: int) -> list[float]:
    """Create and start containers one after the other; return the seconds of each."""
    taken = []
    for _ in range(count):
        begun = time.perf_counter()
        asked = ContainerCreate(config=Config(Cmd=["true"]), host_config=HostConfig(Runtime="r0"))
        created = await services.containers.create("", asked)
        handle = await services.lifecycle.prepare_start(created.id, "bench")
        await services.lifecycle.started(created.id, handle.attempt, 4_000)
        taken.append(time.perf_counter() - begun)
    return taken


async def beside_reloads(services: Services, root: Path, count: int) -> Measured:
    """Measure creates and starts with and without concurrent reloads, in turns."""
    without, beside, done = [], [], 0
    for _ in range(5):
        without += await create_and_start(services, count // 5)
        stop = asyncio.Event()
        reloader = asyncio.create_task(_reload_until(services, root, stop))
        beside += await create_and_start(services, count // 5)
        stop.set()
        done += await reloader
    ratio = statistics.median(beside) / statistics.median(without)
    return [
        ("create and start", _ms(without)),
        (f"create and start beside {done} reloads without a pause", f"{_ms(beside)} (ratio {ratio:.2f})"),
    ]


async def _reload_until(services: Services, root: Path, stop: asyncio.Event) -> int:
    turn = 0
    while not stop.is_set():
        turn += 1
        configure(root, 50, turn % 2)
        await services.runtimes.reload()
    return turn


def fill(conn: Connection, versions: int, containers: int) -> None:
    """Copy the newest version and container until there are so many; containers use half of the versions."""
    raw = bare(conn)
    newest = runtimes.current(conn)
    assert newest is not None
    numbers = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"
    raw.execute(
        f"{numbers} INSERT INTO runtime_configs SELECT 100000 + i, digest, source, user_config, loaded_at"
        " FROM runtime_configs, n WHERE version = ?",
        (versions, newest.version),
    )
    made = [
        Script(digest_of(content), content) for content in (f"#!/bin/sh\n# {n}\n".encode() for n in range(versions))
    ]
    raw.executemany(
        "INSERT INTO scripts (digest, content, created_at) VALUES (?, ?, 0)",
        [(one.digest, one.content) for one in made],
    )
    raw.executemany(
        "INSERT INTO runtimes (version, name, origin, path, args, binary, wrapper_digest, script_digest)"
        " SELECT :number, 'r0', 'configured', path, args, binary, :digest, :digest"
        " FROM runtimes WHERE version = :newest AND name = 'r0'",
        [{"number": 100_001 + at, "digest": one.digest, "newest": newest.version} for at, one in enumerate(made)],
    )
    columns = [row[1] for row in raw.execute("PRAGMA table_info(containers)")]
    changed = {
        "id": "lower(hex(randomblob(32)))",
        "runtime_id": "(SELECT id FROM runtimes WHERE version = 100000 + 1 + i % :versions)",
        "script_digest": "(SELECT script_digest FROM runtimes WHERE version = 100000 + 1 + i % :versions)",
    }
    values = ", ".join(changed.get(column, column) for column in columns)
    model = raw.execute("SELECT id FROM containers LIMIT 1").fetchone()[0]
    raw.execute(
        f"{numbers.replace('?', ':count')} INSERT INTO containers ({', '.join(columns)})"
        f" SELECT {values} FROM containers, n WHERE containers.id = :model",
        {"count": containers, "versions": versions // 2, "model": model},
    )


async def sweeps(services: Services, settings: Settings, versions: int, containers: int) -> Measured:
    """Measure a sweep that removes half of the scripts, and one that finds nothing to do."""
    await services.database.write(fill, versions, containers)
    taken = []
    for _ in range(4):
        begun = time.perf_counter()
        report = await app.swept(services, settings)
        taken.append((time.perf_counter() - begun, report))
    first = taken[0][1]
    what = f"{containers:,} containers, {versions:,} versions"
    gone = f"{len(first.removed_scripts)} scripts and {len(first.removed_versions)} versions removed"
    return [
        (f"sweep, {what}: {gone}, {len(first.restored_files)} files written", f"{taken[0][0] * 1e3:.1f} ms"),
        (f"sweep again, {what}", _ms([seconds for seconds, _ in taken[1:]])),
    ]


def _ms(seconds: list[float]) -> str:
    return f"{statistics.median(seconds) * 1e3:.2f} ms (most {max(seconds) * 1e3:.2f})"


async def run(root: Path, *, quick: bool) -> Measured:
    """Measure everything."""
    configure(root, 50, 0)
    settings = Settings(data_root=root / "data", config_file=root / "daemon.json", hosts=())
    share: Callable[[int], int] = lambda many: many // 10 if quick else many  # noqa: E731
    async with app.opened(settings) as services:
        lines = await reloads(services, root, share(50))
        lines += await beside_reloads(services, root, share(500))
        return lines + await sweeps(services, settings, share(1_000), share(10_000))


def main() -> None:
    """Read the arguments, measure, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the size, to check that it works")
    arguments = parser.parse_args()
    logs.configure("error", "text")
    with tempfile.TemporaryDirectory(prefix="statesvc-bench-") as folder:
        lines = asyncio.run(run(Path(folder), quick=arguments.quick))
    print("| operation | median |\n|---|---:|")
    for operation, shown in lines:
        print(f"| {operation} | {shown} |")


if __name__ == "__main__":
    main()
