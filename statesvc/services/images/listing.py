"""Which images a list shows, and by which of their references (moby daemon/images/images.go)."""

from collections.abc import Sequence
from dataclasses import replace

import re2

from statesvc.db.database import Connection
from statesvc.domain import filters as filtering
from statesvc.domain import references
from statesvc.domain.filters import Filters
from statesvc.domain.go import path_patterns, time_filters
from statesvc.errors import InvalidParameter
from statesvc.services.images.records import RecordedImage, find, recorded

ACCEPTED = frozenset({"dangling", "label", "before", "since", "reference", "until"})
_QUIET = re2.Options()
_QUIET.log_errors = False


def listed(conn: Connection, filters: Filters, now: int) -> list[RecordedImage]:
    """Return the images that pass the filters, the newest first, with the references that `reference` leaves.

    Raises InvalidParameter for a value that a filter does not understand, NotFound for an image that before or since
    name and that is not recorded.
    """
    dangling = filtering.flag(filters, "dangling")
    before = _created(conn, filters.get("before", ()))
    before += [time_filters.parse(text, now) for text in filters.get("until", ())]
    since = _created(conn, filters.get("since", ()))
    patterns = [_compiled(text) for text in filters.get("reference", ())]
    shown = []
    for image in recorded(conn):
        if not (_is_between(image.image.created_at, before, since) and _is_labelled(image, filters)):
            continue
        named = _narrowed(image, patterns) if "reference" in filters else image
        if named and (dangling is None or _is_dangling(named, dangling=dangling)):
            shown.append(named)
    return shown


def _created(conn: Connection, texts: Sequence[str]) -> list[int]:
    """Return when the images were created that texts mean, where that is known. Raises as find does."""
    return [created for text in texts if (created := find(conn, text).created_at) is not None]


def _is_between(created: int | None, before: Sequence[int], since: Sequence[int]) -> bool:
    if created is None:
        return not before and not since
    return all(created < time for time in before) and all(created > time for time in since)


def _is_labelled(image: RecordedImage, filters: Filters) -> bool:
    # As in Docker, an image without a configuration passes no filter of labels, not even an empty one.
    return "label" not in filters or (
        image.says.config is not None and filtering.has_labels(image.says.labels, filters["label"])
    )


def _is_dangling(image: RecordedImage, *, dangling: bool) -> bool:
    """Say whether the image is what `dangling` asks for: one without a tag, or one with a reference of any kind."""
    return not image.repo_tags if dangling else bool(image.repo_tags or image.repo_digests)


def _compiled(pattern: str) -> "re2._Regexp":
    # RE2, as for all patterns of clients: one with many stars must not take exponential time.
    try:
        return re2.compile(path_patterns.to_regex(pattern), _QUIET)
    except re2.error:
        raise InvalidParameter("invalid filter 'reference': a pattern is too long") from None


def _narrowed(image: RecordedImage, patterns: Sequence["re2._Regexp"]) -> RecordedImage | None:
    """Return the image with the references that a pattern matches, with tag or digest or without; None without any."""
    tags, digests = (
        [text for text in texts if _matches(text, patterns)] for texts in (image.repo_tags, image.repo_digests)
    )
    return replace(image, repo_tags=tags, repo_digests=digests) if tags or digests else None


def _matches(familiar: str, patterns: Sequence["re2._Regexp"]) -> bool:
    name = references.parse_normalized(familiar).familiar_name
    return any(pattern.fullmatch(familiar) or pattern.fullmatch(name) for pattern in patterns)
