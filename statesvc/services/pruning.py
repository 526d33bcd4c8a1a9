"""Removes all stopped containers, or all unused images (moby prune.go, image_prune.go)."""

from collections.abc import Iterator, Sized
from contextlib import contextmanager, suppress

from statesvc.db import events
from statesvc.db import images as image_records
from statesvc.db.containers import conditions
from statesvc.db.containers import rows as containers
from statesvc.db.containers.conditions import Condition
from statesvc.db.containers.revisions import Revision, revisions
from statesvc.db.database import Database
from statesvc.db.sqlite import Connection
from statesvc.domain import filters as filtering
from statesvc.domain.event import Event
from statesvc.domain.filters import Filters
from statesvc.domain.go import time_filters
from statesvc.domain.state import LIVE
from statesvc.errors import InvalidParameter, NotFound, Unavailable, partly
from statesvc.services.containers.service import discard
from statesvc.services.images import records, removal
from statesvc.services.images.records import RecordedImage
from statesvc.services.images.removal import Removal
from statesvc.services.listing.labels import labelled
from statesvc.services.site import Site

ACCEPTED = frozenset({"label", "label!", "until"})
IMAGES_ACCEPTED = ACCEPTED | {"dangling"}
_BUILD_FIELDS = frozenset({"id", "parent", "type", "description", "inuse", "shared", "private"})
BUILD_ACCEPTED = ACCEPTED | _BUILD_FIELDS | {"unused-for"}
# How many containers one unit removes: other writers wait no longer than for these.
BATCH = 100


class Pruning:
    """Removes stopped containers and unused images. Several may run at once: each object is removed by one of them."""

    def __init__(self, database: Database, site: Site) -> None:
        self._database = database
        self._site = site

    async def containers(self, filters: Filters) -> list[str]:
        """Remove the stopped containers that pass the filters; return their IDs, newest first.

        A container that changes after it was selected is left alone. Raises InvalidParameter for an invalid filter,
        Unsure if the database fails when some are removed already.
        """
        now = self._site.clock()
        made = _conditions(filters, now)
        chosen = [] if made is None else await self._database.scan_long(revisions, made)
        removed: list[str] = []
        batches = [chosen[at : at + BATCH] for at in range(0, len(chosen), BATCH)]
        with _truthful(removed):
            for batch in batches:
                removed += await self._database.write(remove, batch, self._site.clock())
            await self._database.write(_log_prune, self._site.clock())
        return removed

    def build_cache(self, filters: Filters) -> None:
        """Remove nothing: nothing is built. Raises InvalidParameter for a filter that cannot be understood."""
        check_build_cache(filters, self._site.clock())

    async def images(self, filters: Filters) -> list[Removal]:
        """Remove the unused images without a tag, with `dangling=false` all unused ones; return the steps.

        Raises InvalidParameter for an invalid filter.
        """
        dangling = filtering.flag(filters, "dangling")
        before = until(filters, self._site.clock())
        removals: list[Removal] = []
        user_of = await self._database.scan_long(removal.mounting)
        with _truthful(removals):
            for image in await self._database.scan_long(records.recorded):
                # Docker removes one that only its ID names, mounted or not.
                is_named = bool(image.repo_tags or image.repo_digests)
                if _is_meant(image, filters, before) and not (is_named and user_of(image.image.id)):
                    removals += await self._database.write(
                        _remove_image, image.image.id, self._site.clock(), only_untagged=dangling is not False
                    )
            await self._database.write(_log_prune, self._site.clock(), kind="image")
        return removals


@contextmanager
def _truthful(removed: Sized) -> Iterator[None]:
    """Let no prune say that nothing was changed once something is removed: each batch is a commit of its own."""
    try:
        yield
    except Unavailable as error:
        if not removed:
            raise
        raise partly(error, f"{len(removed)} removals were done") from error


def check_build_cache(filters: Filters, now: int) -> None:
    """Raise InvalidParameter for a filter of the build cache that cannot be understood (moby toBuildkitPruneInfo)."""
    before, unused = filters.get("until", ()), filters.get("unused-for", ())
    if before and unused:
        raise InvalidParameter('conflicting filters: "until" and "unused-for"')
    if len((*before, *unused)) > 1 or any(len(filters.get(field, ())) > 1 for field in _BUILD_FIELDS):
        raise InvalidParameter("filters expect only one value")
    for text in (*before, *unused):
        time_filters.parse(text, now)


def _conditions(filters: Filters, now: int) -> list[Condition] | None:
    """Return the conditions on the containers to remove, None if no container can meet them."""
    made = [conditions.removable(), *labelled(filters)]
    before = until(filters, now)
    if before is not None:
        made.append(conditions.created_until(before))
    if "label!" in filters:
        unwanted = list(labelled({"label": filters["label!"]}))
        # Docker keeps containers with all of these labels, so with an empty filter it keeps every container.
        if not unwanted:
            return None
        made.append(conditions.lacks_one(unwanted))
    return made


def until(filters: Filters, now: int) -> int | None:
    """Return the time in the filter `until`, None without one. Raises InvalidParameter for several, and for no time."""
    wanted = filters.get("until", ())
    if len(wanted) > 1:
        raise InvalidParameter("more than one until filter specified")
    return time_filters.parse(wanted[0], now) if wanted else None


def remove(conn: Connection, batch: list[Revision], now: int) -> list[str]:
    """Remove the containers that have not changed since they were selected; return their IDs."""
    return [chosen.id for chosen in batch if _remove_unchanged(conn, chosen, now)]


def _remove_unchanged(conn: Connection, chosen: Revision, now: int) -> bool:
    try:
        found = containers.find(conn, chosen.id)
    except NotFound:
        return False
    if found.id != chosen.id or found.revision != chosen.revision or found.state in LIVE:
        return False
    discard(conn, found, now)
    return True


def _is_meant(image: RecordedImage, filters: Filters, before: int | None) -> bool:
    labels = image.parsed.labels
    if before is not None and (image.created is None or image.created > before):
        return False
    if "label!" in filters and filtering.has_labels(labels, filters["label!"]):
        return False
    return filtering.has_labels(labels, filters.get("label", ()))


def _remove_image(conn: Connection, image_id: str, now: int, *, only_untagged: bool) -> list[Removal]:
    """Remove an unused image by its references, or by its ID if it has none; return the steps."""
    tags, digests = image_records.tags(conn, image_id), image_records.digests(conn, image_id)
    if (tags and only_untagged) or containers.users_of_image(conn, image_id):
        return []
    removals: list[Removal] = []
    for text in [*tags, *digests] or [image_id]:
        with suppress(NotFound):  # removed with the previous reference, or by another prune
            removals += removal.remove(conn, text, now, force=False)
    return removals


def _log_prune(conn: Connection, now: int, *, kind: str = "container") -> None:
    # Layers are not stored, so no space is reclaimed.
    events.append(conn, Event(kind, "prune", "", now, {"reclaimed": "0"}))
