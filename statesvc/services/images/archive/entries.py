"""Reads the members of an archive in one forward pass, without storing a layer.

Members come in any order, so each is kept in its smallest form: a layer as its digest, a document as its bytes, a link
as its target.
"""

import io
import posixpath
from dataclasses import dataclass

from statesvc.domain.limits import LIMITS
from statesvc.errors import InvalidParameter
from statesvc.services.images.archive.decompression import CHUNK, Readable, decompressed
from statesvc.services.images.archive.layers import Budget, Layer, Metered, Received, digest_layer
from statesvc.services.images.archive.tar_stream import TarMember, TarStream

_DOCUMENT_MAX = LIMITS.archive_document_bytes
_DOCUMENTS_MAX = LIMITS.archive_documents_bytes
_MEMBERS_MAX = LIMITS.archive_members
# What all names and targets of links may come to, in characters: a real archive has about a hundred for each member.
_NAMES_MAX = LIMITS.archive_name_characters
_LINKS_MAX = 32
_PATH_MAX = 4096  # longer paths are no paths to Linux


@dataclass(frozen=True, slots=True)
class _Link:
    target: str


_Entry = bytes | Layer | _Link | InvalidParameter


class Entries:
    """What an archive holds, found by name through its links."""

    def __init__(self, stream: Readable) -> None:
        """Read the archive to its end. Raises InvalidParameter if it is invalid, or has more than can be kept."""
        self._entries: dict[str, _Entry] = {}
        self._documents = self._names = 0
        self._has_links = False
        budget = Budget()
        archive = Metered(decompressed(Received(stream, budget)), budget)
        tar = TarStream(archive)
        for count, member in enumerate(tar):
            if count >= _MEMBERS_MAX:
                raise InvalidParameter(f"invalid archive: it has more than {_MEMBERS_MAX} members")
            self._keep(tar, member, budget)
        while archive.read(CHUNK):  # to the end, where a compressed stream has its checksum
            pass

    def has(self, name: str) -> bool:
        """Return whether there is a file or a link of that name."""
        return _clean(name) in self._entries

    def folders(self) -> list[str]:
        """Return the names of the folders at the top, in order."""
        return sorted({path.partition("/")[0] for path in self._entries if "/" in path})

    def document(self, name: str) -> bytes | None:
        """Return the bytes of a small file, None if there is none. Raises InvalidParameter for a large one."""
        found = self._find(name)
        if found is None or isinstance(found, bytes):
            return found
        raise InvalidParameter(f'invalid archive: "{name}" is too large, or not JSON')

    def layer(self, name: str) -> Layer:
        """Return a layer. Raises InvalidParameter if there is none of that name, or if it is none."""
        found = self._find(name)
        if isinstance(found, bytes):  # it looked like JSON. Kept, so that it is only digested once
            found = self._entries[self._target(name)] = digest_layer(io.BytesIO(found))
        if isinstance(found, InvalidParameter):
            raise InvalidParameter(f'invalid archive: the layer "{name}": {found}') from found
        if found is None:
            raise InvalidParameter(f'invalid archive: it does not contain the layer "{name}"')
        return found

    def _keep(self, tar: TarStream, member: TarMember, budget: Budget) -> None:
        self._names += len(member.name) + len(member.link)
        if self._names > _NAMES_MAX:
            raise InvalidParameter(f"invalid archive: its names have more than {_NAMES_MAX} characters")
        path = self._target(member.name, follows_last=False)
        if member.kind == "1":
            self._entries[path] = self._linked(member)
            return
        entry = _entry(tar, member, path, budget)
        if entry is None:
            self._entries.pop(path, None)
            return
        self._documents += len(entry) if isinstance(entry, bytes) else 0
        if self._documents > _DOCUMENTS_MAX:
            raise InvalidParameter(f"invalid archive: its documents have more than {_DOCUMENTS_MAX} bytes")
        self._has_links |= isinstance(entry, _Link)
        self._entries[path] = entry

    def _linked(self, member: TarMember) -> _Entry:
        """Return what a hard link is another name of: a member before it. Raises InvalidParameter if there is none."""
        entry = self._entries.get(self._target(member.link, follows_last=False))
        if entry is None:
            link = f'"{member.name[:100]}" is a hard link to "{member.link[:100]}"'
            raise InvalidParameter(f"invalid archive: {link}, which is not there before it")
        return entry

    def _find(self, name: str) -> bytes | Layer | InvalidParameter | None:
        entry = self._entries.get(self._target(name))
        assert not isinstance(entry, _Link)
        return entry

    def _target(self, name: str, *, follows_last: bool = True) -> str:
        """Return the path that a name means, through the links of the archive, but perhaps the last."""
        path = _clean(name)
        if not self._has_links:
            return path
        parts, path, links = path.split("/")[::-1], "", 0
        while parts:
            path = f"{path}/{parts.pop()}" if path else parts.pop()
            entry = self._entries.get(path)
            if isinstance(entry, _Link) and (parts or follows_last):
                links += 1
                parts += entry.target.split("/")[::-1]
                path = ""
            if links > _LINKS_MAX or len(path) > _PATH_MAX:
                what = "is too long" if len(path) > _PATH_MAX else "has too many levels of links"
                raise InvalidParameter(f'invalid archive: "{name[:100]}" {what}')
        return path


def _entry(tar: TarStream, member: TarMember, path: str, budget: Budget) -> _Entry | None:
    """Return what is kept of a member, None for directories and devices."""
    if member.kind == "2":
        # A symlink cannot leave the archive: ".." stops at its root.
        return _Link(_clean(posixpath.join("/", posixpath.dirname(path), member.link)))
    if member.kind != "0":
        return None
    start = tar.read(CHUNK)
    if member.size <= _DOCUMENT_MAX and _looks_like_json(path, start):
        return start + b"".join(iter(lambda: tar.read(CHUNK), b""))
    try:
        return digest_layer(_Continued(start, tar), budget)
    except InvalidParameter as error:
        if budget.is_exceeded:
            raise
        return error  # an error only if the manifest names this member as a layer


def _looks_like_json(path: str, start: bytes) -> bool:
    return path.endswith(".json") or start.lstrip()[:1] in (b"{", b"[")


class _Continued:
    """A stream whose first bytes were already read: they are returned first."""

    def __init__(self, start: bytes, rest: Readable) -> None:
        self.start, self.rest = io.BytesIO(start), rest

    def read(self, size: int, /) -> bytes:
        return self.start.read(size) or self.rest.read(size)


def _clean(name: str) -> str:
    """Return the normalized path of a member; ".." stops at the root of the archive."""
    return posixpath.normpath("/" + name).lstrip("/")
