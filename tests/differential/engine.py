"""A real Docker Engine for one test run: its own folder, its own socket, no networks of the host touched."""

import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from differential.peer import Peer

START_SECONDS = 60
STOP_SECONDS = 20
ROOM = 2 * 1024**3


@contextmanager
def engine() -> Iterator[Peer]:
    """Serve a new data root with the installed dockerd; leaving stops it and removes everything it made."""
    folder = Path(tempfile.mkdtemp(prefix="statesvc-engine-", dir=_place()))
    try:
        yield from _started(folder / "o", "overlay2")
    except ChildProcessError:  # no overlay on overlay, as in most containers
        yield from _started(folder / "v", "vfs")
    finally:
        _remove(folder)


def _remove(folder: Path) -> None:
    """Remove a folder to which a containerd that is about to end may still write, and in which a root stays mounted."""
    places = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    for place in reversed([place for place in places if place.startswith(f"{folder}/")]):
        subprocess.run(["umount", "--lazy", place], check=False)
    deadline = time.monotonic() + STOP_SECONDS
    while folder.exists() and time.monotonic() < deadline:
        shutil.rmtree(folder, ignore_errors=True)
        time.sleep(0.05)


def _place() -> Path:
    """Return where data roots go: in memory if there is room, never in /tmp, which requests mount."""
    memory = Path("/dev/shm")
    return memory if memory.is_dir() and shutil.disk_usage(memory).free > ROOM else Path("/var/tmp")


def _started(folder: Path, driver: str) -> Iterator[Peer]:
    peer = Peer("Docker Engine", folder / "s.sock", folder / "root")
    log = folder / "log"
    folder.mkdir()
    with log.open("wb") as output:
        process = subprocess.Popen(_command(folder, driver), stdout=output, stderr=output)
    try:
        _await(process, peer, log)
        yield peer
    finally:
        peer.close()
        process.send_signal(signal.SIGTERM)  # it stops its containerd, too
        process.wait(STOP_SECONDS)


def _command(folder: Path, driver: str) -> list[str]:
    places = ["--data-root", str(folder / "root"), "--exec-root", str(folder / "exec"), "-p", str(folder / "pid")]
    alone = ["--iptables=false", "--ip6tables=false", "--ip-forward=false", "--bridge=none"]
    return ["dockerd", "-H", f"unix://{folder / 's.sock'}", f"--storage-driver={driver}", *places, *alone]


def _await(process: subprocess.Popen[bytes], peer: Peer, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise ChildProcessError(f"dockerd did not start:\n{log.read_text(errors='replace')[-4000:]}")
        try:
            if peer.ask("GET", "/_ping").status == 200:
                return
        except OSError:
            time.sleep(0.02)
    raise TimeoutError(f"dockerd does not answer:\n{log.read_text(errors='replace')[-4000:]}")
