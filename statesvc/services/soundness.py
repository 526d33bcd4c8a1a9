"""Serving around damage: the first look at a row since the start reads its documents; who fails is marked at once.

The documents are handed out as they are stored, so each is judged before, but once. Of a list it is remembered which
rows were judged: nothing that the service writes is damaged, and when another program has changed the database, all
count as unseen. Of an inspect it is remembered what was judged: a hash of it costs less than asking SQLite for others'
changes.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import orjson
import structlog

from statesvc.db import findings, quarantine
from statesvc.db.containers import BY_ID, Inspection
from statesvc.db.engine import Connection, Database
from statesvc.db.findings import owned
from statesvc.db.listing import ListedRow
from statesvc.domain.documents import Config, HostConfig
from statesvc.domain.finding import Mark
from statesvc.domain.state import readable
from statesvc.domain.stored import MOUNTS, fault, outline_fault
from statesvc.domain.times import Clock
from statesvc.errors import Damaged, StateError
from statesvc.services import checking
from statesvc.services.selection import Listed, ListQuery, select

log = structlog.get_logger(__name__)

# Rows are remembered by their number, one for each place: a million costs 8 MB, more look again.
_PLACES = 1 << 20
_LAST = _PLACES - 1
_HEALTH = frozenset({"starting", "healthy", "unhealthy", "none"})


def _places() -> memoryview:
    return memoryview(bytearray(8 * _PLACES)).cast("q")


class _Seen:
    """The rows whose summaries were judged and found sound."""

    def __init__(self) -> None:
        self.places = _places()

    def unseen(self, rows: Sequence[ListedRow]) -> list[int]:
        """Return the places in the list of the rows that were not judged yet."""
        places = self.places
        return [at for at, row in enumerate(rows) if places[row[-1] & _LAST] != row[-1]]

    def add(self, rowid: int) -> None:
        """Remember a row."""
        self.places[rowid & _LAST] = rowid


Selector = Callable[[Connection, ListQuery], Listed]


@dataclass(frozen=True, slots=True)
class _Fault:
    table: str
    column: str
    reason: str

    def __str__(self) -> str:
        return f"{self.table}.{self.column} {self.reason}" if self.column else f"{self.table} {self.reason}"


class Soundness:
    """What is known of the rows: which were judged, which are marked."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._changes = -1
        self._listed = _Seen()
        self._inspected = _places()
        self._noted: set[tuple[str, str]] = set()
        self._marking: set[asyncio.Task[None]] = set()

    def written(self, rowid: int) -> None:
        """Take the summary of a container for sound that was just written here.

        If others changed the database before, the next list forgets this too, and judges it.
        """
        self._listed.add(rowid)

    def inspected(self, row: Inspection) -> Inspection:
        """Return the row. Raises Damaged, and marks it, if one of its documents cannot be read."""
        place, judged = row.rowid & _LAST, _hash(row)
        if self._inspected[place] != judged:
            faults = faults_of(row)
            if faults:
                self._look_out()
                self.note("containers", row.id)
                raise damaged(row.id, faults)
            self._inspected[place] = judged
        return row

    async def listed(self, query: ListQuery) -> Listed:
        """Return the containers of a list, those that are damaged with what can be shown of them."""
        self._look_out()
        listed, found = await self._database.scan(_select, query, self._listed)
        for container_id in found:
            self.note("containers", container_id)
        return listed

    def selector(self) -> Selector:
        """Return what selects the containers of a list within a unit, those that are damaged as `listed` shows them."""
        self._look_out()
        seen = self._listed
        return lambda conn, query: _select(conn, query, seen)[0]

    def note(self, table: str, key: str) -> None:
        """Have a row marked in which something was found; it is logged once."""
        if (table, key) in self._noted:
            return
        self._noted.add((table, key))
        task = asyncio.create_task(self._mark(table, key))
        self._marking.add(task)
        task.add_done_callback(self._marking.discard)

    async def settled(self) -> None:
        """Wait until what was noted is marked."""
        while self._marking:
            await asyncio.gather(*self._marking)

    async def _mark(self, table: str, key: str) -> None:
        try:
            marks = await self._database.write(_mark, table, key, self._clock())
        except StateError as error:  # a full disk: what can be read is served all the same
            self._noted.discard((table, key))
            log.warning("damaged row not marked", table=table, key=key, reason=error.message)
            return
        for mark in marks:
            log.warning("damaged row", table=mark.table, key=mark.key, column=mark.column, reason=mark.reason)

    def _look_out(self) -> None:
        changes = self._database.changes_of_others()
        if changes != self._changes:
            self._changes = changes
            self._listed = _Seen()
            self._noted.clear()


def damaged(container_id: str, faults: Sequence[object]) -> Damaged:
    """Return the error about a container that cannot be shown."""
    told = "; ".join(map(str, faults))
    return Damaged(
        f"container {container_id} is damaged: {told}. It can be renamed and removed; "
        "stop the service and run `statesvc check --repair` to mend what can be mended"
    )


def _hash(row: Inspection) -> int:
    """Return a number that is another one when `faults_of` might see something else."""
    documents = (row.args, row.config, row.host_config, row.network_settings, row.mounts, row.links, row.log)
    return hash((documents, row.state, row.status, row.name))


def faults_of(row: Inspection) -> list[_Fault]:
    """Return what of a container cannot be read."""
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
    if row.status is not None and row.status not in _HEALTH:
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


def _select(conn: Connection, query: ListQuery, seen: _Seen) -> tuple[Listed, list[str]]:
    """Return the list, and the containers among it that were found damaged now."""
    listed = select(conn, query)
    marked = dict(quarantine.of_containers(conn))
    unseen = seen.unseen(listed.rows)
    if not unseen and not marked:
        return listed, []
    rows, found = list(listed.rows), []
    for at in unseen:
        row = rows[at]
        reason = _fault_of_entry(row)
        if reason is None:
            seen.add(row.rowid)
            continue
        found.append(row.id)
        marked.setdefault(row.id, reason)
        rows[at] = _shown(conn, row)
    return replace(listed, rows=rows, damaged=marked), found


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
    if row.status is not None and row.status not in _HEALTH:
        return "container_health.status is not a status"
    return None


def _shown(conn: Connection, row: ListedRow) -> ListedRow:
    """Return an entry that can be shown: with a summary made from the documents; an empty one if they are damaged."""
    names = (row.names or "").lstrip("\ufffd")
    return row._replace(
        names=names if _are_strings(names) else "",
        state=readable(row.state),
        status=row.status if row.status in _HEALTH else None,
        summary=_remade(conn, row.id),
    )


def _remade(conn: Connection, container_id: str) -> str:
    row = BY_ID.first(conn, {"reference": container_id})
    if row is not None and not checking.unreadable_documents(row):
        return checking.summary(findings.whole(conn, row.id))
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


def _mark(conn: Connection, table: str, key: str, now: int) -> list[Mark]:
    """Mark what is damaged of a container, or of a row of another table; return the new marks."""
    found = owned(conn, key) if table == "containers" else findings.of_row(conn, table, key)
    marks = [Mark(one.table, one.key, one.column, one.container_id, one.reason, now) for one in found]
    return [mark for mark in marks if quarantine.put(conn, mark)]
