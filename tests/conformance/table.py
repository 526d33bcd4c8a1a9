"""Play the whole corpus against a service with the facts of the recording host; print the table per area.

Cases that need a process, the files of a container, or the objects of an engine are left out. Other arguments go to
replay.py.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "support"))

from service import running  # noqa: E402 - it lies in tests/support, which only pytest puts on the path


def main() -> int:
    """Run the corpus; return 0 even if cases differ, as `make test` holds the shares."""
    needs = ("rootfs", "image-data-api", "volumes-api", "networks-api")
    left_out = ["--skip-runs", *(part for need in needs for part in ("--without", need))]
    facts = ("--host-facts", str(HERE / "HOST.json"), "--config-file", str(HERE / "daemon.json"))
    cases = sorted(map(str, (HERE / "corpus").glob("*.jsonl")))
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder, running(Path(folder) / "data", *facts) as service:
        command = [sys.executable, str(HERE / "replay.py"), "--socket", str(service.socket), "--load-images"]
        subprocess.run([*command, *left_out, "--include-host", *sys.argv[1:], *cases], check=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
