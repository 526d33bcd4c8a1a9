"""What goes out to a client: no faster than it is taken, and nowhere once it is gone."""

import asyncio
import select
import socket


class Output:
    """The sending side of a connection."""

    def __init__(self, loop: asyncio.AbstractEventLoop, transport: asyncio.Transport) -> None:
        self.is_lost = False
        self.is_full = False
        self._loop = loop
        self._transport = transport
        self._waiter: asyncio.Future[None] | None = None

    @property
    def is_open(self) -> bool:
        """Whether anything that is written goes anywhere."""
        return not self.is_lost and not self._transport.is_closing()

    def lose(self) -> None:
        """Note that the connection is gone."""
        self.is_lost = True
        self.resume()

    def pause(self) -> None:
        """Note that the client reads more slowly than we write."""
        self.is_full = True

    def resume(self) -> None:
        """Note that the client has taken what was written."""
        self.is_full = False
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def write(self, data: bytes) -> None:
        """Send bytes; drop them if the client is gone."""
        if self.is_open:
            self._transport.write(data)

    def end(self) -> None:
        """End this side; the other one stays open."""
        if self.is_open:
            self._transport.write_eof()

    async def room(self) -> None:
        """Wait until the client has taken so much that more may be written."""
        if self.is_full and not self.is_lost:
            self._waiter = self._loop.create_future()
            try:
                await self._waiter
            finally:
                self._waiter = None

    async def drained(self) -> None:
        """Wait until the client has taken all that was written, or is gone."""
        self._transport.set_write_buffer_limits(high=0)
        await self.room()

    def has_gone(self) -> bool:
        """Return whether the client closed the connection, not only its side of it: a Unix socket shows it at once."""
        connection: socket.socket = self._transport.get_extra_info("socket")
        poll = select.poll()
        poll.register(connection.fileno(), select.POLLHUP)
        return any(events & select.POLLHUP for _, events in poll.poll(0))

    async def lend(self) -> socket.socket:
        """Take the connection from the loop, once all that was written is out; return its last descriptor here.

        Raises ConnectionError if the client is gone.
        """
        if self.is_open:
            self._transport.pause_reading()
            await self.drained()
        if not self.is_open:
            raise ConnectionResetError("the client went away")
        ours: socket.socket = self._transport.get_extra_info("socket")
        lent = socket.socket(fileno=socket.dup(ours.fileno()))
        self._transport.abort()  # closes the loop's descriptor of it, and says nothing to the client
        return lent
