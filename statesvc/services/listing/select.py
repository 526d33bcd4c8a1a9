"""Selects the containers of a list (moby daemon/list.go). Only `Listing` calls it, as it checks the rows for damage."""

import re
from collections.abc import Iterator, Sequence

from statesvc.db import images as image_records
from statesvc.db.containers import conditions, listing
from statesvc.db.containers.conditions import Condition, PortRange
from statesvc.db.readings import Page
from statesvc.db.sqlite import Connection
from statesvc.domain import filters as filtering
from statesvc.domain import health
from statesvc.domain.filters import Filters
from statesvc.domain.go.values import atoi, parse_uint
from statesvc.domain.port import split_protocol
from statesvc.domain.state import State
from statesvc.errors import InvalidParameter, NotFound
from statesvc.services.images import records
from statesvc.services.listing.labels import labelled
from statesvc.services.listing.patterns import Patterns, refuse_many
from statesvc.services.listing.query import Listed, ListQuery

_NARROW = ("id", "name", "label", "ancestor", "volume", "network", "publish", "expose")
# Patterns that mean an exact name, a prefix, or a substring: SQL finds these without a regular expression.
_EXACT = re.compile(r"\^/?([a-zA-Z0-9_-]+)\$")
_BEGINNING = re.compile(r"\^/?([a-zA-Z0-9_-]+)")
_PART = re.compile(r"[a-zA-Z0-9_/-]+")
_FEW = 100


def select(conn: Connection, query: ListQuery) -> Listed:
    """Return the containers that match the query, all at once. Raises as `pages` does."""
    found = [page.content for page in pages(conn, query)]
    if len(found) == 1:
        return found[0]
    every = [row for listed in found for row in listed.rows]
    images = {image: image_id for listed in found for image, image_id in listed.images.items()}
    return Listed(every, images, {key: size for listed in found for key, size in listed.sizes.items()})


def pages(conn: Connection, query: ListQuery) -> Iterator[Page[Listed]]:
    """Yield the containers that match the query in pages, each with what belongs to its rows; at least one page.

    Raises InvalidParameter for an invalid filter value, NotFound if the container that `before` or `since` names does
    not exist.
    """
    chosen = _chosen(conn, query)
    if chosen is None:
        yield Page(Listed((), {}), is_last=True)
        return
    limit = query.limit if query.limit > 0 else None
    for rows, is_last in listing.pages(conn, chosen, limit):
        meant = {image: records.id_of(conn, image) for image in {row.image for row in rows} if image}
        sizes = image_records.sizes(conn, {row.image_id for row in rows}) if query.size else {}
        yield Page(Listed(rows, meant, sizes), is_last=is_last)


def is_narrow(query: ListQuery) -> bool:
    """Return whether a query reads few rows, however many containers there are."""
    filters = query.filters
    if not filters:
        return 0 < query.limit <= _FEW
    names, ids = filters.get("name", ()), filters.get("id", ())
    few = len(names) + len(ids) <= _FEW and all(map(_EXACT.fullmatch, names))
    return bool(names or ids) and few


def _chosen(conn: Connection, query: ListQuery) -> list[Condition] | None:
    """Return the conditions on the containers of a list, None if none can meet them."""
    filters = query.filters
    chosen = [*_conditions(filters)]
    around = _around(conn, filters)
    ancestors = [found for text in filters.get("ancestor", ()) if (found := records.id_of(conn, text))]
    if ancestors:
        chosen.append(conditions.image_in(ancestors))
    chosen += _ports(filters)
    narrowed = _narrowed(conn, filters)
    if narrowed is not None:
        chosen.append(conditions.ids(sorted(narrowed)))
    if not (query.all or query.limit > 0 or filters.get("status")):
        chosen.append(conditions.live(searched=not _has_better(filters)))
    place = _between(conn, narrowed, around)
    if place is None or (filters.get("ancestor") and not ancestors):
        return None
    return [*chosen, *place]


def _conditions(filters: Filters) -> Iterator[Condition]:
    """Yield the conditions on a container by itself; validates their values in Docker's order."""
    if wanted := filters.get("exited"):
        yield conditions.exit_code_in([_code(text) for text in wanted])
    if wanted := filters.get("status"):
        known = _known(wanted, tuple(State), "invalid filter 'status={}'")
        yield conditions.state_in(known, searched=not _has_better(filters))
    task = filtering.flag(filters, "is-task")
    if task is not None:
        yield conditions.managed(wanted=task)
    if wanted := filters.get("health"):
        yield conditions.health_in(_known(wanted, health.STATUSES, "unrecognized filter value for health: {}"))
    yield from labelled(filters)
    if wanted := filters.get("volume"):
        yield conditions.uses_volume(wanted)
    if wanted := filters.get("network"):
        yield conditions.in_network(wanted)


def _has_better(filters: Filters) -> bool:
    """Return whether a filter is set whose index is more selective than the one on the state."""
    return any(filters.get(key) for key in _NARROW)


def _around(conn: Connection, filters: Filters) -> tuple[str | None, str | None]:
    """Return the IDs of the containers that `before` and `since` name. Raises NotFound if there is none."""
    before, since = ([_named(conn, reference) for reference in filters.get(key, ())] for key in ("before", "since"))
    return before[-1] if before else None, since[-1] if since else None


def _named(conn: Connection, reference: str) -> str:
    found = listing.by_id_or_name(conn, reference)
    if found is None:
        raise NotFound(f"No such container: {reference}")
    return found


def _between(
    conn: Connection, narrowed: set[str] | None, around: tuple[str | None, str | None]
) -> list[Condition] | None:
    """Return the conditions for `before` and `since`, None if no container can meet them.

    Docker walks the list, newest first, as the name and ID filters have narrowed it. It shows the containers after
    `before`, so none if `before` is not in that list. It stops at `since`, so nowhere if `since` is not in the list or
    comes ahead of `before`.
    """
    before, since = around
    if before and narrowed is not None and before not in narrowed:
        return None
    place = [conditions.created_relative_to(conn, before, before=True)] if before else []
    if not since or (narrowed is not None and since not in narrowed):
        return place
    if before and not conditions.is_older(conn, since, before):
        return place
    return [*place, conditions.created_relative_to(conn, since, before=False)]


def _ports(filters: Filters) -> list[Condition]:
    published = [_range("publish", text) for text in filters.get("publish", ())]
    exposed = [_range("expose", text) for text in filters.get("expose", ())]
    return [conditions.has_port(published=published, exposed=exposed)] if published or exposed else []


def _range(key: str, text: str) -> PortRange:
    if ":" in text:
        raise InvalidParameter(f"filter for '{key}' should not contain ':': {text}")
    protocol, port = split_protocol(text)
    if not port:
        raise InvalidParameter(f"error while looking up for {key} {text}: Empty string specified for ports.")
    first, dash, rest = port.partition("-")
    try:
        low = parse_uint(first, 16)
        high = parse_uint(rest.partition("-")[0], 16) if dash else low
    except ValueError as error:
        raise InvalidParameter(f"error while looking up for {key} {text}: {error}") from None
    if high < low:
        raise InvalidParameter(f"error while looking up for {key} {text}: Invalid range specified for the Port: {port}")
    return PortRange(low, high, protocol)


def _known(wanted: tuple[str, ...], words: Sequence[str], complaint: str) -> tuple[str, ...]:
    for word in wanted:
        if word not in words:
            raise InvalidParameter(complaint.format(word))
    return wanted


def _code(text: str) -> int:
    try:
        return atoi(text)
    except ValueError as error:
        raise InvalidParameter(f"invalid filter 'exited={text}': {error}") from None


def _narrowed(conn: Connection, filters: Filters) -> set[str] | None:
    """Return the IDs of the containers that pass the ID and name filters, None if neither is set."""
    ids, names = filters.get("id", ()), filters.get("name", ())
    chosen: set[str] | None = None
    if ids:
        chosen = {found for text in ids if (found := listing.only_with_prefix(conn, text))}
    if names:
        named = _named_like(conn, names)
        chosen = named if chosen is None else chosen & named
    return chosen


def _named_like(conn: Connection, patterns: tuple[str, ...]) -> set[str]:
    """Return the IDs of the containers whose name, with or without its slash, a pattern matches."""
    found: set[str] = set()
    others, parts = [], []
    for text in patterns:
        if exact := _EXACT.fullmatch(text):
            found |= {owner for owner in [listing.by_own_name(conn, exact[1])] if owner}
        elif beginning := _BEGINNING.fullmatch(text):
            found.update(listing.with_name_beginning(conn, beginning[1]))
        elif _PART.fullmatch(text):
            parts.append(text)
        else:
            others.append(text)
    refuse_many("name", len(others))
    if len(parts) == 1:
        found.update(listing.with_name_containing(conn, parts.pop()))
    if others or parts:
        compiled = Patterns(tuple(others), tuple(parts))
        found |= {owner for name, owner in listing.own_names(conn) if compiled.find(f"/{name}", name)}
    return found
