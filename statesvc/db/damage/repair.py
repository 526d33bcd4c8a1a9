"""Writes damaged rows again; the caller has found out from other rows what they held."""

from collections.abc import Mapping

import orjson
from sqlalchemy import Connection, delete, insert, select, update

from statesvc.db.schema.tables import (
    container_health,
    container_labels,
    container_mounts,
    container_networks,
    containers,
    metadata,
)
from statesvc.domain.mount_point import MountPoint

_M = container_mounts.c


def put_summary(conn: Connection, container_id: str, summary: str) -> None:
    """Replace the summary of a container."""
    conn.execute(update(containers).where(containers.c.id == container_id).values(summary=summary))


def put_args(conn: Connection, container_id: str, args: list[str]) -> None:
    """Replace the arguments of a container."""
    conn.execute(update(containers).where(containers.c.id == container_id).values(args=orjson.dumps(args).decode()))


def put_labels(conn: Connection, container_id: str, labels: Mapping[str, str]) -> None:
    """Replace the label rows of a container, which filters search."""
    conn.execute(delete(container_labels).where(container_labels.c.container_id == container_id))
    rows = [{"container_id": container_id, "key": key, "value": value} for key, value in labels.items()]
    if rows:
        conn.execute(insert(container_labels), rows)


def put_networks(conn: Connection, container_id: str, networks: Mapping[str, str]) -> None:
    """Replace the network rows of a container, which filters search: names with IDs."""
    conn.execute(delete(container_networks).where(container_networks.c.container_id == container_id))
    rows = [{"container_id": container_id, "name": name, "network_id": id_} for name, id_ in networks.items()]
    if rows:
        conn.execute(insert(container_networks), rows)


def empty_health_log(conn: Connection, container_id: str) -> None:
    """Empty the log of the last probes of a container; its status stays."""
    conn.execute(update(container_health).where(container_health.c.container_id == container_id).values(log="[]"))


def put_mount(conn: Connection, container_id: str, mount: MountPoint) -> None:
    """Replace the document of a mount point; its source is taken from its row, as a list may leave it out."""
    place = (_M.container_id == container_id, _M.destination == mount.destination)
    row = conn.execute(select(_M.source, _M.named).where(*place)).first()
    if row is not None:
        whole = mount._replace(source=row.source, named=row.named)
        conn.execute(update(container_mounts).where(*place).values(document=whole.document()))


def remove_orphans(conn: Connection, table: str, column: str) -> int:
    """Remove the rows of a table that refer by a column to a row that is not there; return how many."""
    of = metadata.tables[table]
    (reference,) = of.columns[column].foreign_keys
    there = select(reference.column)
    return conn.execute(delete(of).where(of.columns[column].not_in(there))).rowcount
