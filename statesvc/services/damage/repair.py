"""The repair of the store: what other rows still say is written again, what nothing says any more is marked."""

from collections.abc import Iterable
from dataclasses import dataclass

import orjson

from statesvc.db.containers import names
from statesvc.db.containers import rows as containers
from statesvc.db.containers.rows import BY_ID, Inspection
from statesvc.db.damage import findings, marks, repair
from statesvc.db.damage.finding import Finding, Mark
from statesvc.db.damage.findings import DISPENSABLE
from statesvc.db.damage.judges import fault
from statesvc.db.database import Connection
from statesvc.domain.documents import Config
from statesvc.domain.documents.decode import decode_value
from statesvc.domain.ids import short
from statesvc.domain.mount_point import MountPoint
from statesvc.errors import InvalidParameter
from statesvc.services.damage import check
from statesvc.validation.image import split_command

# A row that is mended may show what hid behind it: a summary can be compared once the documents can be read.
_PASSES = 3


@dataclass(frozen=True, slots=True)
class Mended:
    """What a repair did: a sentence for each row that was written again or removed, and the new marks."""

    done: tuple[str, ...]
    marked: tuple[Mark, ...]


def mend(conn: Connection, now: int) -> Mended:
    """Mend every row that can be mended, mark the others, and take the marks off those that are mended."""
    done: list[str] = []
    for _ in range(_PASSES):
        mended = [told for finding in check.of_rows(conn) if (told := _mend(conn, finding))]
        done += mended
        if not mended:
            break
    left = check.of_rows(conn)
    for finding in left:
        if finding.code == "stale-mark":
            marks.remove(conn, finding.table, finding.key, finding.column)
            done.append(f"took the mark off {finding.table}.{finding.column} of {finding.key}")
    return Mended(tuple(done), tuple(_mark(conn, left, now)))


def _mark(conn: Connection, found: Iterable[Finding], now: int) -> Iterable[Mark]:
    for one in found:
        if one.reason:
            mark = Mark(one.table, one.key, one.column, one.container_id, one.reason, now)
            if marks.put(conn, mark):
                yield mark


def _mend(conn: Connection, finding: Finding) -> str | None:
    """Mend what a finding is about; return a sentence that says how, None if nothing can be done."""
    if finding.code == "orphan" and finding.table in DISPENSABLE:
        count = repair.remove_orphans(conn, finding.table, finding.column)
        return f"removed {count} rows of {finding.table} that refer to nothing" if count else None
    # A damaged ID is not found by what can be read of it.
    if finding.container_id is None or not containers.exists(conn, finding.container_id):
        return None
    if finding.code == "no-name":
        return _name(conn, finding.container_id)
    if finding.code == "invalid-name":
        return _rename(conn, finding.key, finding.container_id)
    row = BY_ID.first(conn, {"reference": finding.container_id})
    if row is None or not _from_others(conn, finding, row):
        return None
    return f"wrote {finding.table}{'.' + finding.column if finding.column else ''} of {finding.key} again"


def _name(conn: Connection, container_id: str) -> str:
    name = _after_id(conn, container_id)
    names.reserve(conn, name, container_id, generated=True)
    return f"named container {container_id} {name}"


def _rename(conn: Connection, old: str, container_id: str) -> str:
    if names.primary(conn, container_id) != old:
        names.release(conn, old)
        return f"removed an alias of container {container_id} that Docker never takes"
    name = _after_id(conn, container_id)
    names.rename(conn, container_id, old, name)
    return f"named container {container_id} {name}"


def _after_id(conn: Connection, container_id: str) -> str:
    name = short(container_id)
    return container_id if names.owner(conn, name) is not None else name


def _from_others(conn: Connection, finding: Finding, row: Inspection) -> bool:
    """Write again what the other rows of the container say; answer whether they do."""
    place = (finding.table, finding.column)
    if finding.code == "summary-differs" or place == ("containers", "summary"):
        return _summary(conn, row)
    if finding.code == "labels-differ" or finding.table == "container_labels":
        return _labels(conn, row)
    if finding.code == "networks-differ" or finding.table == "container_networks":
        return _networks(conn, row)
    if place == ("containers", "args"):
        return _args(conn, row)
    if place == ("container_mounts", "document"):
        return _mount(conn, row, finding.key)
    if place == ("container_health", "log"):
        repair.empty_health_log(conn, row.id)
        return True
    return False


def _config(row: Inspection) -> Config | None:
    return None if fault("container_specs", "config", row.config) else decode_value(Config, orjson.loads(row.config))


def _summary(conn: Connection, row: Inspection) -> bool:
    if check.unreadable_documents(row):
        return False
    repair.put_summary(conn, row.id, check.summary(findings.whole(conn, row.id)))
    return True


def _labels(conn: Connection, row: Inspection) -> bool:
    config = _config(row)
    if config is None:
        return False
    repair.put_labels(conn, row.id, config.Labels or {})
    return True


def _networks(conn: Connection, row: Inspection) -> bool:
    if fault("container_specs", "network_settings", row.network_settings):
        return False
    networks = orjson.loads(row.network_settings)["Networks"] or {}
    repair.put_networks(conn, row.id, {name: (one or {}).get("NetworkID", "") for name, one in networks.items()})
    return True


def _args(conn: Connection, row: Inspection) -> bool:
    config = _config(row)
    try:
        path, args = split_command(config) if config else ("", [])
    except InvalidParameter:
        return False
    if path != row.path:
        return False
    repair.put_args(conn, row.id, args)
    return True


def _mount(conn: Connection, row: Inspection, key: str) -> bool:
    stored = findings.summary_of(conn, row.id)
    if fault("containers", "summary", stored):
        return False
    _, destination = orjson.loads(key)
    for listed in orjson.loads(stored)["Mounts"]:
        if listed["Destination"] == destination:
            repair.put_mount(conn, row.id, MountPoint.of_document(orjson.dumps(listed).decode(), named=True))
            return True
    return False
