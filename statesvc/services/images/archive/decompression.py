"""Byte streams that may be compressed, read as if they were not: gzip, bzip2, xz, and zstd where Python has it.

What a stream is, is told by its first bytes, as Docker's DecompressStream does. Memory stays bounded: nothing is read
ahead beyond a chunk, and an xz stream that wants a dictionary of gigabytes is refused.
"""

import bz2
import gzip
import io
import lzma
import sys
import zlib
from typing import TYPE_CHECKING, Protocol

from statesvc.errors import InvalidParameter

if TYPE_CHECKING:
    from typing_extensions import Buffer  # collections.abc has it from Python 3.12 on

CHUNK = 256 * 1024

# xz -9 needs 65 MiB; the format allows 4 GiB.
_XZ_MEMORY = 256 * 1024 * 1024
_BROKEN = (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError)


class Readable(Protocol):
    """Whatever hands out its bytes in order: at most `size` of them at a time, none only at the end."""

    def read(self, size: int, /) -> bytes: ...


def decompressed(stream: Readable) -> Readable:
    """The stream's content, inflated if it is compressed.

    Reading raises InvalidParameter for a damaged or cut off stream; an error of the stream itself goes through.
    """
    raw = _Source(stream)
    source = io.BufferedReader(raw, CHUNK)
    magic = source.peek(6)
    if magic.startswith(b"\x1f\x8b\x08"):
        return _Inflated(raw, gzip.GzipFile(fileobj=source, mode="rb"), "gzip")
    if magic.startswith(b"BZh"):
        return _Inflated(raw, bz2.BZ2File(source, "rb"), "bzip2")
    if magic.startswith(b"\xfd7zXZ\x00"):
        return _Inflated(raw, _Xz(source), "xz")
    if magic.startswith(b"\x28\xb5\x2f\xfd"):
        return _zstd(raw, source)
    return source


class _Source(io.RawIOBase):
    """The stream as the standard library wants one; it remembers whether the stream itself was what failed."""

    def __init__(self, stream: Readable) -> None:
        self.stream = stream
        self.failed = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "Buffer", /) -> int:
        """Fill the buffer unless the stream ends, so that the first bytes can be looked at in one piece."""
        view = memoryview(buffer).cast("B")
        filled = 0
        self.failed = True
        while filled < len(view) and (data := self.stream.read(len(view) - filled)):
            view[filled : filled + len(data)] = data
            filled += len(data)
        self.failed = False
        return filled


class _Inflated:
    """A compressed stream, read through its decompressor."""

    def __init__(self, source: _Source, inside: Readable, name: str) -> None:
        self.source, self.inside, self.name = source, inside, name

    def read(self, size: int, /) -> bytes:
        try:
            return self.inside.read(size)
        except _BROKEN as error:
            if self.source.failed:
                raise
            raise InvalidParameter(f"the {self.name} data is damaged or cut off: {error}") from error


class _Xz:
    """An xz decompressor with a limit on its memory, which lzma.LZMAFile has not."""

    def __init__(self, source: Readable) -> None:
        self.source = source
        self.pending = b""
        self.decompressor = self._new()

    def read(self, size: int, /) -> bytes:
        while True:
            if self.decompressor.eof and not self._next_stream():
                return b""
            compressed = b""
            if self.decompressor.needs_input:
                compressed, self.pending = self.pending or self.source.read(CHUNK), b""
                if not compressed:
                    raise EOFError("the end of the stream is missing")
            if data := self.decompressor.decompress(compressed, size):
                return data

    def _next_stream(self) -> bool:
        """Go on with the stream behind the one that ended, if there is one; zeros between them are padding."""
        self.pending = self.decompressor.unused_data.lstrip(b"\0")
        while not self.pending:
            compressed = self.source.read(CHUNK)
            if not compressed:
                return False
            self.pending = compressed.lstrip(b"\0")
        self.decompressor = self._new()
        return True

    @staticmethod
    def _new() -> lzma.LZMADecompressor:
        return lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY)


def _zstd(raw: _Source, source: Readable) -> Readable:
    if sys.version_info >= (3, 14):
        from compression import zstd  # noqa: PLC0415 (it does not exist before)

        return _Inflated(raw, zstd.ZstdFile(source), "zstd")
    raise InvalidParameter("zstd archives are not supported here: compress with gzip, or not at all")
