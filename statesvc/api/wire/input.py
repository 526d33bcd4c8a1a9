"""What a client sends, as it comes in, and the heads of its requests out of that."""

import asyncio

from statesvc.api.wire.head import Head, end_of_head, is_token, parse_head, parse_request_line
from statesvc.api.wire.refusal import CutOff, Refusal, malformed
from statesvc.domain.limits import Limits

_LINE_ENDS = b"\r\n"


class Input:
    """The bytes that came in and were not used yet. One task at a time waits for more; memory stays bounded."""

    def __init__(self, loop: asyncio.AbstractEventLoop, transport: asyncio.Transport, ahead_bytes: int) -> None:
        self.buffer = bytearray()
        self.has_ended = False
        self.is_dismissed = False
        self.is_paused = False
        self.loop = loop
        self._transport = transport
        self._ahead_bytes = ahead_bytes
        self._waiter: asyncio.Future[None] | None = None

    def feed(self, data: bytes) -> None:
        """Take what came in."""
        self.buffer += data
        if self._waiter is not None:
            self._wake()
        elif len(self.buffer) >= self._ahead_bytes and not self.is_paused:
            self.is_paused = True
            self._transport.pause_reading()

    def end(self) -> None:
        """Note that nothing more will come."""
        self.has_ended = True
        self._wake()

    def dismiss(self) -> None:
        """Take whole requests that came in already, and nothing more."""
        self.is_dismissed = True
        self.end()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    async def more(self, seconds: float | None = None) -> bool:
        """Wait for more bytes. False if there will be none; TimeoutError if there were none for so long."""
        if self.has_ended:
            return False
        if self.is_paused:
            self.is_paused = False
            self._transport.resume_reading()
        waiter = self._waiter = self.loop.create_future()
        timer = None if seconds is None else self.loop.call_later(seconds, self._wake)
        before = len(self.buffer)
        try:
            await waiter
        finally:
            self._waiter = None
            if timer is not None:
                timer.cancel()
        if len(self.buffer) > before:
            return True
        if self.has_ended:
            return False
        raise TimeoutError


async def next_head(source: Input, limits: Limits, *, seconds: float | None, leading: int) -> Head | None:
    """Wait for the next head; None if the client sends no more, or nothing for so many seconds.

    So many line ends before it are passed over. Raises Refusal for what is no head, or is not complete in time.
    """
    buffer = source.buffer
    seen, deadline = 0, 0.0
    while True:
        while leading and buffer and buffer[0] in _LINE_ENDS:
            del buffer[:1]
            leading -= 1
        if end := end_of_head(buffer, seen):
            break
        if buffer:
            _check_begin(buffer, seen, limits)
            seen = len(buffer)
            now = source.loop.time()
            deadline = deadline or now + limits.head_seconds
            seconds = max(0.0, deadline - now)
        if not await _has_more(source, seconds, limits):
            return None
    if end > limits.head_bytes:
        raise _too_large(limits)
    head = parse_head(buffer[:end], limits.header_lines)
    del buffer[:end]
    return head


async def _has_more(source: Input, seconds: float | None, limits: Limits) -> bool:
    """Wait for more of a head. False if there is none, and none was begun."""
    try:
        if await source.more(seconds):
            return True
    except TimeoutError:
        if source.buffer:
            raise Refusal(408, f"the head of the request was not complete in {limits.head_seconds:g} s") from None
        return False
    if source.buffer and not source.is_dismissed:
        raise CutOff
    return False


def _check_begin(buffer: bytearray, seen: int, limits: Limits) -> None:
    """Refuse what is no head as soon as that is certain."""
    if buffer[0] in _LINE_ENDS:
        raise malformed("it begins with an empty line")
    if not is_token(chr(buffer[0])):
        raise malformed("it begins with a byte that begins no method")
    end = buffer.find(b"\n", seen)
    if end >= 0 and buffer.find(b"\n", 0, seen) < 0:
        parse_request_line(buffer[:end].decode("latin-1"))
    if len(buffer) > limits.head_bytes:
        raise _too_large(limits)


def _too_large(limits: Limits) -> Refusal:
    return Refusal(431, f"the head of the request is larger than {limits.head_bytes} bytes")
