"""A connection that a handler takes over: from here on it is bytes in both directions."""

import asyncio
import socket

from statesvc.api.wire.answer import Hijack
from statesvc.api.wire.head import Head
from statesvc.api.wire.input import Input
from statesvc.api.wire.output import Output


class Takeover:
    """The two sides of a connection, as answer.Taken has them."""

    def __init__(self, source: Input, output: Output, quiet_seconds: float) -> None:
        self._input = source
        self._output = output
        self._quiet_seconds = quiet_seconds

    async def read(self) -> bytes:
        """Return what came in, waiting for it; empty at the end of the input."""
        buffer = self._input.buffer
        if not buffer:
            await self._input.more()
        return self._early()

    def write(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._output.write(data)

    async def drained(self) -> None:
        """Wait until the client has taken all that was written, or is gone."""
        await self._output.drained()

    async def gone(self) -> None:
        """Wait until the client is gone, not only its side ended; drop what it sends."""
        while await self._input.more():
            self._early()
        # A client that sends no standard input ends its side at once, and reads on.
        while not (self._output.is_lost or self._output.has_gone()):  # noqa: ASYNC110 - no event tells it
            await asyncio.sleep(self._quiet_seconds)

    def end_output(self) -> None:
        """End this side; the input stays open."""
        self._output.end()

    async def lend(self) -> tuple[socket.socket, bytes]:
        """Take the connection from the loop. Raises ConnectionError if the client is gone."""
        lent = await self._output.lend()
        return lent, self._early()

    def _early(self) -> bytes:
        data = bytes(self._input.buffer)
        self._input.buffer.clear()
        return data


def opening(head: Head, hijack: Hijack) -> tuple[bytes, bytes]:
    """Return the first line of the answer, and the header lines that belong to it: as Docker writes them.

    A client that asks for no upgrade gets 200 and the same bytes behind it, with nothing that frames them.
    """
    lines = f"Content-Type: {hijack.media_type}\r\n".encode()
    if "upgrade" in head.headers:
        return b"HTTP/1.1 101 UPGRADED\r\n", lines + b"Connection: Upgrade\r\nUpgrade: tcp\r\n"
    return b"HTTP/1.1 200 OK\r\n", lines
