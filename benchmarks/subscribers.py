"""`make bench-events`: how many events a second reach 100 readers of the journal, and how much this slows creates down.

The readers are one other process that only counts events; it shares the machine with the service.
"""

import argparse
import os
import selectors
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import operations
from client import Connection, ask_all, request
from peers import Statesvc

STREAMS = {"/events": b'"Action":"create"', "/statesvc/v1/events": b'"Action":"create"'}
WRITERS = 16
PATIENCE = 120


class Reader:
    """One stream, and how many events were read from it."""

    def __init__(self, path: Path, stream: str) -> None:
        self.mark = STREAMS[stream.partition("?")[0]]
        self.connection = Connection(path, PATIENCE)
        self.connection.socket.sendall(request("GET", stream))
        self.count = 0
        self._rest = b""
        while b"\r\n\r\n" not in self._rest:
            self._rest += self.connection.socket.recv(1)

    def read(self) -> None:
        """Read once."""
        text = self._rest + self.connection.socket.recv(1 << 20)
        self.count += text.count(self.mark)
        # A mark that is cut in two is counted with the next part.
        self._rest = text[max(text.rfind(self.mark) + len(self.mark), len(text) - len(self.mark) + 1) :]


def read(path: Path, stream: str, readers: int, expected: int) -> None:
    """Follow a stream with many readers until each has read `expected` events; print when they start and end."""
    with selectors.DefaultSelector() as selector:
        for _ in range(readers):
            reader = Reader(path, stream)
            selector.register(reader.connection.socket, selectors.EVENT_READ, reader)
        print("following", flush=True)
        while selector.get_map():
            for key, _ in selector.select(PATIENCE):
                key.data.read()
                if key.data.count >= expected:
                    selector.unregister(key.fileobj)
    print("done", flush=True)


def rate(peer: Statesvc, stream: str, readers: int, count: int) -> tuple[float, float]:
    """Create containers while readers follow the events; return creates and delivered events per second."""
    connection = peer.connect()
    last = connection.json(request("GET", "/statesvc/v1/snapshot"))["Seq"]
    connection.close()
    path = stream if stream == "/events" else f"{stream}?after={last}"
    program = [sys.executable, __file__, "--read", str(peer.socket), path, str(readers), str(count)]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True) as reading:
        assert reading.stdout
        if readers:
            assert reading.stdout.readline() == "following\n"
        begun = time.perf_counter()
        _, elapsed = ask_all(peer.socket, [operations.create_message() for _ in range(count)], WRITERS)
        reading.wait(PATIENCE)
        reached = time.perf_counter() - begun
    return count / elapsed, readers * count / reached


def main() -> None:
    """Print a table, without readers and with them, for both streams."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readers", type=int, default=100)
    parser.add_argument("--count", type=int, default=2_000, help="containers that are created for each figure")
    parser.add_argument("--read", nargs=4, metavar=("SOCKET", "STREAM", "READERS", "COUNT"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.read:
        path, stream, readers, expected = asked.read
        read(Path(path), stream, int(readers), int(expected))
        return
    print(
        f"| stream | readers | creates/s with {WRITERS} clients | events/s that reach readers |\n|---|---:|---:|---:|"
    )
    with tempfile.TemporaryDirectory(prefix="statesvc-bench-", ignore_cleanup_errors=True) as folder:
        peer = Statesvc(Path(folder) / "statesvc")
        peer.start()
        try:
            peer.load_image()
            for stream in STREAMS:
                for readers in (0, 1, asked.readers):
                    creates, events = rate(peer, stream, readers, asked.count)
                    print(f"| {stream} | {readers} | {creates:,.0f} | {events:,.0f} |", flush=True)
            print(f"\n- the service holds {peer.memory() // 2**20} MiB after it; {os.cpu_count()} CPUs")
        finally:
            peer.stop()


if __name__ == "__main__":
    main()
