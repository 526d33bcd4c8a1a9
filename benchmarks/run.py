"""`make bench`: measure against the budget of the design, with Docker Engine side by side where it is installed.

Nothing here asserts a time: a slow machine is no bug. The table says what holds.
"""

import argparse
import os
import platform
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import operations
from measure import creation_rates, in_turns
from operations import Operation, populate
from peers import Peer, Statesvc, available
from population import grow
from report import Line, markdown, within, write_json
from verification import measured_verification

MEGABYTE = 1_000_000
OURS, DOCKER = "statesvc", "Docker Engine"


def point_operations(containers: int, samples: int) -> list[Operation]:
    """Return the operations with few containers, a tenth of which have the label."""
    label = f"list by label, {containers // 10} of {containers:,}"
    return [
        Operation("ping", operations.ping, samples),
        Operation("inspect by full ID", operations.inspect_by_id, samples, 0.7),
        Operation("inspect by 12-character prefix", operations.inspect_by_prefix, samples, 0.7),
        Operation("inspect by name", operations.inspect_by_name, samples),
        Operation(label, operations.list_by_label, samples // 10, 0.1),
        Operation("rename", operations.rename, samples // 4, 0.5),
        Operation("create, 1 client", operations.create, samples // 4, 1 / 6),
    ]


def measured(peers: Sequence[Peer], operation: Operation) -> Line:
    """Measure one operation."""
    print(f"  {operation.name} …", file=sys.stderr)
    taken = in_turns(peers, operation)
    ours, docker = taken[OURS], taken.get(DOCKER)
    budget, holds = within(ours.median, docker.median if docker else None, operation.budget)
    theirs = (docker.median, docker.p99) if docker else (None, None)
    return Line(operation.name, "s", ours.median, ours.p99, *theirs, budget=budget, holds=holds)


def measured_rate(peers: Sequence[Peer], count: int) -> Line:
    """Measure creates from 16 clients at once."""
    print("  create, 16 clients …", file=sys.stderr)
    rates, _ = creation_rates(peers, clients=16, count=count)
    docker = rates.get(DOCKER)
    holds = None if docker is None else rates[OURS] >= 10 * docker
    return Line("create, 16 clients", "/s", rates[OURS], None, docker, None, "≥ 10 times Docker's", holds)


def measured_starts(peers: Sequence[Peer], containers: int) -> list[Line]:
    """Restart each server with its data; measure the time, and the memory after one list of all."""
    print(f"  start with {containers:,} …", file=sys.stderr)
    seconds: dict[str, list[float]] = {peer.name: [] for peer in peers}
    memory: dict[str, float] = {}
    for _ in range(3):
        for peer in peers:
            peer.stop()
            seconds[peer.name].append(peer.start())
    for peer in peers:
        operations.container_ids(peer)
        memory[peer.name] = peer.memory() / MEGABYTE
    start = {name: sorted(times)[1] for name, times in seconds.items()}
    return [
        Line(f"start with {containers:,}", "s", start[OURS], None, start.get(DOCKER), None, "≤ 1 s", start[OURS] <= 1),
        Line(
            f"memory with {containers:,}, after a list of all",
            "MB",
            memory[OURS],
            None,
            memory.get(DOCKER),
            None,
            "≤ 100 MB",
            memory[OURS] <= 100,
        ),
    ]


def measured_large(peer: Statesvc, containers: int, samples: int) -> list[Line]:
    """Measure the operations whose time must not depend on the number of containers."""
    print(f"  growing to {containers:,} …", file=sys.stderr)
    peer.stop()
    grow(peer.database, containers)
    start = peer.start()
    memory = peer.memory() / MEGABYTE
    ids = _some_ids(peer)
    lines = [
        Line(f"start with {containers:,}", "s", start, budget="≤ 1 s", holds=start <= 1),
        Line(f"memory with {containers:,}", "MB", memory, budget="≤ 100 MB", holds=memory <= 100),
    ]
    # A ping as the baseline: it shows the noise of the machine apart from the cost of size.
    lines.append(measured([peer], Operation(f"ping, {containers:,}", operations.ping, samples)))
    for name, cut in (("full ID", 64), ("12-character prefix", 12)):
        messages = [operations.request("GET", f"/containers/{one[:cut]}/json") for one in ids]
        operation = Operation(
            f"inspect by {name}, {containers:,}", lambda _peer, all_=messages: operations.itertools.cycle(all_), samples
        )
        lines.append(measured([peer], operation))
    lines.append(measured([peer], Operation(f"create, 1 client, {containers:,}", operations.create, samples // 4)))
    return lines


def _some_ids(peer: Statesvc) -> list[str]:
    connection = peer.connect()
    listed = connection.json(operations.request("GET", "/containers/json?all=1&limit=1000"))
    connection.close()
    return [one["Id"] for one in listed]


def run(arguments: argparse.Namespace, folder: Path) -> tuple[list[Line], list[str]]:
    """Measure everything; return the lines and notes of the report."""
    small, large, samples = (200, 500, 200) if arguments.quick else (1_000, 5_000, 2_000)
    peers, absent = available(folder, docker=not arguments.no_docker)
    notes = [
        f"load average at the start: {os.getloadavg()[0]:.1f}",
        f"{platform.machine()}, {os.cpu_count()} CPUs, Linux {platform.release()}, Python {platform.python_version()}",
    ]
    print("  verification …", file=sys.stderr)
    verification = measured_verification(samples)  # while the machine has nothing else to do
    try:
        for peer in peers:
            peer.start()
            peer.load_image()
            populate(peer, small, labelled=small // 10)
        notes += [f"{peer.name} {peer.version()}" for peer in peers[1:]] or [absent]
        lines = [measured(peers, operation) for operation in point_operations(small, samples)]
        lines.append(measured_rate(peers, samples))
        for peer in peers:
            populate(peer, large)
        lines.append(measured(peers, Operation(f"list all, {large:,}", operations.list_all, samples // 50, 0.1)))
        lines += measured_starts(peers, large)
        for peer in peers[1:]:
            peer.stop()
        for containers in arguments.large:
            assert isinstance(peers[0], Statesvc)
            lines += measured_large(peers[0], containers, samples)
    finally:
        for peer in peers:
            peer.stop()
    return lines + verification, notes


def main() -> None:
    """Read the arguments, measure, print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer containers and samples: to see that it works")
    parser.add_argument("--large", type=int, action="append", default=[], metavar="N", help="also with N containers")
    parser.add_argument("--no-docker", action="store_true", help="leave Docker Engine out")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the figures to a file as well")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="statesvc-bench-", ignore_cleanup_errors=True) as folder:
        lines, notes = run(arguments, Path(folder))
    print(markdown(lines, notes))
    if arguments.json:
        write_json(arguments.json, lines, notes)


if __name__ == "__main__":
    main()
