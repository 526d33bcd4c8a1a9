"""Whether the log of a database still has every commit that its index, which a killed process leaves, knows of.

Both are read as files, before SQLite opens them: it takes a log up to the first frame that is not right, makes the
index anew, and says nothing. The formats are those of https://sqlite.org/walformat.html.
"""

import struct
import sys
from array import array
from dataclasses import dataclass
from pathlib import Path

_INDEX_HEADER = 48
_INDEX_VERSION = 3_007_000
_LOG_HEADER = 32
_FRAME_HEADER = 24
# The lowest bit tells the byte order of the words that are summed.
_MAGIC = 0x377F0682

_Sums = tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Index:
    """What the index says of the log: its committed frames, those that are in the database, and the last sums."""

    frames: int
    moved: int
    sums: _Sums
    salts: bytes


def lacks_commits(log: Path, index: Path) -> bool:
    """Return whether frames that the index calls committed, and that are not in the database, are not in the log.

    False if the index cannot tell, as after the machine stopped, or once another program has read the database.
    """
    try:
        with index.open("rb") as file:
            known = _known(file.read(_INDEX_HEADER * 2 + 4))
        return known is not None and known.moved < known.frames and not _has(log, known)
    except OSError:  # there is no index; or SQLite will say what is wrong
        return False


def _known(header: bytes) -> _Index | None:
    """Return what the header of an index says; None if it is not whole. It has two copies in the machine's order."""
    copy = header[:_INDEX_HEADER]
    if len(header) < _INDEX_HEADER * 2 + 4 or copy != header[_INDEX_HEADER : _INDEX_HEADER * 2]:
        return None
    version, _, _, is_set, _, _, frames, _, *sums = struct.unpack("=IIIBBHIIII", copy[:32])
    if version != _INDEX_VERSION or is_set != 1:
        return None
    (moved,) = struct.unpack("=I", header[_INDEX_HEADER * 2 :])
    return _Index(frames, moved, (sums[0], sums[1]), copy[32:40])


def _has(log: Path, known: _Index) -> bool:
    """Return whether a log begins with the frames of the index: each has the salts, and the sums of all before it."""
    try:
        file = log.open("rb")
    except FileNotFoundError:
        return False
    with file:
        header = file.read(_LOG_HEADER)
        if len(header) < _LOG_HEADER:
            return False
        magic, _, page_size, _ = struct.unpack(">IIII", header[:16])
        if magic & ~1 != _MAGIC or header[16:24] != known.salts or not 512 <= page_size <= 65_536:
            return False
        swapped = (sys.byteorder == "big") != bool(magic & 1)
        sums = _summed((0, 0), header[:24], swapped=swapped)
        if sums != struct.unpack(">II", header[24:]):
            return False
        for _ in range(known.frames):
            frame = file.read(_FRAME_HEADER + page_size)
            if len(frame) < _FRAME_HEADER + page_size or frame[8:16] != known.salts:
                return False
            sums = _summed(sums, frame[:8] + frame[_FRAME_HEADER:], swapped=swapped)
            if sums != struct.unpack(">II", frame[16:24]):
                return False
    return sums == known.sums


def _summed(sums: _Sums, data: bytes, *, swapped: bool) -> _Sums:
    words = array("I", data)
    if swapped:
        words.byteswap()
    one, two = sums
    pairs = iter(words)
    for first, second in zip(pairs, pairs, strict=True):
        one = (one + first + two) & 0xFFFFFFFF
        two = (two + second + one) & 0xFFFFFFFF
    return one, two
