"""Layers, digested: a tar is read once, its DiffID and size are kept, its content is dropped."""

import hashlib
from typing import NamedTuple

from statesvc.errors import InvalidParameter
from statesvc.services.images.archive.decompression import CHUNK, Readable, decompressed
from statesvc.services.images.archive.tar_stream import TarStream

# What one request may unpack to. Docker is stopped by its disk; here nothing else would stop a compressed bomb.
UNPACKED_MAX = 256 * 1024**3


class Layer(NamedTuple):
    """A layer: the digest of its uncompressed tar, and the bytes of its files as Docker counts them."""

    diff_id: str
    size: int


class Budget:
    """How many bytes a request may still unpack."""

    def __init__(self, limit: int = UNPACKED_MAX) -> None:
        self.left = limit

    def spend(self, size: int) -> None:
        """Take the bytes off. Raises InvalidParameter when there are none left."""
        self.left -= size
        if self.left < 0:
            raise InvalidParameter("the archive unpacks to more than the service accepts")


def digest_layer(stream: Readable, budget: Budget | None = None) -> Layer:
    """Read a layer to its end: a tar, perhaps compressed. Raises InvalidParameter if it is none, or damaged.

    The size is what Docker shows: the files' contents and the symlinks' targets (overlay2 measures the unpacked
    directory), not the length of the tar. No bytes at all are an empty layer, as for Docker's DecompressStream.
    """
    tar = _Digesting(decompressed(stream), budget or Budget())
    size = 0
    for member in TarStream(tar):
        size += len(member.link.encode()) if member.kind == "2" else member.size
    while tar.read(CHUNK):  # what follows the archive's end mark belongs to the digest
        pass
    return Layer(f"sha256:{tar.digest.hexdigest()}", size)


class Metered:
    """A stream whose bytes are taken off a budget."""

    def __init__(self, stream: Readable, budget: Budget) -> None:
        self.stream, self.budget = stream, budget

    def read(self, size: int, /) -> bytes:
        """Like the stream's own. Raises InvalidParameter when the budget is spent."""
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
