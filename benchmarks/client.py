"""A keep-alive HTTP client over a Unix socket with so little overhead that only the server is measured."""

import json
import selectors
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

_HEAD_END = b"\r\n\r\n"
_LENGTH = b"content-length:"
_LAST_CHUNK = b"\r\n0\r\n\r\n"
READ_SIZE = 1 << 20


def request(method: str, path: str, body: object = None) -> bytes:
    """Return the bytes of a request; a body other than bytes is sent as JSON."""
    head = f"{method} {path} HTTP/1.1\r\nHost: docker\r\n"
    if body is None:
        return f"{head}Content-Length: 0\r\n\r\n".encode()
    data, kind = (
        (body, "application/x-tar") if isinstance(body, bytes) else (json.dumps(body).encode(), "application/json")
    )
    return f"{head}Content-Type: {kind}\r\nContent-Length: {len(data)}\r\n\r\n".encode() + data


class Unexpected(Exception):
    """The server sent an error or closed the connection, so there is nothing to measure."""


class Connection:
    """One connection. `ask` sends a request and waits for the complete response."""

    def __init__(self, path: Path, timeout: float = 120) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(timeout)
        self.socket.connect(str(path))
        self._parts = b""

    def ask(self, message: bytes) -> bytes:
        """Return the response with its headers. Raises Unexpected for an error."""
        self.socket.sendall(message)
        while (answer := self.received()) is None:
            pass
        return answer

    def received(self) -> bytes | None:
        """Read once; return the response if it is complete now."""
        data = self.socket.recv(READ_SIZE)
        if not data:
            raise Unexpected("the server hung up")
        self._parts += data
        if not _complete(self._parts):
            return None
        answer, self._parts = self._parts, b""
        if not answer.startswith(b"HTTP/1.1 2"):
            raise Unexpected(answer[:400].decode("latin-1"))
        return answer

    def json(self, message: bytes) -> Any:
        """Return the JSON of the response body."""
        head, _, body = self.ask(message).partition(_HEAD_END)
        return json.loads(b"".join(_chunks(body)) if b"chunked" in head.lower() else body)

    def close(self) -> None:
        """Close the connection."""
        self.socket.close()


def _complete(data: bytes) -> bool:
    end = data.find(_HEAD_END)
    if end < 0:
        return False
    head = data[:end].lower()
    at = head.find(_LENGTH)
    if at >= 0:
        length = int(head[at + len(_LENGTH) :].split(b"\r\n", 1)[0])
        return len(data) - end - len(_HEAD_END) >= length
    if b"chunked" in head:
        return data.endswith(_LAST_CHUNK)
    return True  # no body: 204


def _chunks(body: bytes) -> Iterator[bytes]:
    while body:
        size, _, body = body.partition(b"\r\n")
        length = int(size, 16)
        if not length:
            return
        yield body[:length]
        body = body[length + 2 :]


def ask_all(path: Path, messages: list[bytes], clients: int) -> tuple[list[float], float]:
    """Send the messages over several connections at once; return the seconds of each, and the total."""
    waiting, took = iter(messages), []
    with selectors.DefaultSelector() as selector:
        connections = [Connection(path) for _ in range(min(clients, len(messages)))]
        begun = time.perf_counter()
        sent: dict[Connection, float] = {}
        for connection in connections:
            selector.register(connection.socket, selectors.EVENT_READ, connection)
            sent[connection] = time.perf_counter()
            connection.socket.sendall(next(waiting))
        while len(took) < len(messages):
            for key, _ in selector.select():
                connection = key.data
                if connection.received() is None:
                    continue
                took.append(time.perf_counter() - sent[connection])
                message = next(waiting, None)
                if message is not None:
                    sent[connection] = time.perf_counter()
                    connection.socket.sendall(message)
        elapsed = time.perf_counter() - begun
        for connection in connections:
            connection.close()
    return took, elapsed
