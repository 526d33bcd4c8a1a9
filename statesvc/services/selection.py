"""Which containers a list shows (moby daemon/list.go)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import re2

from statesvc.db import containers, listing
from statesvc.db.engine import Connection
from statesvc.db.listing import ListedRow
from statesvc.domain.filters import Filters
from statesvc.domain.state import State
from statesvc.errors import InvalidParameter, NotFound, NotOffered, StateError
from statesvc.services import images

ACCEPTED = frozenset(
    {
        "ancestor", "before", "exited", "id", "isolation", "label", "name", "status", "health", "since", "volume",
        "network", "is-task", "publish", "expose",
    }
)  # fmt: skip
_COMING = ("publish", "expose", "is-task", "isolation")
_QUIET = re2.Options()
_QUIET.log_errors = False
_HEALTH = ("starting", "healthy", "unhealthy", "none")


@dataclass(frozen=True, slots=True)
class ListQuery:
    """What a list is asked for. Without `all`, and without what implies it, only live containers are shown."""

    all: bool = False
    limit: int = 0
    filters: Filters = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Listed:
    """The rows of a list, and for each image text among them the ID it means now ("" for none)."""

    rows: Sequence[ListedRow]
    images: Mapping[str, str]


def select(conn: Connection, query: ListQuery) -> Listed:
    """Return the containers that the query asks for, as one snapshot has them."""
    filters = query.filters
    for key in _COMING:
        if filters.get(key):
            raise NotOffered(f"the filter {key!r} is not offered yet")
    conditions = list(_conditions(conn, filters))
    if not (query.all or query.limit > 0 or any(filters.get(key) for key in ("status", "exited", "before", "since"))):
        conditions.append(listing.live())
    rows = listing.rows(conn, conditions, query.limit if query.limit > 0 else None)
    meant = {image: images.id_of(conn, image) for image in {row.image for row in rows} if image}
    return Listed(rows, meant)


def _conditions(conn: Connection, filters: Filters) -> list[listing.Condition]:
    made: list[listing.Condition] = []
    if wanted := filters.get("id"):
        made.append(listing.id_prefix(wanted))
    if wanted := filters.get("name"):
        made.append(listing.ids(_named_like(conn, wanted)))
    for label in filters.get("label", ()):
        key, equals, value = label.partition("=")
        made.append(listing.labelled(key, value if equals else None))
    if wanted := filters.get("status"):
        made.append(listing.state_in(_known(wanted, tuple(State), "status")))
    if wanted := filters.get("health"):
        made.append(listing.health_in(_known(wanted, _HEALTH, "health")))
    if wanted := filters.get("exited"):
        made.append(listing.exit_code_in([_code(text) for text in wanted]))
    if wanted := filters.get("ancestor"):
        made.append(listing.image_in([images.id_of(conn, text) or "none" for text in wanted]))
    if wanted := filters.get("volume"):
        made.append(listing.uses_volume(wanted))
    if wanted := filters.get("network"):
        made.append(listing.in_network(wanted))
    made += [_relative(conn, key, filters[key][-1]) for key in ("before", "since") if filters.get(key)]
    return made


def _relative(conn: Connection, key: str, reference: str) -> listing.Condition:
    try:
        found = containers.find(conn, reference)
    except NotFound as error:
        raise NotFound(error.message) from None
    except StateError as error:
        raise InvalidParameter(f"invalid filter '{key}={reference}': {error.message}") from None
    return listing.created_relative_to(conn, found.id, before=key == "before")


def _known(wanted: tuple[str, ...], words: Sequence[str], key: str) -> tuple[str, ...]:
    for word in wanted:
        if word not in words:
            raise InvalidParameter(f"invalid filter '{key}={word}'")
    return wanted


def _code(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise InvalidParameter(f"invalid filter 'exited={text}': it must be a number") from None


def _named_like(conn: Connection, patterns: tuple[str, ...]) -> list[str]:
    """Return the containers with a name, written with or without its slash, in which a pattern is found."""
    compiled = [_pattern(text) for text in patterns]
    return [
        owner
        for name, owner in listing.names_of_all(conn)
        if any(pattern.search("/" + name) or pattern.search(name) for pattern in compiled)
    ]


def _pattern(text: str) -> "re2._Regexp":
    # RE2, as in Go: a pattern of a client must not take exponential time, and hold up everybody.
    try:
        return re2.compile(text, _QUIET)
    except (re2.error, UnicodeError):
        raise InvalidParameter(f"invalid filter 'name={text}': it is not a regular expression") from None
