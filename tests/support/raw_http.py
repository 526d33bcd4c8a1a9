"""Bytes sent over a Unix socket as they are, and the answers that come back, with how each of them is framed."""

import socket
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

NO_BODY = {100, 204, 304}
PATIENCE = 20


@dataclass(frozen=True)
class RawAnswer:
    """One answer: how it is framed, and what it says."""

    version: str
    status: int
    headers: dict[str, str]
    body: bytes
    is_whole: bool = True

    def __str__(self) -> str:
        """Status and framing: `200`, `200 chunked`, `400 close`, `1.0 200 keep-alive`."""
        words = [] if self.version == "HTTP/1.1" else [self.version.removeprefix("HTTP/")]
        words.append(str(self.status))
        if "chunked" in self.headers.get("transfer-encoding", ""):
            words.append("chunked")
        words += [word for word in ("close", "keep-alive", "Upgrade") if word in self.headers.get("connection", "")]
        return " ".join(words if self.is_whole else [*words, "cut"])


@dataclass(frozen=True)
class Exchange:
    """What came back, and whether the other side had ended the connection when it was silent."""

    answers: list[RawAnswer] = field(default_factory=list)
    is_open: bool = True

    def __str__(self) -> str:
        """All answers and the end, as `200, 404 close, end`."""
        return ", ".join([*map(str, self.answers), "open" if self.is_open else "end"])


def connected(path: Path, timeout: float = 20) -> socket.socket:
    """Return a connection."""
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.settimeout(timeout)
    connection.connect(str(path))
    return connection


def exchange(
    path: Path, data: bytes | Sequence[bytes], *, half_close: bool = False, expected: str = "", silence: float = 0.5
) -> Exchange:
    """Send bytes, piece by piece if there are several, perhaps end the own side; read until the end or silence.

    Where an outcome is expected, silence is only taken for the end of it when it is there, or after a long time.
    """
    pieces = [data] if isinstance(data, bytes) else data
    is_head = b"".join(pieces).startswith(b"HEAD ")
    with connected(path) as connection:
        with suppress(BrokenPipeError, ConnectionResetError):
            for piece in pieces:
                connection.sendall(piece)
                time.sleep(0.02 if len(pieces) > 1 else 0)
            if half_close:
                connection.shutdown(socket.SHUT_WR)
        received, is_open = b"", False
        try:
            while True:
                is_there = not expected or _shown(received, is_head=is_head) == expected
                connection.settimeout(silence if is_there else PATIENCE)
                piece = connection.recv(65536)
                if not piece:
                    break
                received += piece
        except TimeoutError:
            is_open = True
        except ConnectionResetError:
            pass
    return Exchange(answers(received, is_head=is_head), is_open)


def _shown(received: bytes, *, is_head: bool) -> str:
    try:
        return str(Exchange(answers(received, is_head=is_head)))
    except ValueError:
        return "nothing yet"


def answers(received: bytes, *, is_head: bool = False) -> list[RawAnswer]:
    """Take apart what came back; only the first answer may be one to HEAD. Raises ValueError for what is no HTTP."""
    found = []
    while received:
        answer, received = _first(received, is_head=is_head)
        found.append(answer)
        is_head = False
    return found


def _first(received: bytes, *, is_head: bool) -> tuple[RawAnswer, bytes]:
    head, end, rest = received.partition(b"\r\n\r\n")
    if not end:
        raise ValueError(f"a head that does not end: {received[:200]!r}")
    line, *fields = head.decode("latin-1").split("\r\n")
    version, status, _ = line.split(" ", 2)
    headers: dict[str, str] = {}
    for one in fields:
        name, colon, value = one.partition(": ")
        assert colon, one
        assert name.lower() not in headers, f"{name} twice"
        headers[name.lower()] = value
    code = int(status)
    if is_head or code in NO_BODY:
        return RawAnswer(version, code, headers, b""), rest
    if code == 101:
        return RawAnswer(version, code, headers, rest), b""
    if headers.get("transfer-encoding") == "chunked":
        body, rest, is_whole = _chunks(rest)
        return RawAnswer(version, code, headers, body, is_whole), rest
    length = int(headers.get("content-length", len(rest)))
    return RawAnswer(version, code, headers, rest[:length], len(rest) >= length), rest[length:]


def _chunks(rest: bytes) -> tuple[bytes, bytes, bool]:
    body = b""
    while True:
        line, end, behind = rest.partition(b"\r\n")
        if not end:
            return body, b"", False
        size = int(line, 16)
        if len(behind) < size + 2:
            return body, b"", False
        assert behind[size : size + 2] == b"\r\n", behind[:200]
        body, rest = body + behind[:size], behind[size + 2 :]
        if size == 0:
            return body, rest, True
