"""One connection to the service over its socket, kept alive, with no more of HTTP than is needed to be quick."""

import asyncio
from pathlib import Path
from typing import NamedTuple

PATIENCE = 300.0


class Lost(Exception):
    """The connection ended before the whole answer was there: the request was done, or not."""


class Answer(NamedTuple):
    """An answer of the service."""

    status: int
    etag: int | None
    body: bytes


class Connection:
    """A connection that is opened when it is needed."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    def close(self) -> None:
        """Close it at once."""
        if self._streams:
            self._streams[1].transport.abort()
            self._streams = None

    async def call(self, method: str, path: str, body: bytes = b"", *, agent: str, more: str = "") -> Answer:
        """Send a request and return the answer. Raises Lost, and AssertionError for a service that does not answer."""
        try:
            # Not wait_for, which in Python 3.11 may forget that it was cancelled.
            async with asyncio.timeout(PATIENCE):
                await self.send(method, path, body, agent=agent, more=more)
                assert self._streams is not None
                return await _read(self._streams[0])
        except TimeoutError:
            raise AssertionError(f"{method} {path} was not answered in {PATIENCE:.0f} s") from None
        except (OSError, EOFError) as error:
            self.close()
            raise Lost from error

    async def send(self, method: str, path: str, body: bytes = b"", *, agent: str, more: str = "") -> None:
        """Send a request, and read nothing."""
        if self._streams is None:
            self._streams = await asyncio.open_unix_connection(str(self._socket), limit=1 << 24)
        head = f"{method} {path} HTTP/1.1\r\nHost: d\r\nUser-Agent: {agent}\r\n{more}"
        if body or method == "POST":
            head += f"Content-Length: {len(body)}\r\n"
        if body[:1] == b"{":
            head += "Content-Type: application/json\r\n"
        self._streams[1].write(head.encode() + b"\r\n" + body)
        await self._streams[1].drain()


async def _read(reader: asyncio.StreamReader) -> Answer:
    head = await reader.readuntil(b"\r\n\r\n")
    line, *fields = head[:-4].split(b"\r\n")
    status = int(line.split(b" ", 2)[1])
    named = {name.lower(): value for name, _, value in (one.partition(b": ") for one in fields)}
    etag = int(named[b"etag"].strip(b'"')) if b"etag" in named else None
    if status in {204, 304}:
        return Answer(status, etag, b"")
    if b"chunked" in named.get(b"transfer-encoding", b""):
        return Answer(status, etag, await _chunks(reader))
    return Answer(status, etag, await reader.readexactly(int(named[b"content-length"])))


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while size := int(await reader.readuntil(b"\r\n"), 16):
        body += (await reader.readexactly(size + 2))[:-2]
    await reader.readexactly(2)
    return body
