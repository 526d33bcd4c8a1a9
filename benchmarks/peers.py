"""The measured servers, each with a folder of its own: statesvc, and Docker Engine where it is installed."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from client import Connection, Unexpected, request

CHECKOUT = Path(__file__).parents[1]
BUSYBOX = CHECKOUT / "tests" / "conformance" / "images" / "busybox_latest.tar.gz"
START_SECONDS = 180


class Peer:
    """A server as a process that can be started and stopped."""

    name = ""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.socket = folder / "s.sock"
        self._process: subprocess.Popen[bytes] | None = None

    def command(self) -> list[str]:
        """Return the command line that serves the folder."""
        raise NotImplementedError

    def start(self) -> float:
        """Start it; return the seconds until it answers."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with (self.folder / "log").open("ab") as log:
            begun = time.perf_counter()
            # Development machines may disable bytecode files; servers do not.
            env = os.environ | {"PYTHONDONTWRITEBYTECODE": ""}
            self._process = subprocess.Popen(self.command(), cwd=CHECKOUT, stdout=log, stderr=log, env=env)
        while time.perf_counter() - begun < START_SECONDS:
            if self._process.poll() is not None:
                raise RuntimeError(f"{self.name} did not start: see {self.folder / 'log'}")
            if self._answers():
                return time.perf_counter() - begun
            time.sleep(0.005)
        raise TimeoutError(f"{self.name} does not answer: see {self.folder / 'log'}")

    def _answers(self) -> bool:
        try:
            connection = Connection(self.socket, timeout=1)
        except OSError:
            return False
        try:
            return b"OK" in connection.ask(request("GET", "/_ping"))
        except (OSError, Unexpected):
            return False
        finally:
            connection.close()

    def stop(self) -> None:
        """Stop it by SIGTERM."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(START_SECONDS)
        self._process = None

    def connect(self) -> Connection:
        """Open a connection."""
        return Connection(self.socket)

    def memory(self) -> int:
        """Return the bytes that its process holds in memory."""
        assert self._process is not None
        pages = int(Path(f"/proc/{self._process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    def load_image(self) -> None:
        """Load busybox."""
        connection = self.connect()
        connection.ask(request("POST", "/images/load", BUSYBOX.read_bytes()))
        connection.close()

    def version(self) -> str:
        """Return the version that it reports."""
        connection = self.connect()
        version = connection.json(request("GET", "/version"))
        connection.close()
        return str(version["Version"])


class Statesvc(Peer):
    """This checkout."""

    name = "statesvc"

    @property
    def database(self) -> Path:
        """The database file."""
        return self.folder / "data" / "statesvc.db"

    def command(self) -> list[str]:
        """Return the command line that serves the folder."""
        flags = ["-H", f"unix://{self.socket}", "--data-root", str(self.folder / "data")]
        return [sys.executable, "-m", "statesvc", "serve", *flags]


class Docker(Peer):
    """Docker Engine without networks, which the operations do not need."""

    name = "Docker Engine"
    driver = "overlay2"

    def command(self) -> list[str]:
        """Return the command line that serves the folder."""
        folders = ["--data-root", str(self.folder / "root"), "--exec-root", str(self.folder / "exec")]
        own = ["-p", str(self.folder / "pid"), "-H", f"unix://{self.socket}", f"--storage-driver={self.driver}"]
        return ["dockerd", *folders, *own, "--iptables=false", "--ip6tables=false", "--bridge=none"]

    def start(self) -> float:
        """Start it, on another storage driver where overlay2 does not work."""
        try:
            return super().start()
        except RuntimeError:
            if self.driver == "vfs":
                raise
            self.driver = "vfs"
            return super().start()


def available(folder: Path, *, docker: bool) -> tuple[list[Peer], str]:
    """Return the servers that can be measured here, and a sentence about the missing one."""
    peers: list[Peer] = [Statesvc(folder / "statesvc")]
    if not docker:
        return peers, "Docker Engine was left out."
    if shutil.which("dockerd") is None:
        return peers, "Docker Engine is not installed here."
    if os.geteuid() != 0:
        return peers, "Docker Engine needs root, which this run is not."
    return [*peers, Docker(folder / "docker")], ""
