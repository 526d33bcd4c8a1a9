"""The requests of the service's own API, and of Docker's where statesvc itself asks them."""

import http.client
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from statesvc.client.connection import TIMEOUT, UnixConnection
from statesvc.client.failures import error_of, streamed_error
from statesvc.errors import UNSURE, Unavailable, Unsure

JsonObject = dict[str, Any]
Query = Mapping[str, str | int | None]

OWN = "/statesvc/v1"
RUNTIMES = f"{OWN}/runtimes"


class Client:
    """Sends requests to the service on a socket, each on a connection of its own: threads may share a client.

    `timeout` is how many seconds the service may be silent; None: as long as it takes. `agent` is what the journal
    calls this client. Every method raises the kind of error that the service answers with, and Unavailable if it does
    not answer, or stops in the middle of an answer: Unsure if the request was to change something and was sent.
    """

    def __init__(self, socket: Path | str, *, timeout: float | None = TIMEOUT, agent: str = "") -> None:
        self.socket = str(socket)
        self.timeout = timeout
        self.runtimes = Runtimes(self._object)
        self._headers = {"User-Agent": agent} if agent else {}

    def call(self, method: str, path: str, body: object = None, *, query: Query | None = None) -> Any:
        """Send any request, a body that is not bytes as JSON; return the JSON of the answer, None if it is empty."""
        with self._answer(method, path, body, query, self.timeout) as response:
            content = response.read()
            return json.loads(content) if content else None

    def health(self) -> JsonObject:
        """Return how the store is."""
        return self._object("GET", f"{OWN}/health")

    def snapshot(self) -> JsonObject:
        """Return all containers, and the number of the event where they stand: follow the events behind it."""
        return self._object("GET", f"{OWN}/snapshot")

    def events(
        self,
        *,
        after: int | None = None,
        until: int | None = None,
        follow: bool = True,
        filters: Mapping[str, list[str]] | None = None,
        timeout: float | None = None,
    ) -> Iterator[JsonObject]:
        """Yield each event of the journal behind a number, in order; without `follow`, those that are there now.

        `timeout` is how many seconds may pass without an event. The events end when the service stops, too; if it dies
        Unavailable is raised. Raises Gone, at the first event or later, if some of them were removed: take a snapshot
        again. Close the iterator to stop early.
        """
        query: Query = {
            "after": after,
            "untilSeq": until,
            "follow": int(follow),
            "filters": json.dumps(filters) if filters else None,
        }
        with self._answer("GET", f"{OWN}/events", None, query, timeout) as response:
            for line in _lines(response):
                event = _object(line)
                if "Error" in event:
                    raise streamed_error(event["Error"])
                yield event

    def validate(self, body: object, *, name: str = "", platform: str = "") -> JsonObject:
        """Return what would become of a create request; nothing is created."""
        query = {"name": name or None, "platform": platform or None}
        return self._object("POST", f"{OWN}/containers/validate", body, query=query)

    def import_state(self, engine: str, path: Path | str, *, dry_run: bool = False) -> JsonObject:
        """Import the state of another engine from a path of the service's machine; return the report.

        Waits as long as it takes.
        """
        body = {"Engine": engine, "Path": str(path), "DryRun": dry_run}
        return self._object("POST", f"{OWN}/import", body, endless=True)

    def container(self, reference: str) -> JsonObject:
        """Return what inspect shows of a container."""
        return self._object("GET", f"/containers/{quote(reference, safe='')}/json")

    def image(self, reference: str) -> JsonObject:
        """Return what inspect shows of an image."""
        return self._object("GET", f"/images/{quote(reference, safe='/:@')}/json")

    def _object(
        self, method: str, path: str, body: object = None, *, query: Query | None = None, endless: bool = False
    ) -> JsonObject:
        with self._answer(method, path, body, query, None if endless else self.timeout) as response:
            return _object(response.read())

    @contextmanager
    def _answer(
        self, method: str, path: str, body: object, query: Query | None, timeout: float | None
    ) -> Iterator[http.client.HTTPResponse]:
        """Send a request and yield its answer while inside the `with` block, whose errors are the service's, too."""
        given = {name: value for name, value in (query or {}).items() if value is not None}
        sent = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        headers = self._headers | ({} if sent is None else {"Content-Type": "application/json"})
        connection = UnixConnection(self.socket, timeout)
        kind, outcome = Unavailable, ""
        try:
            connection.connect()
            if method != "GET":  # from here on it may be done, although no answer comes
                kind, outcome = Unsure, f"; {UNSURE}"
            connection.request(method, f"{path}?{urlencode(given)}" if given else path, sent, headers)
            with connection.getresponse() as response:
                if response.status >= 300:
                    raise _refusal(response)
                yield response
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise kind(f"the service on {self.socket} does not answer: {error}{outcome}") from None
        finally:
            connection.close()


class Runtimes:
    """The runtimes of the service, and the versions of its configuration."""

    def __init__(self, ask: Callable[..., JsonObject]) -> None:
        self._ask = ask

    def in_force(self) -> JsonObject:
        """Return the version in force with its runtimes."""
        return self._ask("GET", RUNTIMES)

    def history(self, *, limit: int | None = None) -> JsonObject:
        """Return the versions of the configuration, the newest first."""
        return self._ask("GET", f"{RUNTIMES}/history", query={"limit": limit})

    def changes(self, before: int, after: int) -> JsonObject:
        """Return what changed between two versions. Raises NotFound if one of them is not kept."""
        return self._ask("GET", f"{RUNTIMES}/changes", query={"before": before, "after": after})

    def drift(self) -> JsonObject:
        """Return the containers that are not run as new ones would be."""
        return self._ask("GET", f"{RUNTIMES}/drift")

    def reload(self) -> JsonObject:
        """Have the service read its configuration again; return the version in force.

        Waits as long as it takes. Raises InvalidParameter, with every problem, if the configuration is wrong: nothing
        has changed then.
        """
        return self._ask("POST", f"{RUNTIMES}/reload", b"", endless=True)


def _object(content: bytes) -> JsonObject:
    answer = json.loads(content)
    if not isinstance(answer, dict):
        raise http.client.HTTPException("its answer is not an object")
    return answer


def _lines(response: http.client.HTTPResponse) -> Iterator[bytes]:
    # Not by readline, which takes the end of a connection for the end of the answer.
    rest = b""
    while part := response.read1():
        *lines, rest = (rest + part).split(b"\n")
        yield from lines
    if rest:
        yield rest


def _refusal(response: http.client.HTTPResponse) -> Exception:
    content = response.read()
    try:
        return error_of(response.status, json.loads(content), response.reason)
    except ValueError:
        return error_of(response.status, {}, response.reason)
