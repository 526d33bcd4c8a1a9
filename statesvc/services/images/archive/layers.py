"""Computes the DiffID and size of a layer from its tar, which is read once and not stored."""

import hashlib
from typing import NamedTuple

from statesvc.errors import InvalidParameter
from statesvc.services.images.archive.decompression import CHUNK, Readable, decompressed
from statesvc.services.images.archive.tar_stream import TarStream

# The most bytes that one request may decompress to. Docker runs out of disk; here only this stops a decompression bomb.
UNPACKED_MAX = 256 * 1024**3


class Layer(NamedTuple):
    """A layer: the digest of its uncompressed tar, and the size of its files as Docker counts it."""

    diff_id: str
    size: int


class Budget:
    """How many bytes a request may still decompress."""

    def __init__(self, limit: int = UNPACKED_MAX) -> None:
        self.left = limit

    def spend(self, size: int) -> None:
        """Subtract `size` bytes. Raises InvalidParameter if the budget is exceeded."""
        self.left -= size
        if self.left < 0:
            raise InvalidParameter("the archive unpacks to more than the service accepts")


def digest_layer(stream: Readable, budget: Budget | None = None) -> Layer:
    """Read a layer to its end: a tar, perhaps compressed. Raises InvalidParameter if it is not a tar, or damaged.

    The size is what Docker shows: the files' contents and the symlinks' targets (overlay2 measures the unpacked
    directory), not the length of the tar. An empty stream is an empty layer, as for Docker's DecompressStream.
    """
    tar = _Digesting(decompressed(stream), budget or Budget())
    size = 0
    for member in TarStream(tar):
        size += len(member.link.encode()) if member.kind == "2" else member.size
    while tar.read(CHUNK):  # bytes after the archive's end marker are part of the digest
        pass
    return Layer(f"sha256:{tar.digest.hexdigest()}", size)


class Metered:
    """A stream that subtracts the bytes it returns from a budget."""

    def __init__(self, stream: Readable, budget: Budget) -> None:
        self.stream, self.budget = stream, budget

    def read(self, size: int, /) -> bytes:
        """Read from the stream. Raises InvalidParameter if the budget is exceeded."""
        data = self.stream.read(size)
        self.budget.spend(len(data))
        return data


class _Digesting(Metered):
    def __init__(self, stream: Readable, budget: Budget) -> None:
        super().__init__(stream, budget)
        self.digest = hashlib.sha256()

    def read(self, size: int, /) -> bytes:
        data = super().read(size)
        self.digest.update(data)
        return data
