"""The HTTP server on its sockets: who is let in, who must leave, and how it all ends."""

import asyncio
import resource
import signal
import socket
from collections.abc import Callable, Sequence
from email.utils import formatdate

import structlog

from statesvc.api.wire.acceptor import Acceptor
from statesvc.api.wire.connection import Connection, Shared
from statesvc.api.wire.request import Handler, Held
from statesvc.domain.limits import LIMITS, Limits

log = structlog.get_logger(__name__)

_SECOND = 1_000_000_000
_SPARE_DESCRIPTORS = 128
"""How many descriptors are left to the rest of the service, which reads files and databases."""
_LOG_SECONDS = 5


class Server:
    """Serves a handler until SIGTERM or SIGINT; what was begun is finished, streams without an end are ended."""

    def __init__(
        self,
        handler: Handler,
        on_stop: Callable[[], None],
        *,
        clock: Callable[[], int],
        lines: bytes = b"",
        limits: Limits = LIMITS,
    ) -> None:
        """Take the handler of all requests; `lines` are the header lines that every answer has."""
        self._on_stop = on_stop
        self._lines = _Lines(lines, clock)
        self._shared = Shared(handler, limits, Held(limits), self._lines, self._admits)
        self._acceptors: dict[socket.socket, Acceptor] = {}
        self._stop_asked = asyncio.Event()
        self._at_once = False
        self._most_descriptors = 0
        self._closed = self._turned_away = 0
        self._log_from = 0.0

    def stop(self, *, at_once: bool = False) -> None:
        """Begin to stop; at once means without waiting for the requests under way."""
        self._at_once |= at_once
        self._stop_asked.set()

    async def run_on(self, listeners: Sequence[socket.socket]) -> None:
        """Serve the sockets until the server is asked to stop."""
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        self._most_descriptors = soft - min(_SPARE_DESCRIPTORS, soft // 4)
        for listener in listeners:
            self.listen(listener)
        try:
            await self._stop_asked.wait()
        finally:
            for acceptor in self._acceptors.values():
                acceptor.close()
            await self._end()

    def listen(self, listener: socket.socket, *, instead_of: socket.socket | None = None) -> None:
        """Serve a socket, too, or in the place of another one, which is closed; its connections go on."""
        if instead_of is not None:
            self._acceptors.pop(instead_of).close()
        self._acceptors[listener] = Acceptor(listener, lambda: Connection(self._shared), self._make_room)

    def stop_on_signals(self) -> None:
        """Stop on SIGTERM and SIGINT; a second SIGINT waits for nothing."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self.stop)
        loop.add_signal_handler(signal.SIGINT, self._interrupted)

    def _interrupted(self) -> None:
        self.stop(at_once=self._stop_asked.is_set())

    async def _end(self) -> None:
        """End all connections: idle ones now, the others when their request is answered, or when time is up."""
        self._on_stop()
        shared, loop = self._shared, asyncio.get_running_loop()
        shared.stopping = True
        for connection in list(shared.connections):
            connection.end()
        deadline = loop.time() + shared.limits.stop_seconds
        while shared.connections and not self._at_once and loop.time() < deadline:  # noqa: ASYNC110 - once, at the end
            await asyncio.sleep(0.01)
        if shared.connections:
            log.warning("requests under way are cut off", connections=len(shared.connections))
        for connection in list(shared.connections):
            connection.abort()
        for _ in range(100):  # what was cut off is cleaned up
            await asyncio.sleep(0.01)
            if not shared.connections:
                break

    def _admits(self, descriptor: int) -> bool:
        """Return whether a connection with this descriptor may stay. Near the limit, the longest idle makes room."""
        if descriptor < self._most_descriptors:
            return True
        has_room = self._make_room()
        self._closed += has_room
        self._turned_away += not has_room
        now = asyncio.get_running_loop().time()
        if now >= self._log_from:
            self._log_from = now + _LOG_SECONDS
            log.warning(
                "near the limit of open files: idle connections are closed, or new ones turned away",
                closed=self._closed,
                turned_away=self._turned_away,
                connections=len(self._shared.connections),
            )
        return has_room

    def _make_room(self) -> bool:
        """End the connection that is idle longest. False if none is."""
        longest = next(iter(self._shared.idle), None)
        if longest is None:
            return False
        longest.end()
        self._shared.idle.pop(longest)  # the next one that comes ends another
        return True


class _Lines:
    """The header lines that every answer has, with the date: rendered once a second."""

    def __init__(self, lines: bytes, clock: Callable[[], int]) -> None:
        self._fixed = lines
        self._clock = clock
        self._second = -1
        self._rendered = b""

    def __call__(self) -> bytes:
        second = self._clock() // _SECOND
        if second != self._second:
            self._second = second
            self._rendered = self._fixed + f"Date: {formatdate(second, usegmt=True)}\r\n".encode()
        return self._rendered


def raise_descriptor_limit() -> int:
    """Raise the soft limit of open files to the hard one, as dockerd does; return the limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard
