"""Every limit: what one request may hold, what all may take together, and how long each may take.

docs/limits.md is made from this table. `made` notes beside each value what a client or an operator sees at it.
"""

from dataclasses import dataclass, field, fields
from typing import NamedTuple, TypeVar

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB

T = TypeVar("T", int, float)


class Description(NamedTuple):
    """What a limit limits, in which unit, and what happens at it."""

    section: str
    what: str
    unit: str
    outcome: str


def _made(default: T, section: str, what: str, unit: str, outcome: str) -> T:
    """Declare a limit: `dataclasses.field` with its description."""
    described = {"limit": Description(section, what, unit, outcome)}
    return field(default=default, metadata=described)


REQUEST, DOCUMENT, STORED = "A request", "A document", "What is stored"
ARCHIVE, TOGETHER, TIME = "An archive of images", "All clients together", "Time"
_BODY_ENDS = "The connection ends behind the answer."


@dataclass(frozen=True, slots=True)
class Limits:
    """What a service takes from its clients. Sizes are bytes, times seconds."""

    head_bytes: int = _made(1 * MIB + 4 * KIB, REQUEST, "head, with its URL; as in Go", "bytes", "431")
    header_lines: int = _made(10_000, REQUEST, "lines of a head", "", "431")
    query_values: int = _made(1_000, REQUEST, "values in the query of a URL", "", "400")
    json_bytes: int = _made(64 * MIB, REQUEST, "JSON body, with its white space", "bytes", "413")
    chunk_line_bytes: int = _made(
        4 * KIB, REQUEST, "line before a chunk; the trailers together; as in Go", "bytes", "400"
    )
    chunk_spare_bytes: int = _made(
        16 * KIB, REQUEST, "bytes between chunks, beyond two for each byte of content; as in Go", "bytes", "400"
    )
    unread_bytes: int = _made(
        256 * KIB, REQUEST, "rest of a body that no handler reads; as in Go", "bytes", f"the answer. {_BODY_ENDS}"
    )
    ahead_bytes: int = _made(
        256 * KIB, REQUEST, "bytes that are read ahead of the request that is answered", "bytes", "the client waits"
    )

    document_bytes: int = _made(32 * MIB, DOCUMENT, "JSON document, without white space around it", "bytes", "413")
    document_values: int = _made(100_000, DOCUMENT, "values in it", "", "413")
    document_depth: int = _made(100, DOCUMENT, "objects and arrays within each other", "", "400")
    document_repairs: int = _made(
        100_000, DOCUMENT, "bytes that are not UTF-8, and halves of surrogate pairs, that become U+FFFD", "", "400"
    )
    sampled_values: int = _made(
        5_000, DOCUMENT, "values up to which every mistake is listed", "", "of a larger one, the first of each list"
    )
    shown_problems: int = _made(1_000, DOCUMENT, "mistakes that an answer lists", "", "the answer counts the others")
    filter_values: int = _made(10_000, DOCUMENT, "values of a `filters` parameter", "", "400")
    filter_patterns: int = _made(
        100, DOCUMENT, "labels, and regular expressions for names, in a `filters` parameter", "", "400"
    )

    stored_elements: int = _made(10_000, STORED, "elements of one list or map of a container", "", "400")
    stored_rows: int = _made(
        1_000, STORED, "mounts, networks, links, containers to take volumes from, of one container", "", "400"
    )
    label_bytes: int = _made(24 * MIB, STORED, "labels of one container, keys and values", "bytes", "400")

    archive_members: int = _made(65_536, ARCHIVE, "members", "", "400")
    archive_name_characters: int = _made(8 * MIB, ARCHIVE, "names and targets of links together", "characters", "400")
    archive_header_bytes: int = _made(1 * MIB, ARCHIVE, "pax header, or long name of GNU", "bytes", "400")
    archive_document_bytes: int = _made(
        4 * MIB, ARCHIVE, "JSON file in it", "bytes", "it counts as a layer; 400 if it is none"
    )
    archive_documents_bytes: int = _made(64 * MIB, ARCHIVE, "JSON files in it together", "bytes", "400")
    archive_images: int = _made(10_000, ARCHIVE, "images and tags", "", "400")
    archive_unpacked_bytes: int = _made(256 * GIB, ARCHIVE, "what it unpacks to", "bytes", "400")
    archive_ratio: int = _made(200, ARCHIVE, "what it unpacks to, for each byte of it", "times", "400")
    archive_ratio_free_bytes: int = _made(
        256 * MIB, ARCHIVE, "what it may unpack to whatever its ratio", "bytes", "the ratio counts"
    )

    held_bytes: int = _made(256 * MIB, TOGETHER, "JSON bodies in memory", "bytes", "503")
    streams: int = _made(8_192, TOGETHER, "answers that are streams: events, waits, statistics, long lists", "", "503")
    uploads: int = _made(8, TOGETHER, "archives that are read at once", "", "503")
    decodes: int = _made(64, TOGETHER, "large documents that are decoded or wait for it", "", "503")
    files: int = _made(256, TOGETHER, "looks at files of the host for clients, under way or waiting", "", "503")
    engine_files: int = _made(256, TOGETHER, "the same for engines, reloads and checks of a container", "", "503")
    scans: int = _made(1_024, TOGETHER, "reads of several rows, under way or waiting", "", "503")
    lists: int = _made(32, TOGETHER, "long lists that are sent at once", "", "503")
    writes: int = _made(4_096, TOGETHER, "changes that wait for the writer", "", "503")

    first_head_seconds: float = _made(60, TIME, "first head of a connection", "s", "the connection is closed")
    head_seconds: float = _made(60, TIME, "a head that was begun", "s", "408")
    body_begin_seconds: float = _made(60, TIME, "first byte of a body", "s", "408")
    body_seconds: float = _made(120, TIME, "pause within a body", "s", "408")
    json_seconds: float = _made(300, TIME, "a whole JSON body", "s", "408")
    upload_seconds: float = _made(6 * 3_600, TIME, "a whole archive", "s", "408")
    list_seconds: float = _made(
        120,
        TIME,
        "a long list, which holds a snapshot of the database",
        "s",
        "it is cut off, without its last chunk",
    )
    linger_seconds: float = _made(
        0.5,
        TIME,
        "silence of a client whose request was refused",
        "s",
        "the connection is closed",
    )
    longest_linger_seconds: float = _made(
        5, TIME, "what a client may go on to send after it was refused", "s", "the connection is closed"
    )
    quiet_seconds: float = _made(1, TIME, "silence of a stream whose client has ended its side", "s", "the stream ends")
    stop_seconds: float = _made(3, TIME, "requests under way when the service stops", "s", "they are cut off")


LIMITS = Limits()


def described(limits: Limits = LIMITS) -> list[tuple[str, int | float, Description]]:
    """Return the name, the value and the description of every limit."""
    return [(one.name, getattr(limits, one.name), one.metadata["limit"]) for one in fields(limits)]
