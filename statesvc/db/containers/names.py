"""Names of containers. An alias is the name of a link, and belongs to the parent whose link it is."""

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from statesvc.db.schema.tables import container_names
from statesvc.db.statements import Statement
from statesvc.errors import NameConflict

_GIVE = Statement(insert(container_names))
_OWNER = Statement(select(container_names.c.container_id).where(container_names.c.name == bindparam("name")))
_OF_PARENT = Statement(
    select(container_names.c.name, container_names.c.container_id).where(
        container_names.c.parent_id == bindparam("parent_id")
    )
)
_PRIMARY = Statement(
    select(container_names.c.name).where(
        container_names.c.container_id == bindparam("container_id"),
        container_names.c.kind == "primary",
    )
)
_RENAME = Statement(
    update(container_names)
    .where(container_names.c.name == bindparam("old"))
    .values(name=bindparam("new"), generated=False)
)
_RENAME_OWN = Statement(
    update(container_names)
    .where(container_names.c.container_id == bindparam("of"), container_names.c.kind == "primary")
    .values(name=bindparam("new"), generated=False)
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
    # Not ON CONFLICT: the trigger that refuses a replacement fires before it.
    holder = owner(conn, name)
    if holder is None:
        _give(conn, name, container_id, generated=generated, parent_id=parent_id)
    elif holder != container_id:
        raise NameConflict(name, holder)


def reserve_first_free(conn: Connection, candidates: tuple[str, ...], container_id: str) -> str:
    """Give the container the first of the names that is free, and return it. Raises NameConflict if none is."""
    for name in candidates[:-1]:
        if owner(conn, name) is None:
            _give(conn, name, container_id, generated=True, parent_id=None)
            return name
    reserve(conn, candidates[-1], container_id, generated=True)
    return candidates[-1]


def _give(conn: Connection, name: str, container_id: str, *, generated: bool, parent_id: str | None) -> None:
    kind = "alias" if parent_id else "primary"
    row = {"name": name, "container_id": container_id, "kind": kind, "parent_id": parent_id, "generated": generated}
    _GIVE.run(conn, row)


def primary(conn: Connection, container_id: str) -> str:
    """Return the container's own name, "" for one that has lost it."""
    name: str | None = _PRIMARY.value(conn, {"container_id": container_id})
    return name or ""


def release(conn: Connection, name: str) -> None:
    """Delete the name; it is free at once."""
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
        _move(conn, alias, f"{new}/{_below(old, alias)}")


def _below(parent: str, alias: str) -> str:
    # Where another program renamed the parent, or deleted its name, the aliases are still under the old name.
    rest = alias.removeprefix(f"{parent}/")
    return rest if rest != alias else alias.partition("/")[2] or alias


def _move(conn: Connection, old: str, new: str) -> None:
    if old != new:
        _refuse_taken(conn, new)
        _RENAME.run(conn, {"old": old, "new": new})


def _refuse_taken(conn: Connection, new: str) -> None:
    holder = owner(conn, new)
    if holder is not None:
        raise NameConflict(new, holder)
