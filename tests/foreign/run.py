"""`make clients`: run foreign clients against a service, print a table, and fail if one falls below its floor.

    python tests/foreign/run.py [--raise] [CLIENT ...]

--raise writes what passed as the new floors.
"""

import argparse
import importlib
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE.parent / "support")]

from foreign import floors  # noqa: E402 - pytest alone puts tests and tests/support on the path
from foreign.installed import Missing  # noqa: E402
from foreign.outcomes import Outcome  # noqa: E402
from foreign.target import target  # noqa: E402

CLIENTS = (
    "aiodocker", "ansible", "docker_py", "dockerode", "prometheus", "python_on_whales", "systeminformation",
)  # fmt: skip


def outcomes_of(client: str) -> tuple[str, list[Outcome]]:
    """Run a client against a service of its own; return its release and what came of it. Raises Missing."""
    module = importlib.import_module(f"foreign.{client}")
    with tempfile.TemporaryDirectory(prefix="statesvc-clients-") as folder, target(Path(folder)) as served:
        return module.RELEASE, module.outcomes(served)


def main(arguments: Sequence[str]) -> int:
    """Run the clients that are named, or all; return 1 if one is below its floor."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("clients", nargs="*", metavar="CLIENT", help=f"of {', '.join(CLIENTS)}; all without one")
    parser.add_argument("--raise", dest="raised", action="store_true", help="write what passed as the new floors")
    parser.add_argument("--document", action="store_true", help="only print docs/clients.md")
    asked = parser.parse_args(arguments)
    held = floors.read() if floors.FILE.is_file() else {}
    if asked.document:
        print(floors.markdown(held), end="")
        return 0
    lines, broken = [f"{'client':20}{'passed':>8}{'failed':>8}{'floor':>8}{'new':>8}"], []
    for client in asked.clients or CLIENTS:
        floor = held.get(client, floors.Floor(""))
        try:
            release, found = outcomes_of(client)
        except Missing as missing:
            print(f"{client}: {missing}", flush=True)
            continue
        passed, new = sum(one.passed for one in found), len(floor.above(found))
        lines.append(f"{client:20}{passed:8}{len(found) - passed:8}{len(floor.passes):8}{new:8}")
        print(lines[-1], flush=True)
        broken += [f"{client}: {line}" for line in floor.broken(found)]
        held[client] = floors.of_outcomes(release, found) if asked.raised else floor
    print("\n".join(["", *lines, "", *broken]))
    if asked.raised:
        floors.write(held)
    return 1 if broken and not asked.raised else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
