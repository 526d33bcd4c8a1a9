"""The journal over HTTP: what happened in a span of time, then what happens."""

import re
from collections.abc import AsyncIterator

import orjson
from starlette.responses import Response, StreamingResponse

from statesvc.api.answers import JSON
from statesvc.api.call import Call
from statesvc.api.routing import Route
from statesvc.domain import filters, times
from statesvc.domain.event import Event
from statesvc.domain.event_filters import includes
from statesvc.domain.filters import Filters
from statesvc.errors import InvalidParameter
from statesvc.services.journal import Journal, Span

_TIMESTAMP = re.compile(r"(-?\d{1,11})(?:\.(\d+))?", re.ASCII)


class EventsApi:
    """The handler of /events."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def routes(self) -> list[Route]:
        """Return the routes of this noun."""
        return [Route("GET", "/events", self.events)]

    async def events(self, call: Call) -> Response:
        """GET /events?since=&until=&filters="""
        span = Span(_time(call.text("since")), _time(call.text("until")))
        if span.since is not None and span.until is not None and span.since > span.until:
            since, until = call.text("since"), call.text("until")
            raise InvalidParameter(f"`since` time ({since}) cannot be after `until` time ({until})")
        wanted = filters.parse(call.text("filters"))
        return StreamingResponse(self._stream(span, wanted), media_type=JSON)

    async def _stream(self, span: Span, wanted: Filters) -> AsyncIterator[bytes]:
        yield b""  # the headers go out at once: a client waits for them before it makes what it wants to see
        async for page in self._journal.follow(span):
            shown = b"".join(_render(event) for event in page if includes(wanted, event))
            if shown:
                yield shown


def _time(text: str) -> int | None:
    if not text:
        return None
    match = _TIMESTAMP.fullmatch(text)
    if match is None:
        return times.parse(text)
    return int(match[1]) * times.SECOND + int((match[2] or "").ljust(9, "0")[:9])


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
