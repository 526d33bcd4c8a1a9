"""A minimal container engine on statesvc: it runs containers with an OCI runtime and stores no state itself.

    python examples/minimal_engine.py SOCKET FOLDER ROOTFS IMAGE COMMAND…      (as root)

It uses the engine protocol (docs/engine-protocol.md): `prepare-start` returns the runtime to execute, and locks the
container to it; `started`, `start-failed`, `exited` and others report what happened; `GET …/runtime` returns the locked
runtime, even after a reload. A real engine also has images, networks, logs and health checks, and finds its containers
again after a restart.
"""

import ctypes
import json
import os
import shutil
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

from statesvc.client import Client
from statesvc.errors import StateError

PR_SET_CHILD_SUBREAPER = 36
OWN = "/statesvc/v1"


class Refused(StateError):
    """The runtime failed; the text is its error message."""


class Engine:
    """Runs containers of one root file system. `folder` holds the bundles and the runtime's own state."""

    def __init__(self, address: str, folder: Path, rootfs: Path) -> None:
        self.address, self.folder, self.rootfs = address, folder, rootfs
        self.id = f"minimal-{uuid.uuid4()}"  # identifies this instance in the starts that it prepares
        # The runtime exits once a container runs. As a subreaper we become its parent then, and can wait for it.
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

    def call(self, method: str, path: str, body: object = None) -> Any:
        """Send a request; return the JSON of the response. Raises StateError, of the kind that statesvc reports."""
        return Client(self.address, agent="minimal-engine").call(method, path, body)

    def report(self, container: str, kind: str, body: object = None) -> Any:
        """Send a report about a container. If the response is lost, the same report can be sent again."""
        return self.call("POST", f"{OWN}/containers/{container}/{kind}", body)

    def create(self, image: str, *command: str, runtime: str = "") -> str:
        """Create a container through Docker's API, as any client can; return its ID."""
        body = {"Image": image, "Cmd": command, "HostConfig": {"Runtime": runtime, "NetworkMode": "none"}}
        return self.call("POST", "/containers/create", body)["Id"]

    def start(self, container: str) -> int:
        """Start a container with its runtime in force; return its process ID. Raises StateError if it fails."""
        prepared = self.report(container, "prepare-start", {"Engine": self.id})
        attempt, path, bundle = prepared["Attempt"], prepared["Runtime"]["Path"], self.folder / "bundles" / container
        try:
            self._make_bundle(container, bundle, path)
            self._run(path, "create", "--bundle", str(bundle), "--pid-file", str(bundle / "pid"), container, at=bundle)
            self._run(path, "start", container, at=bundle)
        except (StateError, OSError) as error:
            self._run(path, "delete", "--force", container)
            code = 127 if "no such file" in str(error).lower() or "not found" in str(error) else 128
            self.report(container, "start-failed", {"Attempt": attempt, "Error": str(error), "ExitCode": code})
            raise
        pid = int((bundle / "pid").read_text())
        self.report(container, "started", {"Attempt": attempt, "Pid": pid})
        return pid

    def exec(self, container: str, *command: str) -> tuple[int, str]:
        """Run an exec process in a container; return its exit code and output."""
        process = {"Entrypoint": command[0], "Arguments": command[1:]}
        started = self.report(container, "execs", {"Engine": self.id, "Process": process, "OpenStdout": True})
        run = [started["Runtime"]["Path"], "--root", str(self.folder / "state"), "exec", container, *command]
        ran = subprocess.run(run, stdout=subprocess.PIPE, text=True, check=False)
        self.call("POST", f"{OWN}/execs/{started['ExecId']}/ended", {"ExitCode": ran.returncode})
        return ran.returncode, ran.stdout

    def pause(self, container: str) -> None:
        self._run(self._locked(container), "pause", container)
        self.report(container, "paused")

    def unpause(self, container: str) -> None:
        self._run(self._locked(container), "resume", container)
        self.report(container, "unpaused")

    def kill(self, container: str, pid: int) -> int:
        self._run(self._locked(container), "kill", container, "KILL")
        return self.wait(container, pid, manual=True)

    def wait(self, container: str, pid: int, *, manual: bool = False) -> int:
        """Wait until a container ends, and report it; return its exit code."""
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        code = 128 - code if code < 0 else code  # killed by a signal: 128 + its number, as in a shell
        self.report(container, "exited", {"ExitCode": code, "Manual": manual})
        return code

    def delete(self, container: str) -> None:
        """Remove a stopped container: from the runtime, its bundle, and its record."""
        path = self._locked(container)
        self.report(container, "removing")
        self._run(path, "delete", "--force", container)
        shutil.rmtree(self.folder / "bundles" / container, ignore_errors=True)
        self.report(container, "removed")

    def _locked(self, container: str) -> str:
        return self.call("GET", f"{OWN}/containers/{container}/runtime")["Runtime"]["Path"]

    def _run(self, path: str, *arguments: str, at: Path | None = None) -> None:
        """Execute the runtime. The container inherits its output: a file in the bundle `at`."""
        with (at / "output" if at else Path(os.devnull)).open("ab") as output:
            run = [path, "--root", str(self.folder / "state"), *arguments]
            ran = subprocess.run(run, stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=False)
        if ran.returncode:
            raise Refused((at / "output").read_text().strip() if at else f"{arguments[0]} ended with {ran.returncode}")

    def _make_bundle(self, container: str, bundle: Path, path: str) -> None:
        shutil.rmtree(bundle, ignore_errors=True)
        bundle.mkdir(parents=True)
        self._run(path, "spec", "--bundle", str(bundle), at=bundle)
        shown = self.call("GET", f"/containers/{container}/json")
        spec, config = json.loads((bundle / "config.json").read_text()), shown["Config"]
        process = {"terminal": False, "args": [shown["Path"], *shown["Args"]], "cwd": config["WorkingDir"] or "/"}
        spec["process"] |= process | {"env": config["Env"] or spec["process"]["env"]}
        spec |= {"hostname": config["Hostname"], "root": {"path": str(self.rootfs), "readonly": True}}
        (bundle / "config.json").write_text(json.dumps(spec))


if __name__ == "__main__":
    _, socket_path, folder, rootfs, *wanted = sys.argv
    engine = Engine(socket_path, Path(folder).absolute(), Path(rootfs).absolute())
    started = engine.create(*wanted)
    print(f"{started[:12]} ended with {engine.wait(started, engine.start(started))}")
    engine.delete(started)
