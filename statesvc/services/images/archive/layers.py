"""Computes the DiffID and size of a layer from its tar, which is read once and not stored."""

import hashlib
from typing import NamedTuple

from statesvc.domain.limits import LIMITS, Limits
from statesvc.errors import InvalidParameter
from statesvc.services.images.archive.decompression import CHUNK, Readable, decompressed
from statesvc.services.images.archive.tar_stream import TarStream


class Layer(NamedTuple):
    """A layer: the digest of its uncompressed tar, and the size of its files as Docker counts it."""

    diff_id: str
    size: int


class Budget:
    """How many bytes a request may still decompress: so many at most, and no more than a multiple of what came in."""

    def __init__(self, limits: Limits = LIMITS) -> None:
        self._limits = limits
        self._received = self._unpacked = 0

    @property
    def is_exceeded(self) -> bool:
        """Whether more was decompressed than may be."""
        limits = self._limits
        allowed = max(limits.archive_ratio_free_bytes, limits.archive_ratio * self._received)
        return self._unpacked > min(limits.archive_unpacked_bytes, allowed)

    def receive(self, size: int) -> None:
        """Count bytes that came in."""
        self._received += size

    def spend(self, size: int) -> None:
        """Count bytes that were decompressed. Raises InvalidParameter if the budget is exceeded."""
        self._unpacked += size
        if self.is_exceeded:
            ratio = self._limits.archive_ratio
            raise InvalidParameter(
                f"the archive unpacks to more than the service accepts: {self._unpacked:,} bytes from "
                f"{self._received:,}; at most {self._limits.archive_unpacked_bytes:,}, and {ratio} times what it has"
            )


class Received:
    """A stream whose bytes are counted as they come in."""

    def __init__(self, stream: Readable, budget: Budget) -> None:
        self.stream, self.budget = stream, budget

    def read(self, size: int, /) -> bytes:
        """Read from the stream."""
        data = self.stream.read(size)
        self.budget.receive(len(data))
        return data


def digest_layer(stream: Readable, budget: Budget | None = None) -> Layer:
    """Read a layer to its end: a tar, perhaps compressed. Raises InvalidParameter if it is not a tar, or damaged.

    The size is what Docker shows: the files' contents and the symlinks' targets (overlay2 measures the unpacked
    directory), not the length of the tar. An empty stream is an empty layer, as for Docker's DecompressStream.

    Without a budget, the stream is what came in.
    """
    if budget is None:
        budget = Budget()
        stream = Received(stream, budget)
    tar = _Digesting(decompressed(stream), budget)
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
