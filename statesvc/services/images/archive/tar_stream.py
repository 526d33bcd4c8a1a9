"""Reads tar archives of any size in one forward pass, member by member.

The standard library's tarfile reads long names of any declared length into memory, and raises many kinds of errors on
hostile input. This reader supports what Docker's archives use (ustar, pax, GNU long names), holds one header at a
time, and raises InvalidParameter with the messages of Go's archive/tar, which Docker uses.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from statesvc.domain.limits import LIMITS
from statesvc.errors import InvalidParameter
from statesvc.services.images.archive.decompression import CHUNK, Readable

_BLOCK = 512
_ZERO = b"\0" * _BLOCK
_EXTENDED_HEADER_MAX = LIMITS.archive_header_bytes
_PAX_RECORD = re.compile(rb"([1-9][0-9]{0,9}) ")
_PAX_READ = frozenset({b"path", b"linkpath", b"size"})
_WITHOUT_DATA = frozenset(b"123456")


@dataclass(frozen=True, slots=True)
class TarMember:
    """One member: its kind as in the header (`0` a file, `1` a hard link, `2` a symlink, `5` a directory …)."""

    name: str
    kind: str
    link: str
    size: int


class TarStream:
    """Iterates over the members of a tar archive. `read` returns content of the present one, the rest is skipped."""

    def __init__(self, stream: Readable) -> None:
        self._stream = stream
        self._left = 0
        self._padding = 0

    def __iter__(self) -> Iterator[TarMember]:
        """Yield the members in order; none for an empty stream. Raises InvalidParameter for anything but a tar."""
        pax: dict[bytes, bytes] = {}
        while (header := self._next_header()) is not None:
            kind = header[156:157]
            if kind in (b"x", b"L", b"K", b"g"):
                body = self._extended_header(header)
                if kind == b"x":  # an archive may have any number of records: only those that are read are kept
                    pax.update((key, value) for key, value in _pax_records(body) if key in _PAX_READ)
                elif kind != b"g":
                    pax[b"path" if kind == b"L" else b"linkpath"] = body.split(b"\0", 1)[0]
                continue
            yield self._begin(header, pax)
            pax = {}
            while self.read(CHUNK):
                pass

    def read(self, size: int, /) -> bytes:
        """Return the next bytes of the present member, b"" at its end. Raises InvalidParameter if the archive ends."""
        if not self._left:
            return b""
        data = self._stream.read(min(size, self._left))
        if not data:
            raise InvalidParameter("the archive is cut off: unexpected EOF")
        self._left -= len(data)
        return data

    def _next_header(self) -> bytes | None:
        if len(self._up_to(self._padding)) < self._padding:
            return None  # an archive may end without the padding of its last member
        self._padding = 0
        header = self._up_to(_BLOCK)
        if header == _ZERO:
            # Two blocks of zeros end an archive, one is enough at the end of the stream.
            header = self._up_to(_BLOCK)
            if header in (b"", _ZERO):
                return None
            raise _not_a_header()
        if not header:
            return None
        if len(header) < _BLOCK:
            raise InvalidParameter("the archive is cut off: unexpected EOF")
        _check_sum(header)
        return header

    def _begin(self, header: bytes, pax: dict[bytes, bytes]) -> TarMember:
        kind = header[156:157]
        size = _pax_size(pax[b"size"]) if b"size" in pax else _number(header[124:136])
        size = 0 if kind[0] in _WITHOUT_DATA else size
        if kind == b"S":
            self._skip_sparse_map(header)
        self._left, self._padding = size, -size % _BLOCK
        name = pax.get(b"path") or _name(header)
        link = pax.get(b"linkpath") or _text(header[157:257])
        return TarMember(_decode(name), "0" if kind in (b"\0", b"7") else chr(kind[0]), _decode(link), size)

    def _extended_header(self, header: bytes) -> bytes:
        size = _number(header[124:136])
        if size > _EXTENDED_HEADER_MAX:
            raise InvalidParameter("archive/tar: header field too long")
        body = self._up_to(size)
        if len(body) < size:
            raise InvalidParameter("the archive is cut off: unexpected EOF")
        self._padding = -size % _BLOCK
        return body

    def _skip_sparse_map(self, header: bytes) -> None:
        more = header[482]
        while more:
            block = self._up_to(_BLOCK)
            if len(block) < _BLOCK:
                raise InvalidParameter("the archive is cut off: unexpected EOF")
            more = block[504]

    def _up_to(self, size: int) -> bytes:
        parts: list[bytes] = []
        while size and (data := self._stream.read(size)):
            parts.append(data)
            size -= len(data)
        return b"".join(parts)


def _not_a_header() -> InvalidParameter:
    return InvalidParameter("this is not a tar archive: archive/tar: invalid tar header")


def _check_sum(header: bytes) -> None:
    stored = _number(header[148:156])
    blanked = header[:148] + b" " * 8 + header[156:]
    unsigned = sum(blanked)
    if stored == unsigned:
        return
    # Old tar programs summed the bytes as signed numbers.
    if stored != unsigned - 256 * sum(byte > 127 for byte in blanked):
        raise _not_a_header()


def _number(field: bytes) -> int:
    """Return a number in a header: octal digits, or base 256 if the first bit is set; not negative, at most 63 bits."""
    if field[0] & 0x80:
        number = int.from_bytes(bytes([field[0] & 0x7F]) + field[1:], "big")
        if field[0] & 0x40 or number >= 2**63:
            raise _not_a_header()
        return number
    digits = field.strip(b" \0").split(b"\0", 1)[0]
    if not re.fullmatch(rb"[0-7]*", digits):
        raise _not_a_header()
    return int(digits or b"0", 8)


def _pax_size(value: bytes) -> int:
    if not re.fullmatch(rb"[0-9]{1,18}", value):
        raise _not_a_header()
    return int(value)


def _pax_records(body: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the records `length key=value\\n`; the length includes its own digits."""
    position = 0
    while position < len(body):
        match = _PAX_RECORD.match(body, position)
        end = position + int(match[1]) if match else 0
        key, equals, value = body[match.end() : end - 1].partition(b"=") if match else (b"", b"", b"")
        if not equals or end > len(body) or body[end - 1 : end] != b"\n":
            raise _not_a_header()
        yield key, value
        position = end


def _name(header: bytes) -> bytes:
    prefix = _text(header[345:500]) if header[257:263] == b"ustar\0" else b""
    name = _text(header[:100])
    return prefix + b"/" + name if prefix else name


def _text(field: bytes) -> bytes:
    return field.split(b"\0", 1)[0]


def _decode(name: bytes) -> str:
    return name.decode("utf-8", "replace")
