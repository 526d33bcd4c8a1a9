"""Runs the real service as a process on a socket of its own, with a minimal HTTP client."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from statesvc.client.connection import UnixConnection

CONFORMANCE = Path(__file__).parents[1] / "conformance"
START_SECONDS = 30
STOP_SECONDS = 30


def now() -> str:
    """Return the time as the API takes it (the `docker` client rounds its own `0s` down to a second)."""
    seconds, fraction = divmod(time.time_ns(), 1_000_000_000)  # noqa: TID251 - the tests' clock
    return f"{seconds}.{fraction:09d}"


@dataclass(frozen=True)
class Answer:
    """A response of the service."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """Return the body as JSON."""
        return json.loads(self.body)

    @property
    def message(self) -> str:
        """The sentence of an error."""
        return self.json()["message"]

    def is_refusal(self, *statuses: int) -> bool:
        """Assert that this is an error as Docker's clients expect it, with one of the statuses if some are given."""
        assert 400 <= self.status < 500 or self.status in {501, 503, 505}, self
        assert not statuses or self.status in statuses, self
        assert isinstance(self.message, str), self
        assert self.message.strip(), self
        assert "Traceback" not in self.message, self
        return True


@dataclass(frozen=True)
class Service:
    """A running service."""

    process: subprocess.Popen[bytes]
    socket: Path
    data_root: Path
    log: Path

    @property
    def address(self) -> str:
        """The value for DOCKER_HOST."""
        return f"unix://{self.socket}"

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send one request on a connection of its own; a body other than bytes is sent as JSON."""
        sent = dict(headers or {})
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        connection = UnixConnection(self.socket)
        try:
            connection.request(method, f"{path}?{urlencode(query)}" if query else path, body, sent)
            response = connection.getresponse()
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        finally:
            connection.close()

    def raw(self, data: bytes) -> Answer:
        """Send bytes as they are and return the first answer."""
        with self._connected() as connection:
            # The service may answer and close the connection before it has read everything.
            with suppress(BrokenPipeError, ConnectionResetError):
                connection.sendall(data)
            response = http.client.HTTPResponse(connection)
            response.begin()
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())

    def send_and_hang_up(self, data: bytes) -> None:
        """Send bytes as they are and close the connection without waiting for an answer."""
        with self._connected() as connection:
            connection.sendall(data)

    def _connected(self) -> socket.socket:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(20)
        connection.connect(str(self.socket))
        return connection

    def create(self, name: str = "", **body: object) -> str:
        """Create a container and return its ID."""
        answer = self.call("POST", "/containers/create", {"Image": "busybox:latest"} | body, query={"name": name})
        assert answer.status == 201, answer.body
        return answer.json()["Id"]

    def stop(self) -> int:
        """Stop it by SIGTERM; return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(STOP_SECONDS)

    @property
    def log_text(self) -> str:
        """Its log."""
        return self.log.read_text(errors="replace")

    def answers(self) -> bool:
        """Return whether it still answers."""
        return self.call("GET", "/_ping").body == b"OK"

    def load_images(self) -> None:
        """Load the images that the conformance cases name."""
        for image in json.loads((CONFORMANCE / "images.json").read_text())["images"]:
            answer = self.call("POST", "/images/load", (CONFORMANCE / image["tar"]).read_bytes())
            assert answer.status == 200, answer.body


@contextmanager
def running(data_root: Path, *flags: str, program: tuple[str, ...] = (), **popen: Any) -> Iterator[Service]:
    """Serve a data root; at the end, stop the service and assert that it exited cleanly and logged no bug."""
    # Paths of pytest are too long for a socket: the limit is 107 bytes.
    with tempfile.TemporaryDirectory(prefix="statesvc-") as folder:
        at = Path(folder) / "s.sock"
        log = data_root.with_name(f"{data_root.name}.log")
        command = [*(program or (sys.executable, "-m", "statesvc")), "serve"]
        command += ["-H", f"unix://{at}", "--data-root", str(data_root), *flags]
        with log.open("wb") as output:
            process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT, **popen)
        service = Service(process, at, data_root, log)
        try:
            _await_start(service)
            yield service
            code = service.stop()
            assert code == 0, f"the service ended with {code}:\n{service.log_text}"
            assert "Traceback" not in service.log_text, service.log_text
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()


def _await_start(service: Service) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert service.process.poll() is None, f"the service did not start:\n{service.log_text}"
        try:
            if service.answers():
                return
        except OSError:
            time.sleep(0.01)
    raise TimeoutError(f"the service does not answer:\n{service.log_text}")


def resident_bytes(pid: int) -> int:
    """Return how much memory a process holds."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
