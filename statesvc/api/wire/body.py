"""Where a body ends: framing by length and by chunks, without input or output."""

import re

from statesvc.api.wire.head import parse_fields
from statesvc.api.wire.refusal import malformed
from statesvc.domain.limits import LIMITS

LINE_BYTES = LIMITS.chunk_line_bytes
"""The longest line before a chunk, and all lines behind the last one together, as in Go."""
SPARE_BYTES = LIMITS.chunk_spare_bytes
"""How much of a body in chunks may be something else than content, as in Go."""
PART_BYTES = 256 * 1024
"""The largest part of a body that is handed on at once."""

_SIZE = re.compile(rb"[0-9a-fA-F]{1,16}")


class Sized:
    """A body whose length is known."""

    __slots__ = ("left",)

    def __init__(self, length: int) -> None:
        self.left = length

    @property
    def is_complete(self) -> bool:
        """Whether all of it was taken."""
        return self.left == 0

    def take(self, buffer: bytearray) -> bytes:
        """Remove the next part from the buffer and return it; empty if more must come first."""
        part = _taken(buffer, min(self.left, PART_BYTES))
        self.left -= len(part)
        return part


class Chunked:
    """A body in chunks. Trailers are read, and dropped."""

    __slots__ = ("_ends_chunk", "_is_last", "_left", "_spare", "is_complete", "left")

    def __init__(self) -> None:
        self.is_complete = False
        self.left: int | None = None  # nobody knows
        self._left = 0
        self._ends_chunk = False
        self._is_last = False
        self._spare = 0

    def take(self, buffer: bytearray) -> bytes:
        """Remove the next part from the buffer and return it; empty if more must come first.

        Raises Refusal for what is no chunk.
        """
        parts: list[bytes] = []
        size = 0
        while size < PART_BYTES and not self.is_complete:
            if self._left:
                part = _taken(buffer, min(self._left, PART_BYTES - size))
                if not part:
                    break
                self._left -= len(part)
                self._ends_chunk = self._left == 0
                size += len(part)
                parts.append(part)
            elif not self._step(buffer):
                break
        return b"".join(parts)

    def _step(self, buffer: bytearray) -> bool:
        """Read what stands between two chunks, or behind the last. False if more must come first."""
        if self._ends_chunk:
            if len(buffer) < 2:
                return False
            if buffer[:2] != b"\r\n":
                raise malformed("a chunk of its body is longer than it says")
            del buffer[:2]
            self._ends_chunk = False
        return self._end(buffer) if self._is_last else self._begin(buffer)

    def _begin(self, buffer: bytearray) -> bool:
        end = buffer.find(b"\n", 0, LINE_BYTES)
        if end < 0:
            if len(buffer) >= LINE_BYTES:
                raise malformed("a line before a chunk of its body is too long")
            return False
        line = bytes(buffer[: end + 1])
        if not line.endswith(b"\r\n") or b"\r" in line[:-2]:
            raise malformed("a line before a chunk of its body does not end as one")
        digits = line.rstrip(b" \t\r\n").partition(b";")[0]
        if _SIZE.fullmatch(digits) is None:
            raise malformed("the length of a chunk of its body is none")
        del buffer[: end + 1]
        self._left = int(digits, 16)
        self._is_last = self._left == 0
        self._spare = max(0, self._spare + len(line) + 2 - 16 - 2 * self._left)
        if self._spare > SPARE_BYTES:
            raise malformed("its body is hardly more than the frames of its chunks")
        return True

    def _end(self, buffer: bytearray) -> bool:
        if buffer.startswith(b"\r\n"):
            del buffer[:2]
            self.is_complete = True
            return True
        end = buffer.find(b"\r\n\r\n", 0, LINE_BYTES)
        if end < 0:
            if len(buffer) >= LINE_BYTES or (len(buffer) > 1 and buffer[0] == 0x0A):
                raise malformed("what follows the last chunk of its body does not end")
            return False
        parse_fields(bytes(buffer[:end]).decode("latin-1").split("\n"))
        del buffer[: end + 4]
        self.is_complete = True
        return True


Framing = Sized | Chunked


def _taken(buffer: bytearray, most: int) -> bytes:
    with memoryview(buffer) as view:
        part = bytes(view[:most])
    del buffer[: len(part)]
    return part
