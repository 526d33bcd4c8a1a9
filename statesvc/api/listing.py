"""The answer to a list of containers, put together from the summaries that are stored."""

from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Any, TypeVar

import orjson

from statesvc.api.wire.answer import Answer
from statesvc.api.wire.answers import JSON, raw_json, stream
from statesvc.api.wire.call import Call
from statesvc.api.wire.refusal import Refusal
from statesvc.domain import filters
from statesvc.domain.api_version import NEWEST, Version
from statesvc.domain.state import State
from statesvc.domain.times import human
from statesvc.errors import StateError
from statesvc.services.listing.query import ACCEPTED, Listed, ListedRow, ListQuery
from statesvc.services.listing.service import Pages

T = TypeVar("T")


def query(call: Call) -> ListQuery:
    """Read the parameters of a list. Raises InvalidParameter for a limit that is no number and for unknown filters."""
    limit = call.integer("limit") if call.text("limit") else 0
    wanted = filters.parse(call.text("filters"), ACCEPTED)
    return ListQuery(call.flag("all"), limit, wanted, call.flag("size"))


def rendered(now: int, version: Version = NEWEST) -> Callable[[Listed], bytes]:
    """Return what renders a page of a list: its entries, as the API version has them, with commas between them."""
    return lambda listed: older(render(listed, now), version)


def answer(pages: Pages[T], before: bytes = b"[", after: bytes = b"]\n") -> Answer:
    """Answer with a list: a short one as a whole, a long one as a stream, as fast as the client reads it."""
    if pages.is_complete:
        return raw_json(b"".join((before, pages.first, after)))
    return stream(_Stream(pages, _parts(pages, before, after)), JSON, is_list=True)


class _Stream(AsyncGenerator[bytes, None]):
    """The parts of a long list. It gives the snapshot back also if it was never begun, as its client went away."""

    def __init__(self, pages: Pages[T], parts: AsyncGenerator[bytes, None]) -> None:
        self._pages = pages
        self._parts = parts

    async def asend(self, value: None) -> bytes:
        """Return the next part."""
        return await self._parts.asend(value)

    async def athrow(self, *error: Any) -> bytes:
        """Raise an error where the next part is made."""
        return await self._parts.athrow(*error)

    async def aclose(self) -> None:
        """End the list."""
        await self._parts.aclose()
        self._pages.close()


async def _parts(pages: Pages[T], before: bytes, after: bytes) -> AsyncGenerator[bytes, None]:
    try:
        yield before + pages.first
        async with aclosing(pages.rest()) as rest:
            async for page in rest:
                yield b"," + page
        yield after
    except StateError as error:  # the status is sent by now: what is missing shows that the list is cut off
        raise Refusal(503, error.message) from None


def render(listed: Listed, now: int) -> bytes:
    """Return the entries of a list as Docker has them, with commas between them.

    Their only size is the image's: only an engine knows what a container wrote.
    """
    images = {
        (image, image_id): _image(image, image_id, listed)
        for image, image_id in {(row[2], row[3]) for row in listed.rows}
    }
    # A list of thousands spends its time here: most entries need neither a sentence nor a call.
    created = '"State":"created","Status":"Created",'
    entries = [
        f'{{"Names":[{names}],{images[image, image_id]},'
        f"{created if state == 'created' else _status(state, exit_code, started_at, finished_at, health, now)}"
        f"{summary[1:]}"
        for _, names, image, image_id, state, exit_code, started_at, finished_at, health, summary, _ in listed.rows
    ]
    if listed.damaged:
        for at, row in enumerate(listed.rows):
            if row.id in listed.damaged:
                entries[at] = _damaged(row, images[row.image, row.image_id], listed.damaged[row.id])
    return ",".join(entries).encode()


def older(rendered: bytes, version: Version) -> bytes:
    """Return entries as the API version has them: before 1.46 without annotations."""
    if version >= (1, 46) or b'"Annotations":' not in rendered:
        return rendered
    entries: list[dict[str, Any]] = orjson.loads(b"[%b]" % rendered)
    for entry in entries:
        entry["HostConfig"].pop("Annotations", None)
    return orjson.dumps(entries)[1:-1]


def _damaged(row: ListedRow, image: str, why: str) -> str:
    """Return the entry of a container that cannot be read: its status, which clients show, gives the reason."""
    status = orjson.dumps({"State": row.state, "Status": f"Damaged: {why}"}).decode()[1:-1]
    return f'{{"Names":[{row.names}],{image},{status},{row.summary[1:]}'


def _status(
    state: str,
    exit_code: int,
    started_at: int | None,
    finished_at: int | None,
    health: str | None,
    now: int,
) -> str:
    status = sentence(state, exit_code, started_at, finished_at, health, now)
    return f'"State":"{state}","Status":"{status}",'


def _image(image: str, image_id: str, listed: Listed) -> str:
    # A reference that means another image by now is of no use: Docker shows the ID instead.
    shown = image if image == image_id or listed.images.get(image) == image_id else image_id
    fields: dict[str, object] = {"Image": shown, "ImageID": image_id}
    if size := listed.sizes.get(image_id):
        fields["SizeRootFs"] = size
    return orjson.dumps(fields).decode()[1:-1]


def sentence(
    state: str, exit_code: int, started_at: int | None, finished_at: int | None, health: str | None, now: int
) -> str:
    """Return the status of a container in words (moby container/state.go)."""
    if state == State.CREATED:
        return "Created"
    if state == State.EXITED:
        return f"Exited ({exit_code}) {human(now - finished_at)} ago" if finished_at is not None else ""
    if state == State.RESTARTING:
        return f"Restarting ({exit_code}) {human(now - (finished_at or now))} ago"
    if state == State.REMOVING:
        return "Removal In Progress"
    if state == State.DEAD:
        return "Dead"
    up = f"Up {human(now - (started_at or now))}"
    if state == State.PAUSED:
        return f"{up} (Paused)"
    if health in {None, "none"}:
        return up
    return f"{up} ({'health: starting' if health == 'starting' else health})"
