"""Whatever happens to the service, each reader of the journal gets every event once: nothing acknowledged is lost."""

import http.client
import itertools
import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from service import Service, UnixConnection, _await_start

from statesvc.db.sqlite import snapshot

WRITERS, READERS, KILLS = 16, 4, 10
# A connection that the killed service leaves behind, or that finds none.
GONE = (OSError, http.client.HTTPException)
PAUSE = 0.05
Told = tuple[int, str, str]


@contextmanager
def started(root: Path, at: Path) -> Iterator[Service]:
    """Serve a data root on a socket until the block ends; then the service is killed, if it did not stop before."""
    log = root.with_suffix(".log")
    command = [sys.executable, "-m", "statesvc", "serve", "-H", f"unix://{at}", "--data-root", str(root)]
    with log.open("ab") as output:
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
    service = Service(process, at, root, log)
    try:
        _await_start(service)
        yield service
    finally:
        process.kill()
        process.wait()


class Writer(threading.Thread):
    """Creates, renames and removes until it is stopped; keeps what was acknowledged."""

    def __init__(self, at: Path, number: int, end: threading.Event) -> None:
        super().__init__()
        self.at, self.number, self.end = at, number, end
        self.acknowledged: list[tuple[str, str]] = []

    def run(self) -> None:
        for n in itertools.count():
            if self.end.is_set():
                return
            try:
                self._change(f"w{self.number}-{n}")
            except GONE:
                self.end.wait(PAUSE)

    def _change(self, name: str) -> None:
        connection = UnixConnection(self.at)
        try:
            created = _ask(connection, "POST", f"/containers/create?name={name}", b'{"Image":"busybox:latest"}')
            self.acknowledged.append(("create", created["Id"]))
            _ask(connection, "POST", f"/containers/{name}/rename?name={name}-renamed")
            self.acknowledged.append(("rename", created["Id"]))
            if self.number % 2:
                _ask(connection, "DELETE", f"/containers/{created['Id']}")
                self.acknowledged.append(("destroy", created["Id"]))
        finally:
            connection.close()


class Reader(threading.Thread):
    """Follows the journal, and goes on behind what it has whenever the stream breaks, up to a given number."""

    def __init__(self, at: Path, end: threading.Event) -> None:
        super().__init__()
        self.at, self.end = at, end
        self.seen: list[Told] = []
        self.last: int | None = None
        self.streams = 0

    def run(self) -> None:
        while self.last is None or self._at() < self.last:
            try:
                self._follow()
            except GONE:
                self.end.wait(PAUSE)

    def _at(self) -> int:
        return self.seen[-1][0] if self.seen else 0

    def _follow(self) -> None:
        connection = UnixConnection(self.at, timeout=1)
        try:
            connection.request("GET", f"/statesvc/v1/events?after={self._at()}")
            response = connection.getresponse()
            assert response.status == 200, response.read()
            self.streams += 1
            while (line := response.readline()).endswith(b"\n"):  # the kill may cut the last line
                event = json.loads(line)
                self.seen.append((event["Seq"], event["Action"], event["Actor"]))
                if event["Seq"] == self.last:
                    return
        finally:
            connection.close()


def _ask(connection: http.client.HTTPConnection, method: str, path: str, body: bytes | None = None) -> dict[str, str]:
    connection.request(method, path, body, {"Content-Type": "application/json"})
    response = connection.getresponse()
    answer = response.read()
    assert response.status in {201, 204}, answer
    return json.loads(answer or b"{}")


def table(root: Path) -> list[Told]:
    with snapshot(root / "statesvc.db") as connection:
        return connection.execute("SELECT seq, action, actor_id FROM events ORDER BY seq").fetchall()


@pytest.mark.kills
def test_every_reader_gets_the_whole_journal_once_though_the_service_is_killed_ten_times(
    loaded_root: Path, tmp_path: Path
) -> None:
    root = tmp_path / "data"
    subprocess.run(["cp", "-r", loaded_root, root], check=True)
    end = threading.Event()
    with tempfile.TemporaryDirectory(prefix="statesvc-") as folder:
        at = Path(folder) / "s.sock"
        writers = [Writer(at, number, end) for number in range(WRITERS)]
        readers = [Reader(at, end) for _ in range(READERS)]
        for thread in (*writers, *readers):
            thread.start()
        for _ in range(KILLS):
            with started(root, at):
                acknowledged = sum(len(writer.acknowledged) for writer in writers)
                while sum(len(writer.acknowledged) for writer in writers) < acknowledged + 60:
                    end.wait(0.005)
        with started(root, at) as service:
            end.set()
            for writer in writers:
                writer.join()
            found = table(root)
            for reader in readers:
                reader.last = found[-1][0]
            for reader in readers:
                reader.join(60)
            assert service.stop() == 0
    assert [seq for seq, _, _ in found] == list(range(1, len(found) + 1))
    for reader in readers:
        assert reader.streams > KILLS
        assert reader.seen == found
    recorded = {(action, actor) for _, action, actor in found}
    lost = [change for writer in writers for change in writer.acknowledged if change not in recorded]
    assert lost == []
