"""Byte streams that may be compressed with gzip, bzip2, xz or zstd, read as plain bytes.

The first bytes of a stream determine the format, as in Docker's DecompressStream. Memory stays bounded: nothing is read
ahead beyond a chunk, and an xz or zstd stream that needs a dictionary or window of gigabytes is refused.
"""

import bz2
import gzip
import io
import lzma
import sys
import zlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from statesvc.errors import InvalidParameter

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

if TYPE_CHECKING:
    from typing_extensions import Buffer  # collections.abc has it from Python 3.12 on

CHUNK = 256 * 1024

# xz -9 needs 65 MiB; the format allows 4 GiB.
_XZ_MEMORY = 256 * 1024 * 1024
# zstd -22 needs a window of 128 MiB, the largest that `zstd -d` accepts by default; the format allows terabytes.
_ZSTD_OPTIONS: Mapping[int, int] = {zstd.DecompressionParameter.window_log_max: 27}
_BROKEN = (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError, zstd.ZstdError)


class Readable(Protocol):
    """A stream of bytes: `read` returns at most `size` of them, and b"" only at the end."""

    def read(self, size: int, /) -> bytes: ...


def decompressed(stream: Readable) -> Readable:
    """Return the stream's content, decompressed if it is compressed.

    Reading raises InvalidParameter for damaged or truncated data. Errors of the stream itself are raised unchanged.
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
    if magic.startswith(b"\x28\xb5\x2f\xfd") or _is_skippable(magic):
        return _Inflated(raw, zstd.ZstdFile(source, options=_ZSTD_OPTIONS), "zstd")
    return source


def _is_skippable(magic: bytes) -> bool:
    """Return whether this begins a skippable zstd frame, as parallel compressors write before their data."""
    return magic[1:4] == b"\x2a\x4d\x18" and magic[0] & 0xF0 == 0x50


class _Source(io.RawIOBase):
    """The stream as a RawIOBase. `failed` is set if an error came from the stream, not from decompression."""

    def __init__(self, stream: Readable) -> None:
        self.stream = stream
        self.failed = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "Buffer", /) -> int:
        """Fill the whole buffer unless the stream ends, so that one `peek` sees all the magic bytes."""
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
    """An xz decompressor with a memory limit, which lzma.LZMAFile does not offer."""

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
        """Continue with the next of several concatenated streams, if there is one; zeros between them are padding."""
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
