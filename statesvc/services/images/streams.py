"""Lets blocking code in a thread read an asynchronous stream like a file."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import TypeVar

from statesvc.db.workers import Workers

T = TypeVar("T")


class ArrivingFile:
    """A file-like reader of an asynchronous stream, used from a thread. It holds one chunk in memory at a time."""

    def __init__(self, chunks: AsyncIterator[bytes], loop: asyncio.AbstractEventLoop) -> None:
        self._chunks = chunks
        self._loop = loop
        self._rest = b""
        self._ended = False

    def read(self, size: int, /) -> bytes:
        """Return at most `size` bytes, b"" at the end. What the stream raises is raised here."""
        if not self._rest and not self._ended:
            self._rest = asyncio.run_coroutine_threadsafe(self._next(), self._loop).result()
            self._ended = not self._rest
        part, self._rest = self._rest[:size], self._rest[size:]
        return part

    async def _next(self) -> bytes:
        async for chunk in self._chunks:
            if chunk:
                return chunk
        return b""


async def read_in_thread(chunks: AsyncIterator[bytes], reader: Callable[[ArrivingFile], T], threads: Workers) -> T:
    """Run a blocking reader over a stream, in a thread; return what it returns. Raises Unavailable if none is free."""
    return await threads.run(reader, ArrivingFile(chunks, asyncio.get_running_loop()))
