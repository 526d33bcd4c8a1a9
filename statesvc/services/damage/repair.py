"""Repairs the store: writes damaged rows again from other rows, quarantines those that cannot be repaired."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import orjson

from statesvc.db.containers import names
from statesvc.db.containers import rows as containers
from statesvc.db.containers.rows import Inspection, with_documents
from statesvc.db.damage import findings, marks, repair
from statesvc.db.damage.finding import Finding, Mark
from statesvc.db.damage.findings import DISPENSABLE
from statesvc.db.damage.judges import fault
from statesvc.db.sqlite import Connection
from statesvc.domain.documents import Config
from statesvc.domain.documents.decode import decode_value
from statesvc.domain.ids import short
from statesvc.domain.mount_point import MountPoint
from statesvc.errors import InvalidParameter
from statesvc.services.damage import check
from statesvc.validation.image import split_command

# A repaired row can uncover another finding: a summary is compared only once the documents can be read.
_PASSES = 3


@dataclass(frozen=True, slots=True)
class Mended:
    """What a repair did: a sentence for each row that was written again or removed, and the new quarantine marks."""

    done: tuple[str, ...]
    marked: tuple[Mark, ...]


def mend(conn: Connection, now: int) -> Mended:
    """Repair every row that can be repaired, quarantine the others, and remove marks that no longer apply."""
    done: list[str] = []
    for _ in range(_PASSES):
        mended = [sentence for finding in check.of_rows(conn) if (sentence := _mend(conn, finding))]
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
    """Repair the row of a finding; return a sentence about what was done, None if it cannot be repaired."""
    mend_one = _MENDS.get(finding.code)
    return mend_one(conn, finding) if mend_one else None


def _remove_orphans(conn: Connection, finding: Finding) -> str | None:
    if finding.table not in DISPENSABLE:
        return None
    count = repair.remove_orphans(conn, finding.table, finding.column)
    return f"removed {count} rows of {finding.table} that refer to nothing" if count else None


def _give_name(conn: Connection, finding: Finding) -> str | None:
    container_id = _container(conn, finding)
    if container_id is None:
        return None
    name = _after_id(conn, container_id)
    names.reserve(conn, name, container_id, generated=True)
    return f"named container {container_id} {name}"


def _rename(conn: Connection, finding: Finding) -> str | None:
    container_id, old = _container(conn, finding), finding.key
    if container_id is None:
        return None
    if names.primary(conn, container_id) != old:
        names.release(conn, old)
        return f"removed an alias of container {container_id} that Docker never takes"
    name = _after_id(conn, container_id)
    names.rename(conn, container_id, old, name)
    return f"named container {container_id} {name}"


def _write_again(conn: Connection, finding: Finding) -> str | None:
    container_id, place = _container(conn, finding), f"{finding.table}.{finding.column}".removesuffix(".")
    write = WRITERS.get(place) or WRITERS.get(finding.table)
    row = with_documents(conn, container_id) if container_id and write else None
    if row is None or write is None or not write(conn, row, finding):
        return None
    return f"wrote {place} of {finding.key} again"


def _container(conn: Connection, finding: Finding) -> str | None:
    # A finding about a damaged ID names a container that no query finds.
    known = finding.container_id is not None and containers.exists(conn, finding.container_id)
    return finding.container_id if known else None


def _after_id(conn: Connection, container_id: str) -> str:
    name = short(container_id)
    return container_id if names.owner(conn, name) is not None else name


def _config(row: Inspection) -> Config | None:
    return None if fault("container_specs", "config", row.config) else decode_value(Config, orjson.loads(row.config))


def _summary(conn: Connection, row: Inspection, _finding: Finding) -> bool:
    if check.unreadable_documents(row):
        return False
    repair.put_summary(conn, row.id, check.summary(findings.whole(conn, row.id)))
    return True


def _labels(conn: Connection, row: Inspection, _finding: Finding) -> bool:
    config = _config(row)
    if config is None:
        return False
    repair.put_labels(conn, row.id, config.Labels or {})
    return True


def _networks(conn: Connection, row: Inspection, _finding: Finding) -> bool:
    if fault("container_specs", "network_settings", row.network_settings):
        return False
    networks = orjson.loads(row.network_settings)["Networks"] or {}
    repair.put_networks(conn, row.id, {name: (one or {}).get("NetworkID", "") for name, one in networks.items()})
    return True


def _args(conn: Connection, row: Inspection, _finding: Finding) -> bool:
    config = _config(row)
    try:
        path, args = split_command(config) if config else ("", [])
    except InvalidParameter:
        return False
    if path != row.path:
        return False
    repair.put_args(conn, row.id, args)
    return True


def _health_log(conn: Connection, row: Inspection, _finding: Finding) -> bool:
    repair.empty_health_log(conn, row.id)
    return True


def _mount(conn: Connection, row: Inspection, finding: Finding) -> bool:
    stored = findings.summary_of(conn, row.id)
    if fault("containers", "summary", stored):
        return False
    _, destination = orjson.loads(finding.key)
    for listed in orjson.loads(stored)["Mounts"]:
        if listed["Destination"] == destination:
            repair.put_mount(conn, row.id, MountPoint.of_document(orjson.dumps(listed).decode(), named=True))
            return True
    return False


# How to write a column or table again from other rows of the container. Returns False if they do not contain it.
WRITERS: Mapping[str, Callable[[Connection, Inspection, Finding], bool]] = {
    "containers.summary": _summary,
    "containers.args": _args,
    "container_labels": _labels,
    "container_networks": _networks,
    "container_mounts.document": _mount,
    "container_health.log": _health_log,
}
# How to repair a finding, by its code.
_MENDS: Mapping[str, Callable[[Connection, Finding], str | None]] = {
    "orphan": _remove_orphans,
    "no-name": _give_name,
    "invalid-name": _rename,
    "unreadable": _write_again,
    "constraint": _write_again,
    "summary-differs": _write_again,
    "labels-differ": _write_again,
    "networks-differ": _write_again,
}
