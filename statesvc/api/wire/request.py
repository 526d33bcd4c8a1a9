"""A request as its handler gets it: the head, the body to be read, and who sent it."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass
from typing import NamedTuple

from statesvc.api.wire.answer import Answer
from statesvc.api.wire.body import Chunked, Framing, Sized
from statesvc.api.wire.head import Head
from statesvc.api.wire.input import Input
from statesvc.api.wire.refusal import CutOff, Refusal
from statesvc.domain.limits import MIB, Limits
from statesvc.errors import TooLarge


class Peer(NamedTuple):
    """The process at the other end of a Unix socket, as it was when it connected; None of all that elsewhere."""

    pid: int | None
    uid: int | None
    gid: int | None


class Held:
    """How many bytes of bodies all connections hold in memory together. Large bodies leave room for small ones."""

    def __init__(self, limits: Limits) -> None:
        self._most = limits.held_bytes
        self._most_with_small = limits.held_bytes + limits.held_small_bytes
        self.size = 0

    def add(self, size: int, *, is_small: bool) -> None:
        """Count bytes of a body in. Raises Refusal if there is no room for them now."""
        if self.size + size > (self._most_with_small if is_small else self._most):
            raise Refusal(503, "too many request bodies are being read at this time; nothing was changed: try again")
        self.size += size


class RequestBody:
    """The body of one request, read as it comes in. What is wrong with it is raised as Refusal to its reader."""

    def __init__(
        self, source: Input, head: Head, limits: Limits, held: Held, asks_for_it: Callable[[], None] | None
    ) -> None:
        """Take the input behind a head; `asks_for_it` is called before the first read, if the client waits for that."""
        self._input = source
        self._framing = _framing(head)
        self._limits = limits
        self._held = held
        self._held_here = 0
        self._asks_for_it = asks_for_it
        self._seconds = limits.json_seconds
        self._began: float | None = None
        self._has_begun = False
        self.refusal: Refusal | None = None

    @property
    def is_complete(self) -> bool:
        """Whether all of it was read."""
        return self._framing is None or self._framing.is_complete

    @property
    def size(self) -> int | None:
        """How many bytes are still to be read, None if nobody knows."""
        return 0 if self._framing is None else self._framing.left

    async def part(self) -> bytes:
        """Return the next part, empty at the end. Raises Refusal if the body is broken off, malformed or late."""
        if self.refusal is not None:
            raise self.refusal
        if self._framing is None:
            return b""
        if self._asks_for_it is not None:
            self._asks_for_it()
            self._asks_for_it = None
        try:
            while not (part := self._framing.take(self._input.buffer)) and not self._framing.is_complete:
                if not await self._more():
                    raise CutOff
        except Refusal as refusal:
            self.refusal = refusal
            raise
        self._has_begun = True
        return part

    async def _more(self) -> bool:
        """Wait for more of the body, as long as one may. False if there will be none."""
        limits, now = self._limits, self._input.loop.time()
        self._began = now if self._began is None else self._began
        pause = limits.body_seconds if self._has_begun else limits.body_begin_seconds
        left = self._began + self._seconds - now
        try:
            if left > 0:
                return await self._input.more(min(pause, left))
        except TimeoutError:
            pass
        if left <= pause:
            raise Refusal(408, f"the request body was not complete in {self._seconds:g} s")
        raise Refusal(408, f"no part of the request body came for {pause:g} s")

    async def parts(self) -> AsyncGenerator[bytes, None]:
        """Yield the body part by part, for as long as an archive may take. Raises Refusal like `part`."""
        self._seconds = self._limits.upload_seconds
        while part := await self.part():
            yield part

    async def whole(self, most: int) -> bytes:
        """Return the whole body. Raises TooLarge above a size, Refusal like `part`, or if memory has no room for it."""
        if (self.size or 0) > most:
            raise _too_large(most)
        small = self._limits.small_body_bytes
        is_small = (self.size or 0) <= small
        body = bytearray()
        while part := await self.part():
            if len(body) + len(part) > most:
                raise _too_large(most)
            self._held.add(len(part), is_small=is_small and len(body) + len(part) <= small)
            self._held_here += len(part)
            body += part
        return bytes(body)

    async def discard(self) -> bool:
        """Read what the handler left, if that is little. False if the connection cannot go on behind it."""
        if self.is_complete:
            return True
        most = self._limits.unread_bytes
        if self._asks_for_it is not None or (self.size or 0) >= most:
            return False
        read = 0
        try:
            while read <= most:
                part = await self.part()
                if not part:
                    return True
                read += len(part)
        except Refusal:
            pass
        return False

    def release(self) -> None:
        """Count out what this body held in memory."""
        self._held.size -= self._held_here
        self._held_here = 0


@dataclass(slots=True)
class Request:
    """A request whose head was read."""

    head: Head
    body: RequestBody
    peer: Peer


Handler = Callable[[Request], Awaitable[Answer]]


def _framing(head: Head) -> Framing | None:
    if head.length is None:
        return Chunked()
    return Sized(head.length) if head.length else None


def _too_large(most: int) -> TooLarge:
    return TooLarge(f"the request body is larger than {most // MIB} MiB")
