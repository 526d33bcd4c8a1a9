"""A Docker Engine in a root file system of its own, as long as a recording lasts."""

import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from differential.peer import Peer

HERE = Path(__file__).parent
API = "/v1.51"
START_SECONDS = 60
DATA_ROOT = "var/lib/docker"
_APART = ("unshare", "--mount", "--net", "--pid", "--ipc", "--uts", "--fork", "--kill-child")


class Engine:
    """A running engine. `rootfs` is its root file system, as this machine sees it."""

    def __init__(self, rootfs: Path, peer: Peer) -> None:
        self.rootfs = rootfs
        self._peer = peer

    @property
    def data_root(self) -> Path:
        """Its data root, as this machine sees it."""
        return self.rootfs / DATA_ROOT

    def ask(self, method: str, path: str, body: object = None, *, api: str = API, **query: str) -> Any:
        """Return the answer as JSON, None for an empty one. Raises ValueError for an error."""
        answer = self._peer.ask(method, f"{api}{path}", body, **query)
        if answer.status >= 400:
            raise ValueError(f"{method} {path}: {answer.status} {answer.body.decode(errors='replace').strip()}")
        return answer.json() if answer.body and answer.headers.get("content-type", "").endswith("json") else None

    def get(self, path: str, **query: str) -> Any:
        """Return what a GET answers."""
        return self.ask("GET", path, **query)


@contextmanager
def engine(rootfs: Path, daemon: Path) -> Iterator[Engine]:
    """Run the dockerd of a root file system with a configuration file; leaving stops it."""
    (rootfs / "etc/docker").mkdir(parents=True, exist_ok=True)
    (rootfs / "etc/docker/daemon.json").write_bytes(daemon.read_bytes())
    log = rootfs / "dockerd.log"
    with log.open("wb") as output:
        command = [*_APART, HERE / "engine.sh", rootfs, "dockerd", "-H", "unix:///engine.sock", "--debug=false"]
        process = subprocess.Popen(command, stdout=output, stderr=output)
    peer = Peer("Docker Engine", rootfs / "engine.sock", rootfs / DATA_ROOT)
    try:
        _await(process, peer, log)
        yield Engine(rootfs, peer)
    finally:
        peer.close()
        process.kill()  # and with it all processes of its namespaces
        process.wait()


def _await(process: subprocess.Popen[bytes], peer: Peer, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        try:
            if peer.ask("GET", "/_ping").status == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise ChildProcessError(f"dockerd does not answer:\n{log.read_text(errors='replace')[-4000:]}")
