"""The name space: names point at containers; an alias is a link's name and belongs to the parent that made the link."""

from sqlalchemy import Connection, bindparam, delete, literal_column, select, update
from sqlalchemy.dialects.sqlite import insert

from statesvc.db.prepared import Statement
from statesvc.db.tables import container_names
from statesvc.errors import NameConflict

_RESERVE = Statement(
    insert(container_names)
    .values(
        name=bindparam("name"),
        container_id=bindparam("container_id"),
        kind=bindparam("kind"),
        parent_id=bindparam("parent_id"),
        generated=bindparam("generated"),
    )
    .on_conflict_do_nothing(index_elements=["name"])
    .returning(container_names.c.name)
)
_OWNER = Statement(select(container_names.c.container_id).where(container_names.c.name == bindparam("name")))
_OF_PARENT = Statement(
    select(container_names.c.name, container_names.c.container_id).where(
        container_names.c.parent_id == bindparam("parent_id")
    )
)
_PRIMARY = Statement(
    select(container_names.c.name).where(
        container_names.c.container_id == bindparam("container_id"),
        container_names.c.kind == literal_column("'primary'"),
    )
)
_RENAME = Statement(
    update(container_names)
    .where(container_names.c.name == bindparam("old"))
    .values(name=bindparam("new"), generated=literal_column("0"))
)
_RENAME_OWN = Statement(
    update(container_names)
    .where(container_names.c.container_id == bindparam("of"), container_names.c.kind == literal_column("'primary'"))
    .values(name=bindparam("new"), generated=literal_column("0"))
    .returning(container_names.c.name)
)
_RELEASE = Statement(delete(container_names).where(container_names.c.name == bindparam("name")))


def owner(conn: Connection, name: str) -> str | None:
    """Return the ID of the container that holds the name, None if it is free."""
    holder: str | None = _OWNER.value(conn, {"name": name})
    return holder


def reserve(
    conn: Connection, name: str, container_id: str, *, generated: bool = False, parent_id: str | None = None
) -> None:
    """Give the name to the container; again for the same owner is no change.

    Raises NameConflict if another holds it.
    """
    row = {
        "name": name,
        "container_id": container_id,
        "kind": "alias" if parent_id else "primary",
        "parent_id": parent_id,
        "generated": generated,
    }
    if _RESERVE.value(conn, row) is None:
        holder = owner(conn, name)
        if holder is not None and holder != container_id:
            raise NameConflict(name, holder)


def reserve_first_free(conn: Connection, candidates: tuple[str, ...], container_id: str) -> str:
    """Give the container the first of the names that is free, and answer it. Raises NameConflict if none is."""
    for name in candidates[:-1]:
        if owner(conn, name) is None:
            reserve(conn, name, container_id, generated=True)
            return name
    reserve(conn, candidates[-1], container_id, generated=True)
    return candidates[-1]


def primary(conn: Connection, container_id: str) -> str:
    """Return the container's own name, "" for one that has lost it."""
    name: str | None = _PRIMARY.value(conn, {"container_id": container_id})
    return name or ""


def release(conn: Connection, name: str) -> None:
    """Let go of the name; it is free at once."""
    _RELEASE.run(conn, {"name": name})


def rename(conn: Connection, container_id: str, old: str, new: str) -> None:
    """Give the container the new name instead of the old; aliases under the old name move along.

    Raises NameConflict if another container holds the new name, or the new name of an alias.
    """
    _refuse_taken(conn, new)
    # By its owner, not by the old name: that may be lost, or not readable.
    if _RENAME_OWN.value(conn, {"of": container_id, "new": new}) is None:
        reserve(conn, new, container_id)
    for alias, _child_id in _OF_PARENT.run(conn, {"parent_id": container_id}).fetchall():
        _move(conn, alias, new + alias.removeprefix(old))


def _move(conn: Connection, old: str, new: str) -> None:
    _refuse_taken(conn, new)
    _RENAME.run(conn, {"old": old, "new": new})


def _refuse_taken(conn: Connection, new: str) -> None:
    holder = owner(conn, new)
    if holder is not None:
        raise NameConflict(new, holder)
