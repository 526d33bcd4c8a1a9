"""Keeps damaged rows out of answers: checks a row when it is first read, and quarantines it if the check fails.

Answers contain the stored documents byte for byte, so each is checked before, but only once: its hash is remembered,
and a row with another hash is checked again, whichever process has changed it. That costs less than to ask SQLite
whether another process has changed the database.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from mmap import mmap
from operator import itemgetter

import orjson
import structlog

from statesvc.db.containers.listed_row import ListedRow
from statesvc.db.containers.rows import Inspection, with_documents
from statesvc.db.damage import findings
from statesvc.db.damage import marks as quarantine
from statesvc.db.damage.finding import Mark
from statesvc.db.damage.findings import owned
from statesvc.db.damage.judges import MOUNTS, fault, outline_fault
from statesvc.db.database import Database
from statesvc.db.sqlite import Connection
from statesvc.domain import health
from statesvc.domain.documents import Config, HostConfig
from statesvc.domain.state import readable
from statesvc.domain.times import Clock
from statesvc.errors import Damaged, StateError
from statesvc.services.damage import check

log = structlog.get_logger(__name__)

# Hashes are stored by row ID modulo this: a million take 8 MB. Rows that share a slot are only checked more often.
_PLACES = 1 << 20
_LAST = _PLACES - 1
# The columns that `_fault_of_entry` checks.
_JUDGED_OF_ENTRY = itemgetter(*map(ListedRow._fields.index, ("id", "names", "state", "status", "summary")))


class _Judged:
    """The rows that were checked and found sound: a hash of each, so that a changed row counts as unchecked."""

    def __init__(self) -> None:
        # An anonymous mapping and not an array: only pages that were written to take memory.
        self._hashes = memoryview(mmap(-1, 8 * _PLACES)).cast("q")

    def has(self, rowid: int, judged: int) -> bool:
        """Return whether the row with this hash was checked."""
        return self._hashes[rowid & _LAST] == judged

    def unjudged(self, rows: Sequence[ListedRow]) -> list[tuple[int, int]]:
        """Return the indexes of the rows that were not checked as they are now, each with the hash of its row."""
        hashes = self._hashes
        return [
            (at, now) for at, row in enumerate(rows) if hashes[row[-1] & _LAST] != (now := hash(_JUDGED_OF_ENTRY(row)))
        ]

    def add(self, rowid: int, judged: int) -> None:
        """Remember that the row with this hash was checked."""
        self._hashes[rowid & _LAST] = judged


def _hash(row: Inspection) -> int:
    """Return a hash of everything in the row that `faults_of` checks."""
    documents = (row.args, row.config, row.host_config, row.network_settings, row.mounts, row.links, row.log)
    return hash((documents, row.state, row.status, row.name))


@dataclass(frozen=True, slots=True)
class Entries:
    """The rows of a list, and the reason for every damaged container by its ID, listed or not.

    `found` has the ID and row hash of each listed row that was found damaged just now and has to be quarantined.
    """

    rows: Sequence[ListedRow]
    damaged: Mapping[str, str]
    found: Sequence[tuple[str, int]] = ()


@dataclass(frozen=True, slots=True)
class _Fault:
    table: str
    column: str
    reason: str

    def __str__(self) -> str:
        return f"{self.table}.{self.column} {self.reason}" if self.column else f"{self.table} {self.reason}"


class DamageGuard:
    """Checks rows for damage when they are first read, and quarantines those that fail."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._listed, self._inspected = _Judged(), _Judged()
        self._noted: set[tuple[str, str, int]] = set()
        self._marking: set[asyncio.Task[None]] = set()

    def inspected(self, row: Inspection) -> Inspection:
        """Return the row. Quarantines it and raises Damaged if one of its documents cannot be read."""
        judged = _hash(row)
        if not self._inspected.has(row.rowid, judged):
            faults = faults_of(row)
            if faults:
                self.note("containers", row.id, judged)
                raise damaged(row.id, faults)
            self._inspected.add(row.rowid, judged)
        return row

    def marked(self, conn: Connection) -> dict[str, str]:
        """Return the reason for every container that is marked as damaged, by its ID. Runs within a reading unit."""
        return dict(quarantine.of_containers(conn))

    def entries(self, conn: Connection, rows: Sequence[ListedRow], marked: dict[str, str]) -> Entries:
        """Return the rows of a list; of damaged rows, what can still be shown. Runs within a reading unit.

        Adds to `marked` those that are found damaged now.
        """
        unjudged = self._listed.unjudged(rows)
        if not unjudged:
            return Entries(rows, marked)
        shown, found = list(rows), []
        for at, now in unjudged:
            row = shown[at]
            reason = _fault_of_entry(row)
            if reason is None:
                self._listed.add(row.rowid, now)
                continue
            found.append((row.id, now))
            marked.setdefault(row.id, reason)
            shown[at] = _shown(conn, row)
        return Entries(shown, marked, found)

    def note(self, table: str, key: str, judged: int = 0) -> None:
        """Quarantine a damaged row, soon; each state of the row (`judged` is its hash) is logged once."""
        if (table, key, judged) in self._noted:
            return
        if len(self._noted) == _PLACES:
            self._noted.clear()
        self._noted.add((table, key, judged))
        task = asyncio.create_task(self._mark(table, key, judged))
        self._marking.add(task)
        task.add_done_callback(self._marking.discard)

    async def settled(self) -> None:
        """Wait until every noted row is quarantined."""
        while self._marking:
            await asyncio.gather(*self._marking)
            await asyncio.sleep(
                0
            )  # from Python 3.12 on gather returns at once if all are done, before they are discarded

    async def _mark(self, table: str, key: str, judged: int) -> None:
        try:
            marks = await self._database.write(mark_rows, table, key, self._clock())
        except StateError as error:  # such as a full disk: reading goes on all the same
            self._noted.discard((table, key, judged))
            log.warning("damaged row not marked", table=table, key=key, reason=error.message)
            return
        for mark in marks:
            log.warning("damaged row", table=mark.table, key=mark.key, column=mark.column, reason=mark.reason)


def damaged(container_id: str, faults: Sequence[object]) -> Damaged:
    """Return the error for a damaged container, with every reason."""
    reasons = "; ".join(map(str, faults))
    return Damaged(
        f"container {container_id} is damaged: {reasons}. It can be renamed and removed; "
        "stop the service and run `statesvc check --repair` to repair what can be repaired"
    )


def faults_of(row: Inspection) -> list[_Fault]:
    """Return everything in a container's row that cannot be read."""
    reasons = (
        ("containers", "args", fault("containers", "args", row.args)),
        ("container_specs", "config", outline_fault(Config, row.config)),
        ("container_specs", "host_config", outline_fault(HostConfig, row.host_config)),
        ("container_specs", "network_settings", fault("container_specs", "network_settings", row.network_settings)),
    )
    found = [_Fault(table, column, reason) for table, column, reason in reasons if reason]
    if row.mounts is not None and MOUNTS(f"[{row.mounts}]"):
        found.append(_Fault("container_mounts", "document", "is not a mount point"))
    if row.status is not None and (reason := fault("container_health", "log", row.log or "")):
        found.append(_Fault("container_health", "log", reason))
    if row.status is not None and row.status not in health.STATUSES:
        found.append(_Fault("container_health", "status", "is not a status"))
    if readable(row.state) != row.state:
        found.append(_Fault("containers", "state", "is not a state"))
    if not row.name:
        found.append(_Fault("container_names", "", "has no name for it"))
    if row.links is not None and not _are_strings(row.links):
        found.append(_Fault("container_names", "name", "is not UTF-8"))
    return found


def _are_strings(listed: str) -> bool:
    try:
        orjson.loads(f"[{listed}]")
    except orjson.JSONDecodeError:
        return False
    return True


def _fault_of_entry(row: ListedRow) -> str | None:
    reason = fault("containers", "summary", row.summary)
    if reason:
        return f"containers.summary {reason}"
    if orjson.loads(row.summary)["Id"] != row.id:
        return "containers.summary is that of another container"
    if not row.names or not _are_strings(row.names):
        return "container_names has no name for it that can be read"
    if readable(row.state) != row.state:
        return "containers.state is not a state"
    if row.status is not None and row.status not in health.STATUSES:
        return "container_health.status is not a status"
    return None


def _shown(conn: Connection, row: ListedRow) -> ListedRow:
    """Return an entry that can be listed: its summary made again from the documents, or empty if they are damaged."""
    names = (row.names or "").lstrip("\ufffd")
    return row._replace(
        names=names if _are_strings(names) else "",
        state=readable(row.state),
        status=row.status if row.status in health.STATUSES else None,
        summary=_remade(conn, row.id),
    )


def _remade(conn: Connection, container_id: str) -> str:
    row = with_documents(conn, container_id)
    if row is not None and not check.unreadable_documents(row):
        return check.summary(findings.whole(conn, row.id))
    empty: Mapping[str, object] = {
        "Id": container_id,
        "Command": "",
        "Created": row.created_at // 1_000_000_000 if row else 0,
        "Ports": [],
        "Labels": {},
        "HostConfig": {},
        "NetworkSettings": {"Networks": {}},
        "Mounts": [],
    }
    return orjson.dumps(empty).decode()


def mark_rows(conn: Connection, table: str, key: str, now: int) -> list[Mark]:
    """Quarantine the damaged rows of a container, or a row of another table; return the new marks."""
    found = owned(conn, key) if table == "containers" else findings.of_row(conn, table, key)
    marks = [Mark(one.table, one.key, one.column, one.container_id, one.reason, now) for one in found]
    return [mark for mark in marks if quarantine.put(conn, mark)]
