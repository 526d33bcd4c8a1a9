"""Selects the images of a list, and which of their references it shows (moby daemon/images/images.go)."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import repeat
from typing import NamedTuple

import re2

from statesvc.db.containers.rows import count_by_image
from statesvc.db.sqlite import Connection
from statesvc.domain import filters as filtering
from statesvc.domain import references, times
from statesvc.domain.filters import Filters
from statesvc.domain.go import path_patterns, time_filters
from statesvc.errors import InvalidParameter
from statesvc.services.images.layers import shared_sizes
from statesvc.services.images.records import RecordedImage, inspect, recorded
from statesvc.services.listing.patterns import options, refuse_many

ACCEPTED = frozenset({"dangling", "label", "before", "since", "reference", "until"})
_OPTIONS = options()


class ListedImage(NamedTuple):
    """An image in a list, with the number of its containers and the bytes it shares with others, None if unknown."""

    recorded: RecordedImage
    containers: int = 0
    shared: int | None = None


def listed(
    conn: Connection, filters: Filters, now: int, *, counted: bool = False, shared: bool = False
) -> list[ListedImage]:
    """Return the images that pass the filters, newest first, each with the references that match `reference`.

    Containers are only counted, and shared sizes only found, on request. Raises InvalidParameter for an invalid filter
    value, NotFound if the image that `before` or `since` names is not recorded.
    """
    dangling = filtering.flag(filters, "dangling")
    before = _created(conn, filters.get("before", ()))
    before += [time_filters.parse(text, now) for text in filters.get("until", ())]
    since = _created(conn, filters.get("since", ()))
    refuse_many("reference", len(filters.get("reference", ())))
    patterns = [_compiled(text) for text in filters.get("reference", ())]
    every = recorded(conn)
    sizes = shared_sizes([(image.parsed.diff_ids, image.image.size) for image in every]) if shared else repeat(None)
    users = count_by_image(conn) if counted else {}
    shown = []
    for image, size in zip(every, sizes, strict=shared):
        if not (_is_between(image.created, before, since) and _is_labelled(image, filters)):
            continue
        named = _narrowed(image, patterns) if "reference" in filters else image
        if named and (dangling is None or _is_dangling(named, dangling=dangling)):
            shown.append(ListedImage(named, users.get(image.image.id, 0), size))
    return shown


def _created(conn: Connection, texts: Sequence[str]) -> list[int]:
    """Return the creation times of the images that the texts name, where known. Raises as `inspect` does.

    Go's zero time, which some builders write, limits nothing, as in Docker.
    """
    created = (inspect(conn, text).created for text in texts)
    return [time for time in created if time is not None and time != times.EPOCH]


def _is_between(created: int | None, before: Sequence[int], since: Sequence[int]) -> bool:
    if created is None:
        return not before and not since
    return all(created < time for time in before) and all(created > time for time in since)


def _is_labelled(image: RecordedImage, filters: Filters) -> bool:
    # As in Docker, an image without a configuration passes no label filter, not even an empty one.
    return "label" not in filters or (
        image.parsed.config is not None and filtering.has_labels(image.parsed.labels, filters["label"])
    )


def _is_dangling(image: RecordedImage, *, dangling: bool) -> bool:
    """Return whether the image has no tag, or for `dangling=False` whether it has any reference."""
    return not image.repo_tags if dangling else bool(image.repo_tags or image.repo_digests)


def _compiled(pattern: str) -> "re2._Regexp":
    # RE2, as for all patterns from clients: a pattern with many stars must not take exponential time.
    try:
        return re2.compile(path_patterns.to_regex(pattern), _OPTIONS)
    except re2.error:
        raise InvalidParameter("invalid filter 'reference': a pattern is too long") from None


def _narrowed(image: RecordedImage, patterns: Sequence["re2._Regexp"]) -> RecordedImage | None:
    """Return the image with only the references that a pattern matches, None if there are none."""
    tags, digests = (
        [text for text in texts if _matches(text, patterns)] for texts in (image.repo_tags, image.repo_digests)
    )
    return replace(image, repo_tags=tags, repo_digests=digests) if tags or digests else None


def _matches(familiar: str, patterns: Sequence["re2._Regexp"]) -> bool:
    name = references.parse_normalized(familiar).familiar_name
    return any(pattern.fullmatch(familiar) or pattern.fullmatch(name) for pattern in patterns)
