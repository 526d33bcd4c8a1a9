"""`make bench-lists`: measures lists, unfiltered and with each filter, with 1,000, 10,000 and 100,000 containers.

100 of them match the filters by label, volume, network and name; the others are copies of one container.
"""

import argparse
import itertools
import json
import os
import platform
import sys
import tempfile
from pathlib import Path
from urllib.parse import urlencode

import operations
from client import request
from measure import in_turns
from operations import Operation
from peers import Statesvc
from population import grow

CHOSEN = 100
SIZES = (1_000, 10_000, 100_000)


def choose(peer: Statesvc) -> None:
    """Create the containers that match the filters, and one to be copied."""
    connection = peer.connect()
    for number in range(CHOSEN):
        body = {
            "Image": "busybox:latest",
            "Labels": {"bench.group": "chosen"},
            "HostConfig": {"Binds": ["bench-volume:/data"], "NetworkMode": "bench-net"},
        }
        connection.ask(request("POST", f"/containers/create?name=chosen-{number}", body))
    connection.ask(operations.create_message())
    connection.close()


def queries(peer: Statesvc) -> dict[str, dict[str, object]]:
    """Return the query parameters of each measured list, by name."""
    connection = peer.connect()
    one = connection.json(request("GET", "/containers/json?limit=1"))[0]
    connection.close()
    every = {"all": 1}
    filtered: dict[str, dict[str, object]] = {
        "label": {"label": ["bench.group=chosen"]},
        "label key": {"label": ["bench.group"]},
        "label and status": {"label": ["bench.group=chosen"], "status": ["created"]},
        "volume": {"volume": ["bench-volume"]},
        "network": {"network": ["bench-net"]},
        "name, exactly": {"name": ["^/chosen-7$"]},
        "name, its beginning": {"name": ["^chosen"]},
        "name, a part": {"name": ["hosen"]},
        "name, a pattern": {"name": ["c.osen"]},
        "id": {"id": [one["Id"][:12]]},
        "status, none": {"status": ["exited"]},
        "health, none": {"health": ["unhealthy"]},
        "ancestor, none": {"ancestor": ["nosuch"]},
        "since the newest": {"since": [one["Id"]]},
        "publish, none": {"publish": ["8000-9000"]},
    }
    asked = {f"list by {name}": every | {"filters": json.dumps(values)} for name, values in filtered.items()}
    return {"list all": every, "list what lives, none": {}, "list the last 10": {"limit": 10}} | asked


def measured(peer: Statesvc, samples: int) -> dict[str, float]:
    """Return the median of each list in seconds."""
    medians = {}
    for name, query in queries(peer).items():
        print(f"  {name} …", file=sys.stderr)
        message = request("GET", f"/containers/json?{urlencode(query)}")
        count = max(10, samples // 10) if name == "list all" else samples
        operation = Operation(name, lambda _peer, sent=message: itertools.repeat(sent), count)
        medians[name] = in_turns([peer], operation)[peer.name].median
    return medians


def main() -> None:
    """Grow a database step by step, and print the times at each size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, action="append", metavar="N", help=f"instead of {SIZES}")
    parser.add_argument("--samples", type=int, default=100, help="requests for each figure")
    arguments = parser.parse_args()
    sizes = sorted(arguments.size or SIZES)
    with tempfile.TemporaryDirectory(prefix="statesvc-bench-", ignore_cleanup_errors=True) as folder:
        peer = Statesvc(Path(folder) / "statesvc")
        peer.start()
        try:
            peer.load_image()
            choose(peer)
            taken = []
            for size in sizes:
                print(f"{size:,} containers …", file=sys.stderr)
                peer.stop()
                grow(peer.database, size, analyze=False)
                peer.start()
                taken.append(measured(peer, arguments.samples))
        finally:
            peer.stop()
    print("| operation | " + " | ".join(f"{size:,}" for size in sizes) + " |")
    print("|---" + "|---:" * len(sizes) + "|")
    for name in taken[0]:
        print(f"| {name} | " + " | ".join(f"{medians[name] * 1e3:.2f} ms" for medians in taken) + " |")
    print(f"\n- median of {arguments.samples} requests, one client; {platform.machine()}, {os.cpu_count()} CPUs")


if __name__ == "__main__":
    main()
