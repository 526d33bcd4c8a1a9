"""The list of containers: narrow rows that meet the conditions of filters; and the look-ups of names for filters.

Nothing here looks for damage, so the import contract lets only `services/listing/select.py` import this.
"""

from collections.abc import Iterable, Iterator, Sequence

from sqlalchemy import Connection, bindparam, func, literal_column, select

from statesvc.db.containers import selection
from statesvc.db.containers.conditions import Condition
from statesvc.db.containers.listed_row import ListedRow
from statesvc.db.prefixes import after
from statesvc.db.schema.tables import container_health, container_names, containers
from statesvc.db.statements import Query, Statement

_C, _H, _N = containers.c, container_health.c, container_names.c
_NAMES = (
    select(func.group_concat(func.json_quote("/" + _N.name)))
    .where(_N.container_id == _C.id)
    .scalar_subquery()
    .label("names")
)
LISTED = (
    select(
        _C.id, _NAMES, _C.image, _C.image_id, _C.state,
        _C.exit_code, _C.started_at, _C.finished_at, _H.status, _C.summary,
        literal_column("containers.rowid").label("rowid"),
    )
    .join_from(containers, container_health, _H.container_id == _C.id, isouter=True)
    .order_by(_C.created_at.desc(), _C.id.desc())
)  # fmt: skip

# What is done for a list in one piece, before others have their turn.
FIRST_ROWS, FIRST_CHARACTERS = 1_000, 1 << 20
PAGE_ROWS, PAGE_CHARACTERS = 200, 1 << 18

EVERY = Query(LISTED, ListedRow)
OWN_NAMES = Statement(select(_N.name, _N.container_id).where(_N.kind == "primary"))
_BY_PREFIX = Statement(select(_C.id).where(_C.id >= bindparam("prefix"), _C.id < bindparam("after")).limit(2))
_BY_NAME = Statement(select(_N.container_id).where(_N.name == bindparam("name")))
_BY_OWN_NAME = Statement(select(_N.container_id).where(_N.name == bindparam("name"), _N.kind == "primary"))
BEGINNING = Statement(
    select(_N.container_id).where(_N.name >= bindparam("prefix"), _N.name < bindparam("after"), _N.kind == "primary")
)
CONTAINING = Statement(
    select(_N.container_id).where(
        func.instr("/" + _N.name, bindparam("part")) > 0,
        _N.kind == "primary",
    )
)
_BY_ID = Statement(select(_C.id).where(_C.id == bindparam("id")))


def pages(
    conn: Connection, conditions: Iterable[Condition] = (), limit: int | None = None
) -> Iterator[tuple[list[ListedRow], bool]]:
    """Yield the rows of a list, the newest first, in pages, each with whether it is the last; at least one page.

    The first page is large enough for most lists. A page ends with the row that exceeds its size: labels may be large.
    """
    chosen = list(conditions)
    bound = selection.values(chosen) if limit is None else {**selection.values(chosen), "most": limit}
    found = filtered(chosen, limited=limit is not None).each(conn, bound)
    most_rows, most_characters = FIRST_ROWS, FIRST_CHARACTERS
    page: list[ListedRow] = []
    characters = 0
    for row in found:
        if len(page) >= most_rows or characters > most_characters:
            yield page, False
            page, characters = [], 0
            most_rows, most_characters = PAGE_ROWS, PAGE_CHARACTERS
        page.append(row)
        characters += len(row.summary)
    yield page, True


def filtered(conditions: Iterable[Condition], *, limited: bool = False) -> Query[ListedRow]:
    """Return the query of a list under conditions of these shapes, of at most `most` rows if it is limited."""
    return selection.under(LISTED, ListedRow, conditions, limited=limited)


def own_names(conn: Connection) -> Sequence[tuple[str, str]]:
    """Return every container's own name with its ID, for a filter that SQL cannot express."""
    found: Sequence[tuple[str, str]] = OWN_NAMES.run(conn, {}).fetchall()
    return found


def by_own_name(conn: Connection, name: str) -> str | None:
    """Return the container whose own name this is, None if there is none."""
    found: str | None = _BY_OWN_NAME.value(conn, {"name": name})
    return found


def with_name_beginning(conn: Connection, prefix: str) -> list[str]:
    """Return the containers whose own name begins with a prefix."""
    # After z, the last character that a name can have, comes the brace.
    rows = BEGINNING.run(conn, {"prefix": prefix, "after": prefix + "{"}).fetchall()
    return [row[0] for row in rows]


def with_name_containing(conn: Connection, part: str) -> list[str]:
    """Return the containers whose own name, with its slash, contains a text."""
    return [row[0] for row in CONTAINING.run(conn, {"part": part}).fetchall()]


def only_with_prefix(conn: Connection, prefix: str) -> str | None:
    """Return the only ID with this prefix, None if there is none or more than one."""
    if not prefix:
        return None
    found = _BY_PREFIX.run(conn, {"prefix": prefix, "after": after(prefix)}).fetchall()
    return found[0][0] if len(found) == 1 else None


def by_id_or_name(conn: Connection, reference: str) -> str | None:
    """Return the container with this full ID or one of whose names this is, None if there is none."""
    by_id: str | None = _BY_ID.value(conn, {"id": reference})
    by_name: str | None = by_id or _BY_NAME.value(conn, {"name": reference.removeprefix("/")})
    return by_name
