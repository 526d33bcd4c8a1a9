"""Damage in the rows: columns that cannot be read, missing rows, orphans, invalid names, marks without cause.

It reads every row once; the caller gives it one snapshot.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import orjson
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    ScalarSelect,
    Table,
    aggregate_order_by,
    bindparam,
    exists,
    func,
    literal,
    select,
)

from statesvc.db.damage import constraints
from statesvc.db.damage.finding import Finding
from statesvc.db.damage.judges import JUDGES, fault
from statesvc.db.damage.raw_rows import StoredRow, Values, checked_tables, named, stored, texts
from statesvc.db.schema.tables import (
    container_labels,
    container_mounts,
    container_names,
    container_networks,
    container_ports,
    container_specs,
    containers,
    metadata,
    quarantine,
)
from statesvc.db.statements import Statement
from statesvc.domain.image_config import image_id
from statesvc.domain.mount_point import MountPoint
from statesvc.domain.names import fits
from statesvc.domain.port import Port
from statesvc.domain.wrapper_script import digest_of

_C, _N, _S, _Q = containers.c, container_names.c, container_specs.c, quarantine.c
_L, _W, _P, _M = container_labels.c, container_networks.c, container_ports.c, container_mounts.c
_SUMMARY = Statement(select(_C.summary).where(_C.id == bindparam("container_id")))


def _gathered(gathered: ColumnElement[str], owner: Column[str]) -> ScalarSelect[str]:
    """Gather the rows of a container in a table into one JSON text: faster than a query for each container."""
    return select(gathered).where(owner == _C.id).scalar_subquery()


_PORT = func.json_array(_P.private_port, _P.protocol, _P.public_port, _P.host_ip)
_MOUNT = func.json_array(_M.document, _M.named)
_DOCUMENTS = select(
    _C.id,
    _C.created_at,
    _C.path,
    _C.args,
    _S.config,
    _S.host_config,
    _S.network_settings,
    _C.summary,
    _gathered(func.json_group_object(_L.key, _L.value), _L.container_id),
    _gathered(func.json_group_array(_W.name), _W.container_id),
    _gathered(aggregate_order_by(func.json_group_array(_PORT), _P.position), _P.container_id),
    _gathered(aggregate_order_by(func.json_group_array(_MOUNT), _M.destination), _M.container_id),
).join_from(containers, container_specs, _S.container_id == _C.id)
_WHOLES = Statement(_DOCUMENTS)
_WHOLE = Statement(_DOCUMENTS.where(_C.id == bindparam("container_id")))
# What a repair can write again from other rows; WRITERS in services/damage/repair.py does it.
MENDED_FROM = {
    "containers.summary": "write it again from the documents, or mark the row",
    "containers.args": "write it again from config, or mark the row",
    "container_labels": "write them again from config, or mark the row",
    "container_networks": "write them again from network_settings, or mark the row",
    "container_mounts.document": "write it again from the summary, or mark the row",
    "container_health.log": "empty the log",
}
# Columns whose digest is the key of the row.
_DIGESTED = {"images": ("id", "config", image_id), "scripts": ("digest", "content", digest_of)}


def damaged(conn: Connection) -> Iterator[Finding]:
    """Yield the columns that cannot be read: no text, no JSON, no document of their kind, not of their digest."""
    for table in checked_tables():
        yield from _of_table(conn, table)


def _of_table(conn: Connection, table: Table, only: tuple[str, str] | None = None) -> Iterator[Finding]:
    for rows in stored(conn, table, only):
        for row in _suspects(table, rows):
            yield from _of_row(table, named(table, row))


def _suspects(table: Table, rows: list[Values]) -> list[Values]:
    """Return the rows in which something is wrong; all rows if one of them, whichever, holds text that is not UTF-8."""
    at = {column.name: number for number, column in enumerate(table.columns)}
    text = [at[column] for column in texts(table)]
    try:
        # A line feed is no part of any other character: together they are UTF-8 only if each of them is.
        b"\n".join([row[number] for row in rows for number in text if row[number] is not None]).decode()
    except (UnicodeDecodeError, TypeError):
        return rows
    if table.name in _DIGESTED:
        return rows
    judged = [(column, at[column]) for of, column in JUDGES if of == table.name]
    if not judged:
        return []
    return [
        row for row in rows if any(row[n] is not None and fault(table.name, column, row[n]) for column, n in judged)
    ]


def _of_row(table: Table, row: StoredRow) -> Iterator[Finding]:
    if digested := _DIGESTED.get(table.name):
        yield from _digest(table.name, row.key, row.values, digested)
    for column in [*texts(table), *(column for of, column in JUDGES if of == table.name == "images")]:
        value = row.values[column]
        reason = None if value is None else fault(table.name, column, value)
        if reason:
            yield unreadable(table.name, row.key, column, reason, row.container_id)


def owned(conn: Connection, container_id: str) -> list[Finding]:
    """Return what cannot be read in the rows of a container, or is missing of them."""
    found: list[Finding] = []
    for table in checked_tables():
        column = "id" if table is containers else "container_id"
        if column in table.columns:
            found += _of_table(conn, table, (column, container_id))
    found += ruled(constraints.broken_of(conn, container_id), found)
    return found + [one for one in incomplete(conn, container_id) if one.container_id == container_id]


def of_row(conn: Connection, table: str, key: str) -> list[Finding]:
    """Return what cannot be read in a row of a table with one key."""
    of = metadata.tables[table]
    (column,) = of.primary_key
    found = list(_of_table(conn, of, (column.name, key)))
    return [*found, *ruled(constraints.broken_in(conn, table, key), found)]


def unruly(conn: Connection, known: Iterable[Finding]) -> Iterator[Finding]:
    """Yield the values that the schema does not allow, except where there is a finding already."""
    return ruled(constraints.broken(conn), known)


def ruled(broken: Iterable[constraints.Broken], known: Iterable[Finding]) -> Iterator[Finding]:
    """Yield the findings about values that the schema does not allow, except where there is one already."""
    places = {(one.table, one.key, one.column) for one in known}
    for one in broken:
        if (one.table, one.key, one.column) not in places:
            yield replace(unreadable(one.table, one.key, one.column, one.reason, one.container_id), code="constraint")


def unreadable(table: str, key: str, column: str, reason: str, container_id: str | None) -> Finding:
    """Return the finding about a column that cannot be read."""
    repair = MENDED_FROM.get(f"{table}.{column}", MENDED_FROM.get(table, "mark the row"))
    return Finding(
        "unreadable", table, key, column, f"{table}.{column} of {key} {reason}", repair, container_id, reason
    )


def _digest(table: str, key: str, values: dict[str, object], digested: tuple[str, str, object]) -> Iterator[Finding]:
    name, column, digest = digested
    if digest(values[column]) != bytes(values[name]).decode("utf-8", "replace"):  # type: ignore[operator, call-overload]
        reason = "is not what its digest says"
        yield Finding("digest", table, key, column, f"{table}.{column} of {key} {reason}", "mark the row", None, reason)


def incomplete(conn: Connection, only: str | None = None) -> Iterator[Finding]:
    """Yield the containers without documents, and those without a name of their own."""
    asked = select(_C.id) if only is None else select(_C.id).where(_C.id == only)
    for container_id in conn.execute(asked.where(~exists().where(_S.container_id == _C.id))).scalars():
        message = f"container {container_id} has no documents"
        yield Finding(
            "no-documents", "container_specs", container_id, "", message, "mark the row", container_id, "is missing"
        )
    own = exists().where(_N.container_id == _C.id, _N.kind == literal("primary"))
    for container_id in conn.execute(asked.where(~own)).scalars():
        message = f"container {container_id} has no name of its own"
        repair = "name it after its ID"
        yield Finding("no-name", "container_names", container_id, "", message, repair, container_id, "is missing")


def invalid_names(conn: Connection) -> Iterator[Finding]:
    """Yield the names that Docker never takes: a shell could give them before schema 0007."""
    for name, container_id, kind in conn.execute(select(_N.name, _N.container_id, _N.kind)):
        alias = kind == "alias"
        if not fits(name, alias=alias) and fault("container_names", "name", name) is None:
            message = f"container {container_id} has {'an alias' if alias else 'a name'} that Docker never takes"
            repair = "remove the alias" if alias else "name it after its ID"
            yield Finding("invalid-name", "container_names", name, "name", message, repair, container_id)


class Whole(NamedTuple):
    """A container's documents, and the rows that repeat parts of them for filters and lists."""

    id: str
    created_at: int
    path: str
    args: str
    config: str
    host_config: str
    network_settings: str
    summary: str
    labels: dict[str, str]
    networks: frozenset[str]
    ports: tuple[Port, ...]
    mounts: tuple[MountPoint, ...]


def wholes(conn: Connection, broken: Collection[str]) -> Iterator[Whole]:
    """Yield every container but those whose rows cannot be read."""
    for row in _WHOLES.run(conn, {}):
        if row[0] not in broken:
            yield _whole(row)


def whole(conn: Connection, container_id: str) -> Whole:
    """Return a container that has documents, and no mount point that cannot be read."""
    return _whole(_WHOLE.run(conn, {"container_id": container_id}).fetchone())


def _whole(row: Sequence[Any]) -> Whole:
    *documents, labels, networks, ports, mounts = row
    gathered = (
        orjson.loads(labels),
        frozenset(orjson.loads(networks)),
        tuple(Port(*port) for port in orjson.loads(ports)),
        tuple(MountPoint.of_document(document, named=bool(named)) for document, named in orjson.loads(mounts)),
    )
    return Whole._make((*documents, *gathered))


def summary_of(conn: Connection, container_id: str) -> str:
    """Return the summary of a container, as it is stored."""
    found: str = _SUMMARY.value(conn, {"container_id": container_id})
    return found


def stale_marks(conn: Connection, causes: set[tuple[str, str, str]]) -> Iterator[Finding]:
    """Yield the marks on rows that are gone, or in which nothing is wrong by now."""
    for table, key, column, owner in conn.execute(select(_Q.table_name, _Q.key, _Q.column_name, _Q.container_id)).all():
        if (table, key, column) not in causes:
            message = f"nothing is wrong (any more) with {table}.{column} of {key}, which is marked"
            yield Finding("stale-mark", table, key, column, message, "take the mark away", owner)


def orphans(conn: Connection) -> Iterator[Finding]:
    """Yield the rows that refer to a row that is not there."""
    broken = conn.exec_driver_sql("PRAGMA foreign_key_check").all()
    for table, _rowid, parent, number in broken:
        keys = conn.exec_driver_sql(f"PRAGMA foreign_key_list({table})").all()
        column = next(row[3] for row in keys if row[0] == number)
        yield Finding(
            "orphan", table, "", column, f"a row of {table} refers by {column} to a row of {parent} that is not there",
            "remove the row" if table in DISPENSABLE else "",
        )  # fmt: skip


# Tables whose rows mean nothing without the row they belong to.
DISPENSABLE = frozenset(
    table.name
    for table in metadata.sorted_tables
    if any(key.ondelete == "CASCADE" for column in table.columns for key in column.foreign_keys)
)
