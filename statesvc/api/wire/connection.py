"""One connection: requests are read, handled and answered one after the other, as Go's server does it."""

import asyncio
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

import orjson
import structlog

from statesvc.api.wire.answer import NO_BODY, Answer, Hijack, Parts, framed, status_line
from statesvc.api.wire.head import Head, has_token
from statesvc.api.wire.input import Input, next_head
from statesvc.api.wire.output import Output
from statesvc.api.wire.refusal import Refusal
from statesvc.api.wire.request import Handler, Held, Peer, Request, RequestBody
from statesvc.api.wire.stream import Stream
from statesvc.api.wire.takeover import Takeover, opening
from statesvc.domain.limits import KIB, Limits
from statesvc.errors import UNSURE

log = structlog.get_logger(__name__)

_CREDENTIALS = struct.Struct("3i")
_JSON_LINE = b"Content-Type: application/json\r\n"
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_JOINED = 64 * KIB
"""The largest body that is copied behind its head, to go out in one piece."""
_LEADING = 4
"""How many line ends may stand between the body of a POST and the next request, as in Go."""


@dataclass
class Shared:
    """What the connections of one server have in common."""

    handler: Handler
    limits: Limits
    held: Held
    lines: Callable[[], bytes]
    admits: Callable[[int], bool]
    connections: "set[Connection]" = field(default_factory=set)
    idle: "dict[Connection, None]" = field(default_factory=dict)
    """Those that wait for a head, the one that waits longest first."""
    streams: int = 0
    """How many answers are streams now."""
    stopping: bool = False


class Connection(asyncio.Protocol):
    """The protocol of one connection, and its task."""

    _transport: asyncio.Transport
    _input: Input
    _output: Output
    _stream: Stream
    _task: asyncio.Task[None]
    _peer: Peer

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    # What the loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to serve, or refuse to for want of descriptors."""
        loop, shared = asyncio.get_running_loop(), self._shared
        self._transport = cast("asyncio.Transport", transport)
        connection: socket.socket = transport.get_extra_info("socket")
        self._peer = peer_of(connection)
        self._input = Input(loop, self._transport, shared.limits.ahead_bytes)
        self._output = Output(loop, self._transport)
        if shared.stopping:
            self._input.dismiss()
        is_admitted = shared.admits(connection.fileno())
        shared.connections.add(self)
        self._task = loop.create_task(self._serve() if is_admitted else self._turn_away())
        self._task.add_done_callback(self._leave)
        self._stream = Stream(self._task, self._input, self._output, shared.limits.quiet_seconds)

    def data_received(self, data: bytes) -> None:
        """Take what came in."""
        self._input.feed(data)
        if self._input.is_paused:
            self._stream.pause_of_input()

    def eof_received(self) -> bool:
        """Note that the client has ended its side; what it asked for is still answered."""
        self._input.end()
        self._stream.end_of_input()
        return True

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Note that nothing can be sent any more; a stream ends, other work goes on to its end."""
        self._shared.idle.pop(self, None)
        self._input.end()
        self._output.lose()
        self._stream.cancel()
        self._leave(self._task)

    def pause_writing(self) -> None:
        """Note that the client reads more slowly than we write."""
        self._output.pause()

    def resume_writing(self) -> None:
        """Go on writing."""
        self._output.resume()

    # What the server calls.

    def end(self) -> None:
        """Close the connection if it waits for a head; a whole request that came in is still answered.

        A client that does not read what was sent to it is cut off after a time.
        """
        if self in self._shared.idle:
            self._input.dismiss()
            self._input.loop.call_later(self._shared.limits.longest_linger_seconds, self._cut_off)

    def abort(self) -> None:
        """Close the connection now."""
        self._task.cancel()
        self._transport.abort()

    def _cut_off(self) -> None:
        if self._task.done() and not self._output.is_lost:
            self._transport.abort()

    def _leave(self, task: asyncio.Task[None]) -> None:
        # A server that stops waits for both: what a handler began is written, also when its client is gone.
        if task.done() and self._output.is_lost:
            self._shared.connections.discard(self)

    # The task.

    async def _serve(self) -> None:
        limits = self._shared.limits
        seconds: float | None = limits.first_head_seconds
        leading = 0
        try:
            while (head := await self._head(seconds, leading)) is not None:
                if not await self._exchange(head) or self._shared.stopping:
                    break
                seconds, leading = None, _LEADING if head.method == "POST" else 0
        except Refusal as refusal:
            await self._refuse(refusal)
        except Exception:
            log.exception("a connection met a bug")
            self._transport.abort()
        finally:
            self._transport.close()

    async def _head(self, seconds: float | None, leading: int) -> Head | None:
        idle = self._shared.idle
        idle[self] = None
        try:
            return await next_head(self._input, self._shared.limits, seconds=seconds, leading=leading)
        finally:
            idle.pop(self, None)

    async def _exchange(self, head: Head) -> bool:
        """Handle and answer one request. False if it is the last of the connection."""
        shared = self._shared
        body = RequestBody(self._input, head, shared.limits, shared.held, self._asks_for_body(head))
        try:
            answer = await self._handled(Request(head, body, self._peer))
            if isinstance(answer.body, Hijack):
                return await self._hand_over(head, body, answer, answer.body)
            if not isinstance(answer.body, bytes) and self._shared.streams >= self._shared.limits.streams:
                await answer.body.aclose()
                answer = refused(Refusal(503, "too many streams are open at this time; nothing was changed: try again"))
            if not await body.discard():
                answer.closes = True
            keeps = await self._send(head, answer)
        finally:
            body.release()
        if not keeps and not body.is_complete:
            await self._linger()
        return keeps

    def _asks_for_body(self, head: Head) -> Callable[[], None] | None:
        """Return what tells a client that its body is wanted, None if it does not wait for that. Raises Refusal."""
        expect = head.headers.get("expect")
        if expect is None or not expect[0]:
            return None
        if not has_token(expect[:1], "100-continue"):
            raise Refusal(417, "the only expectation that is met here is 100-continue")
        return None if head.is_old or not head.has_body else self._continue

    def _continue(self) -> None:
        self._output.write(_CONTINUE)

    async def _handled(self, request: Request) -> Answer:
        try:
            return await self._shared.handler(request)
        except Refusal as refusal:
            return refused(refusal)
        except Exception:
            log.exception("a handler met a bug", method=request.head.method)
            body = {"message": f"statesvc has a bug that this request met; its log has the details; {UNSURE}"}
            return Answer(500, orjson.dumps(body | {"unsure": True}), _JSON_LINE)

    async def _send(self, head: Head, answer: Answer) -> bool:
        """Send an answer. False if the connection must not go on behind it."""
        is_old, is_head, body = head.is_old, head.method == "HEAD" or answer.status in NO_BODY, answer.body
        keeps = head.keeps and not self._shared.stopping
        lines, in_chunks, keeps = framed(answer, is_old=is_old, keeps=keeps, is_head=is_head)
        output = self._output
        start = b"".join(
            (status_line(answer.status, is_old=is_old), answer.lines, self._shared.lines(), lines, b"\r\n")
        )
        if isinstance(body, bytes):
            if len(body) > _JOINED and not is_head:
                output.write(start)
                start = b""
            output.write(start if is_head else start + body)
        else:
            assert not isinstance(body, Hijack)
            output.write(start)
            if is_head:
                await body.aclose()
            elif not await self._streamed(body, in_chunks=in_chunks, is_list=answer.is_list):
                self._transport.abort()
                return False
        if output.is_full:
            await output.room()
        return keeps

    async def _streamed(self, parts: Parts, *, in_chunks: bool, is_list: bool) -> bool:
        self._shared.streams += 1
        try:
            seconds = self._shared.limits.list_seconds if is_list else None
            return await self._stream.send(parts, in_chunks=in_chunks, seconds=seconds)
        finally:
            self._shared.streams -= 1

    async def _hand_over(self, head: Head, body: RequestBody, answer: Answer, hijack: Hijack) -> bool:
        """Hand the connection to the handler that asked for it. It never goes on behind that."""
        if not await body.discard():
            raise body.refusal or Refusal(413, "the request body is larger than what is read before an upgrade")
        line, lines = opening(head, hijack)
        self._output.write(b"".join((line, answer.lines, self._shared.lines(), lines, b"\r\n")))
        await hijack.run(Takeover(self._input, self._output, self._shared.limits.quiet_seconds))
        return False

    async def _refuse(self, refusal: Refusal) -> None:
        answer = refused(refusal)
        lines, _, _ = framed(answer, is_old=False, keeps=False, is_head=False)
        line = status_line(answer.status, is_old=False)
        assert isinstance(answer.body, bytes)
        self._output.write(b"".join((line, answer.lines, self._shared.lines(), lines, b"\r\n", answer.body)))
        await self._linger()

    async def _turn_away(self) -> None:
        try:
            await self._refuse(
                Refusal(503, "too many connections are open at this time; nothing was changed: try again")
            )
        finally:
            self._transport.close()

    async def _linger(self) -> None:
        """End our side, and pass over what still comes: a client that is cut off while it sends does not read why."""
        self._output.end()
        limits, loop = self._shared.limits, self._input.loop
        deadline = loop.time() + limits.longest_linger_seconds
        try:
            while loop.time() < deadline and await self._input.more(limits.linger_seconds):
                self._input.buffer.clear()
        except TimeoutError:
            pass


def peer_of(connection: socket.socket) -> Peer:
    """Return who is at the other end of a Unix socket: the kernel noted it when the connection was made."""
    if connection.family != socket.AF_UNIX:
        return Peer(None, None, None)
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    return Peer(*_CREDENTIALS.unpack(raw))


def refused(refusal: Refusal) -> Answer:
    """Return the answer to a refused request, in Docker's form; the connection ends after it."""
    answer = _message(refusal.status, refusal.message)
    answer.closes = True
    if refusal.status == 503:
        answer.add("Retry-After", "1")
    return answer


def _message(status: int, message: str) -> Answer:
    return Answer(status, orjson.dumps({"message": message}), _JSON_LINE)
