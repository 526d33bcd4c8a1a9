"""The journal over HTTP: Docker's events, by time; and the own API's, by number and with all that is recorded."""

import re
from collections.abc import AsyncGenerator, Callable

import orjson
import structlog

from statesvc.api import listing
from statesvc.api.endpoint import MORE, Endpoint
from statesvc.api.errors import error_body
from statesvc.api.routing import Route
from statesvc.api.wire.answer import Answer
from statesvc.api.wire.answers import JSON, stream
from statesvc.api.wire.call import Call
from statesvc.domain import filters, times
from statesvc.domain.event import Event, is_dockers
from statesvc.domain.event_filters import EventFilter
from statesvc.domain.times import Clock
from statesvc.errors import InvalidParameter, StateError
from statesvc.services.journal.service import Journal, Place, Span
from statesvc.services.listing.service import Listing

log = structlog.get_logger(__name__)

JSON_LINES = "application/jsonl"
_RENDERED, _RENDERED_BYTES = 1_000, 8_192
_KEPT_FILTERS = 64
_LATEST = 2**63 - 1
_TIMESTAMP = re.compile(r"(-?\d{1,19})(?:\.(\d+))?", re.ASCII)

_JOURNAL = Endpoint(
    "Read the journal in commit order: resume after any event without a gap or a repeat, then follow. "
    "[events.md](events.md) explains the fields and how to follow. If events are lost to a slow reader, the last "
    'line is `{"Error": …}` with the error body of 410.',
    {
        "Seq": 42,
        "Time": "2026-01-02T03:04:05.678Z",
        "TimeNano": 1767323045678000000,
        "Type": "container",
        "Action": "rename",
        "Actor": "4f1c…",
        "Attributes": {"name": "www", "oldName": "/web"},
        "Revision": 2,
        "Values": {"state": "created", "name": "www", "exit_code": 0, MORE: MORE},
        "Asker": {"Pid": 4711, "Uid": 1000, "Gid": 1000, "Agent": "docker/28.5.2 (linux)"},
    },
    query={
        "after": "the events after the event of this number; without it, all that are kept",
        "untilSeq": "end after the event of this number",
        "follow": "0 ends with the newest event that is there now; without it, the stream goes on",
        "filters": "as those of Docker's `GET /events`",
    },
    errors={
        400: "a number or filter is malformed",
        410: "events after that number are no longer kept, or it was never reached; take a new snapshot",
    },
    lines=True,
)
_SNAPSHOT = Endpoint(
    "The list of all containers, in the form of Docker's list, and the number of the last event that it contains: "
    "follow the events after that number, and miss nothing.",
    {"Seq": 42, "Containers": [{"Id": "4f1c…", "Names": ["/www"], "State": "created", MORE: MORE}]},
)


class EventsApi:
    """The handlers of Docker's /events, and of the journal and the snapshot of the own API."""

    def __init__(self, journal: Journal, containers: Listing, clock: Clock) -> None:
        self._journal = journal
        self._containers = containers
        self._clock = clock
        self._docker_s = _RenderedPages(journal, _Rendered(_render), _is_shown)
        self._lines = _RenderedPages(journal, _Rendered(_line), EventFilter.includes)

    def routes(self) -> list[Route]:
        """Return the routes of this noun."""
        return [
            Route("GET", "/events", self.events),
            Route("GET", "/statesvc/v1/events", self.journal, _JOURNAL),
            Route("GET", "/statesvc/v1/snapshot", self.snapshot, _SNAPSHOT),
        ]

    async def events(self, call: Call) -> Answer:
        """GET /events?since=&until=&filters="""
        span = Span(_time(call.text("since")), _time(call.text("until")))
        if span.since is not None and span.until is not None and span.since > span.until:
            since, until = call.text("since"), call.text("until")
            raise InvalidParameter(f"`since` time ({since}) cannot be after `until` time ({until})")
        wanted = EventFilter(filters.parse(call.text("filters")))
        return stream(self._stream(span, wanted), JSON)

    async def journal(self, call: Call) -> Answer:
        """GET /statesvc/v1/events?after=&untilSeq=&follow=&filters="""
        wanted = EventFilter(filters.parse(call.text("filters")))
        follow = "follow" not in call.query or call.flag("follow")
        place = await self._journal.place(_seq(call, "after"), until=_seq(call, "untilSeq"), follow=follow)
        return stream(self._resume(place, wanted), JSON_LINES)

    async def snapshot(self, _call: Call) -> Answer:
        """GET /statesvc/v1/snapshot"""
        pages = await self._containers.snapshot_pages(listing.rendered(self._clock()))
        return listing.answer(pages, b'{"Seq":%d,"Containers":[' % pages.before, b"]}")

    async def _stream(self, span: Span, wanted: EventFilter) -> AsyncGenerator[bytes, None]:
        yield b""  # the headers go out at once: clients wait for them before they cause what they want to see
        try:
            async for page in self._journal.follow(span):
                if shown := self._docker_s(page, wanted):
                    yield shown
        except StateError as error:  # Docker's stream has no form for an error: it ends
            log.warning("a stream of events is ended", reason=error.message)

    async def _resume(self, place: Place, wanted: EventFilter) -> AsyncGenerator[bytes, None]:
        yield b""
        try:
            async for page in self._journal.resume(place):
                if lines := self._lines(page, wanted):
                    yield lines
        except StateError as error:  # the status is sent by now: the last line has the error
            yield orjson.dumps({"Error": error_body(error)}) + b"\n"


class _Rendered:
    """The rendered events of one kind of stream: each is rendered once for all readers that are at the same place."""

    def __init__(self, render: Callable[[Event], bytes]) -> None:
        self._render = render
        self._kept: dict[int, bytes] = {}

    def __call__(self, event: Event) -> bytes:
        rendered = self._kept.get(event.seq)
        if rendered is None:
            rendered = self._render(event)
            if len(self._kept) >= _RENDERED:
                self._kept.clear()
            if len(rendered) <= _RENDERED_BYTES:
                self._kept[event.seq] = rendered
        return rendered


class _RenderedPages:
    """The rendered pages of one kind of stream: each once for all readers at the same place with the same filters.

    Only the pages are kept that the journal keeps for its followers, never those of the history.
    """

    def __init__(self, journal: Journal, render: _Rendered, is_shown: Callable[[EventFilter, Event], bool]) -> None:
        self._journal = journal
        self._render = render
        self._is_shown = is_shown
        self._kept: dict[int, tuple[list[Event], dict[EventFilter, bytes]]] = {}

    def __call__(self, page: list[Event], wanted: EventFilter) -> bytes:
        known, kept = self._kept.get(id(page), (None, {}))
        if known is page and wanted in kept:  # readers at the same place get the same list
            return kept[wanted]
        shown = b"".join([self._render(event) for event in page if self._is_shown(wanted, event)])
        if page and len(shown) <= _RENDERED_BYTES and self._journal.is_shared(page):
            if known is not page:
                shared = self._journal.is_shared
                self._kept = {key: one for key, one in self._kept.items() if shared(one[0])}
                self._kept[id(page)] = page, kept
            if len(kept) >= _KEPT_FILTERS:
                kept.clear()
            kept[wanted] = shown
        return shown


def _is_shown(wanted: EventFilter, event: Event) -> bool:
    return is_dockers(event) and wanted.includes(event)


def _seq(call: Call, key: str) -> int | None:
    return call.number(key) if call.text(key) else None


def _line(event: Event) -> bytes:
    """Return an event as a line of the own API's stream; see docs/events.md."""
    asker = event.asker
    line = {
        "Seq": event.seq,
        "Time": times.render(event.time),
        "TimeNano": event.time,
        "Type": event.type,
        "Action": event.action,
        "Actor": event.actor_id,
        "Attributes": event.attributes,
        "Revision": event.revision,
        "Values": event.values,
        "Asker": asker and {"Pid": asker.pid, "Uid": asker.uid, "Gid": asker.gid, "Agent": asker.agent},
    }
    return orjson.dumps(line) + b"\n"


def _time(text: str) -> int | None:
    if not text:
        return None
    match = _TIMESTAMP.fullmatch(text)
    if match is None or abs(int(match[1])) > _LATEST:
        return times.parse(text)
    time = int(match[1]) * times.SECOND + int((match[2] or "").ljust(9, "0")[:9])
    # Milliseconds given for seconds, say: no event is so late, and Docker takes it.
    return max(-_LATEST, min(_LATEST, time))


def _render(event: Event) -> bytes:
    shown: dict[str, object] = {}
    if event.type in {"container", "image"}:  # fields from before API 1.22, which clients still read
        shown = {"status": event.action, "id": event.actor_id}
        if event.type == "container" and event.attributes.get("image"):
            shown["from"] = event.attributes["image"]
    shown |= {
        "Type": event.type,
        "Action": event.action,
        "Actor": {"ID": event.actor_id, "Attributes": event.attributes},
        "scope": "local",
        "time": event.time // times.SECOND,
        "timeNano": event.time,
    }
    return orjson.dumps(shown) + b"\n"
