"""Volumes, as the mounts of containers name them: they have no table of their own."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, bindparam, case, func, select

from statesvc.db.schema.tables import container_mounts
from statesvc.db.statements import Query, Statement

_M = container_mounts.c


class Volume(NamedTuple):
    """A volume as its mounts describe it; `users` is the number of containers that mount it."""

    name: str
    driver: str
    mountpoint: str
    users: int


# A document that cannot be read must not hide the volumes of the others.
_STATED = case((func.json_valid(_M.document), func.json_extract(_M.document, "$.Driver")))
_DRIVER = func.coalesce(func.max(_STATED), "")
_EVERY = (
    select(
        _M.volume.label("name"),
        _DRIVER.label("driver"),
        func.max(_M.source).label("mountpoint"),
        func.count(_M.container_id.distinct()).label("users"),
    )
    .group_by(_M.volume)
    .order_by(_M.volume)
)
EVERY = Query(_EVERY.where(_M.volume.is_not(None)), Volume)
BY_NAME = Query(_EVERY.where(_M.volume == bindparam("name")), Volume)
USERS = Statement(select(_M.container_id).distinct().where(_M.volume == bindparam("name")).order_by(_M.container_id))


def every(conn: Connection) -> Sequence[Volume]:
    """Return every volume that a container has, by name."""
    return EVERY.all(conn, {})


def by_name(conn: Connection, name: str) -> Volume | None:
    """Return the volume of this name, None if no container has one."""
    return BY_NAME.first(conn, {"name": name})


def users(conn: Connection, name: str) -> list[str]:
    """Return the containers that have the volume."""
    return [row[0] for row in USERS.run(conn, {"name": name}).fetchall()]
