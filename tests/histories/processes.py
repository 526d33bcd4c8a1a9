"""Runs `statesvc` processes, ends them, and says how they ended."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from histories import steps

FORKING = Path(__file__).with_name("forking.py")


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


@dataclass(frozen=True)
class Process:
    """A `statesvc` command that runs."""

    pid: int
    parent: "Processes" = field(compare=False, repr=False)

    def send(self, number: signal.Signals) -> None:
        """Send it a signal, if it is still there."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def wait(self) -> int:
        """Wait for its end; return its exit code, or the number of the signal, negative."""
        code = self.parent.ask(do="wait", pid=self.pid)["code"]
        self.parent.running.discard(self)
        return code

    def kill(self) -> int:
        """Kill it, if it is still there, and wait for its end."""
        self.send(signal.SIGKILL)
        return self.wait()

    @property
    def state(self) -> str:
        """The letter of its state: T if it is stopped, Z if it has ended."""
        try:
            return Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return "Z"


@dataclass
class Processes:
    """The processes of one run. `mutant` plants a deliberate fault in them."""

    log: Path
    settings: Mapping[str, str]
    mutant: str = ""
    running: set[Process] = field(default_factory=set)
    _parent: subprocess.Popen[str] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def start(self, *arguments: str, fault: str = "", fresh: bool = False) -> Process:
        """Run a command, with a fault point armed or "" for none."""
        answer = self.ask(
            do="start",
            arguments=arguments,
            environment=self.settings,
            fault=fault,
            log=str(self.log),
            mutant=self.mutant,
            fresh=fresh,
        )
        process = Process(answer["pid"], self)
        self.running.add(process)
        return process

    def run(self, *arguments: str, fault: str = "") -> int:
        """Run a command to its end; return how it ended."""
        return self.start(*arguments, fault=fault).wait()

    def ask(self, **command: object) -> dict[str, int]:
        """Let the process that forks do something."""
        assert self._parent is not None
        assert self._parent.stdin is not None
        assert self._parent.stdout is not None
        with self._lock:
            self._parent.stdin.write(json.dumps(command) + "\n")
            self._parent.stdin.flush()
            return dict(json.loads(self._parent.stdout.readline()))

    @contextmanager
    def open(self) -> Iterator["Processes"]:
        """Be able to run processes inside the block; none of them outlives it."""
        with tempfile.TemporaryDirectory() as folder:
            library = steps.build(Path(folder))
            environment = os.environ | ({"LD_PRELOAD": str(library)} if library else {})
            pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
            self._parent = subprocess.Popen([sys.executable, FORKING], text=True, env=environment, **pipes)
            try:
                yield self
            finally:
                for process in list(self.running):
                    process.kill()
                self._parent.communicate()
