"""An answer: status, headers, and a body that is whole, a stream, or the connection itself; and how it is framed."""

import socket
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from functools import lru_cache
from http import HTTPStatus
from typing import Protocol

Parts = AsyncGenerator[bytes, None]
NO_BODY = frozenset({204, 304})


class Taken(Protocol):
    """A connection that a handler took over: bytes in both directions. It is closed when the handler returns."""

    async def read(self) -> bytes:
        """Return what came in, waiting for it; first what came with the request. Empty at the end of the input."""

    def write(self, data: bytes) -> None:
        """Send bytes as they are."""

    async def drained(self) -> None:
        """Wait until the client has taken all that was written, or is gone."""

    async def gone(self) -> None:
        """Wait until the client is gone, not only its side ended; drop what it sends."""

    def end_output(self) -> None:
        """End this side; the input stays open."""

    async def lend(self) -> tuple[socket.socket, bytes]:
        """Take the connection from the loop; return its socket, to be handed on, and what was read of it already.

        The one that is returned is the last descriptor of the connection here: closing it without handing it on ends
        the connection. Raises ConnectionError if the client is gone.
        """


@dataclass(frozen=True, slots=True)
class Hijack:
    """A body for a handler that takes the connection over: it is called with the connection once the head is sent."""

    run: Callable[[Taken], Awaitable[None]]
    media_type: str


@dataclass(slots=True)
class Answer:
    """What a handler gives back. `lines` are header lines as they go out, each with its CRLF.

    A body of bytes goes out with its length; a stream in chunks, or to its end for a client of HTTP/1.0.
    """

    status: int = 200
    body: bytes | Parts | Hijack = b""
    lines: bytes = b""
    closes: bool = False
    """Whether the connection must not go on after this answer."""
    is_list: bool = False
    """Whether the body is a long list: it is cut off, with its connection, when the time for one is up."""

    def add(self, name: str, value: str) -> None:
        """Add a header. A line end in the value would begin another header, so there can be none."""
        if "\r" in value or "\n" in value:
            raise ValueError(f"a line end in the header {name}")
        self.lines += f"{name}: {value}\r\n".encode("latin-1", "replace")


@lru_cache(128)
def status_line(status: int, *, is_old: bool) -> bytes:
    """Return the first line of an answer."""
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        phrase = f"status code {status}"
    return f"HTTP/1.{0 if is_old else 1} {status} {phrase}\r\n".encode()


def framed(answer: Answer, *, is_old: bool, keeps: bool, is_head: bool) -> tuple[bytes, bool, bool]:
    """Return the header lines that frame the answer, whether it goes in chunks, and whether the connection goes on."""
    body, keeps = answer.body, keeps and not answer.closes
    in_chunks = False
    lines = b""
    if answer.status not in NO_BODY:
        if isinstance(body, bytes):
            lines = b"Content-Length: %d\r\n" % len(body)
        elif is_old:
            keeps = keeps and is_head
        else:
            in_chunks = True
            lines = b"Transfer-Encoding: chunked\r\n"
    if is_old:
        return (lines + b"Connection: keep-alive\r\n" if keeps else lines), in_chunks, keeps
    return (lines if keeps else lines + b"Connection: close\r\n"), in_chunks, keeps
