"""Accepting connections: one at a time, and without an end to it when there are no descriptors for more."""

import asyncio
import socket
from collections.abc import Callable

import structlog

log = structlog.get_logger(__name__)

_PAUSE_SECONDS = 0.05
_LOG_SECONDS = 5


class Acceptor:
    """Takes the connections that come to one listener, until it is closed."""

    def __init__(
        self, listener: socket.socket, protocol: Callable[[], asyncio.Protocol], make_room: Callable[[], bool]
    ) -> None:
        """Begin to accept; `make_room` ends another connection where there is no descriptor for a new one."""
        self._listener = listener
        self._protocol = protocol
        self._make_room = make_room
        self._loop = asyncio.get_running_loop()
        self._pause: asyncio.TimerHandle | None = None
        self._connecting: set[asyncio.Task[object]] = set()
        self._log_from = 0.0
        self._resume()

    def close(self) -> None:
        """Accept no more, and close the listener."""
        if self._pause is not None:
            self._pause.cancel()
        self._loop.remove_reader(self._listener)
        self._listener.close()

    def _resume(self) -> None:
        self._pause = None
        self._loop.add_reader(self._listener, self._accept)

    def _accept(self) -> None:
        # One in each round of the loop: to ask for another where mostly none waits costs as much as to serve a ping,
        # and between two of them those that must make room have ended.
        try:
            connection, _ = self._listener.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return
        except OSError as error:
            self._wait(error)
            return
        connection.setblocking(False)  # noqa: FBT003 - the standard library has no other way
        task = self._loop.create_task(self._loop.connect_accepted_socket(self._protocol, connection))
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)

    def _wait(self, error: OSError) -> None:
        """Try again in a moment: the listener stays readable, so that the loop would do nothing else meanwhile."""
        self._make_room()
        self._loop.remove_reader(self._listener)
        self._pause = self._loop.call_later(_PAUSE_SECONDS, self._resume)
        if self._loop.time() >= self._log_from:
            self._log_from = self._loop.time() + _LOG_SECONDS
            log.warning("a connection cannot be accepted: it waits", reason=error.strerror)
