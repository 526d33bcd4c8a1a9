"""Every limit: what one request may hold, what all may take together, and how long each may take.

docs/limits.md is made from this table. `made` notes beside each value what a client or an operator sees at it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import NamedTuple, TypeVar

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB

_MOST_COUNT, _MOST_SECONDS = 10**15, 10**8

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
_BODY_ENDS = "the connection ends behind the answer"
_IN_STREAM = "an error in the stream; an import: 400"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a service takes from its clients. Sizes are bytes, times seconds."""

    head_bytes: int = _made(1 * MIB + 4 * KIB, REQUEST, "head, with its URL; as in Go", "bytes", "431")
    header_lines: int = _made(10_000, REQUEST, "lines of a head", "", "431")
    path_bytes: int = _made(64 * KIB, REQUEST, "path of a URL", "bytes", "400")
    query_value_bytes: int = _made(
        64 * KIB, REQUEST, "value in the query of a URL, but for `filters` and `changes`", "bytes", "400"
    )
    query_values: int = _made(1_000, REQUEST, "values in the query of a URL", "", "400")
    json_bytes: int = _made(64 * MIB, REQUEST, "JSON body, with its white space", "bytes", "413")
    small_body_bytes: int = _made(
        256 * KIB, REQUEST, "JSON body that may use `held_small_bytes`", "bytes", "it counts against `held_bytes` alone"
    )
    chunk_line_bytes: int = _made(
        4 * KIB, REQUEST, "line before a chunk; the trailers together; as in Go", "bytes", "400"
    )
    chunk_spare_bytes: int = _made(
        16 * KIB, REQUEST, "bytes between chunks, beyond two for each byte of content; as in Go", "bytes", "400"
    )
    unread_bytes: int = _made(256 * KIB, REQUEST, "rest of a body that no handler reads; as in Go", "bytes", _BODY_ENDS)
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
    changes_bytes: int = _made(64 * KIB, DOCUMENT, "`changes` of an import or a commit", "bytes", "400")
    filter_values: int = _made(10_000, DOCUMENT, "values of a `filters` parameter", "", "400")
    event_filter_values: int = _made(1_000, DOCUMENT, "the same of events, compared with each event", "", "400")
    filter_patterns: int = _made(
        100, DOCUMENT, "labels, and patterns for names, IDs or references, in a `filters` parameter", "", "400"
    )

    stored_elements: int = _made(10_000, STORED, "elements of one list or map of a container", "", "400")
    stored_rows: int = _made(
        1_000, STORED, "mounts, networks, links, containers to take volumes from, of one container", "", "400"
    )
    label_bytes: int = _made(24 * MIB, STORED, "labels of one container, keys and values", "bytes", "400")

    archive_members: int = _made(65_536, ARCHIVE, "members", "", _IN_STREAM)
    archive_name_characters: int = _made(8 * MIB, ARCHIVE, "names, and targets of links", "characters", _IN_STREAM)
    archive_header_bytes: int = _made(1 * MIB, ARCHIVE, "pax header, or long name of GNU", "bytes", _IN_STREAM)
    archive_document_bytes: int = _made(4 * MIB, ARCHIVE, "JSON file in it", "bytes", "it counts as a layer")
    archive_documents_bytes: int = _made(64 * MIB, ARCHIVE, "JSON files in it together", "bytes", _IN_STREAM)
    archive_images: int = _made(10_000, ARCHIVE, "images and tags", "", _IN_STREAM)
    archive_unpacked_bytes: int = _made(256 * GIB, ARCHIVE, "what it unpacks to", "bytes", _IN_STREAM)
    archive_ratio: int = _made(200, ARCHIVE, "what it unpacks to, for each byte of it", "times", _IN_STREAM)
    archive_ratio_free_bytes: int = _made(
        256 * MIB, ARCHIVE, "what it may unpack to whatever its ratio", "bytes", "the ratio counts"
    )

    held_bytes: int = _made(256 * MIB, TOGETHER, "JSON bodies in memory", "bytes", "503")
    held_small_bytes: int = _made(
        64 * MIB, TOGETHER, "small JSON bodies in memory beyond that: large ones never shut them out", "bytes", "503"
    )
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


def changeable() -> frozenset[str]:
    """Return the names of the limits that an operator may change: how much in all, and how long."""
    return frozenset(name for name, _, description in described() if description.section in {TOGETHER, TIME})


def changed(changes: Mapping[str, float]) -> Limits:
    """Return the limits with some changed. Raises ValueError for one that cannot be, or a value that is no limit."""
    for name, value in changes.items():
        if name not in changeable():
            raise ValueError(f"{name!r} is no limit that can be changed: {', '.join(sorted(changeable()))} are")
        is_count = not name.endswith("_seconds")
        most = _MOST_COUNT if is_count else _MOST_SECONDS
        if not 0 < value <= most or (is_count and value != int(value)):
            kind = "a whole number" if is_count else "a number"
            raise ValueError(f"{name} is {value}: it must be {kind} above 0, and at most {most:,}")
    whole = {name: value if name.endswith("_seconds") else int(value) for name, value in changes.items()}
    return replace(LIMITS, **whole)  # type: ignore[arg-type]


def described(limits: Limits = LIMITS) -> list[tuple[str, float, Description]]:
    """Return the name, the value and the description of every limit."""
    return [(one.name, getattr(limits, one.name), one.metadata["limit"]) for one in fields(limits)]


_HEAD = """# Limits

Made by `make docs` from `statesvc/domain/limits.py`; a test compares the two.

The work that is done for a request is bounded by these limits, whatever it holds, and one client never stops the
others. A status in the last column is what the request is answered with, in the form of every error; 503 has
`Retry-After: 1`, and nothing was changed. Limits under *All clients together* and *Time* can be changed by the setting
`STATESVC_LIMITS`, a JSON object: `STATESVC_LIMITS='{"uploads": 16, "list_seconds": 600}'`. The others are fixed.

Besides them the number of open files is a limit: `ulimit -n`, less 128 (or a quarter) that the service needs itself. A
connection beyond that closes the one that is idle longest; if none is idle it is answered 503.
"""


def markdown() -> str:
    """Return the document."""
    sections: dict[str, list[str]] = {}
    for name, value, (section, what, unit, outcome) in described():
        row = f"| `{name}` | {what} | {_shown(value, unit)} | {outcome} |"
        sections.setdefault(section, []).append(row)
    tables = (
        f"\n## {section}\n\n| name | limits | value | at the limit |\n|---|---|---|---|\n" + "\n".join(rows) + "\n"
        for section, rows in sections.items()
    )
    return _HEAD + "".join(tables)


def _shown(value: float, unit: str) -> str:
    for size, name in ((GIB, "GiB"), (MIB, "MiB"), (KIB, "KiB")):
        if unit == "bytes" and value >= size:
            return f"{value / size:g} {name}" if value % size == 0 else f"{value:,} bytes"
    return f"{value:,} {unit}".strip() if isinstance(value, int) else f"{value:g} {unit}"
