"""From a path to its handler, as Docker's router does it: versions, cleaned paths, open names with slashes in them."""

import logging
import posixpath
import re
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass

import structlog

from statesvc import __version__
from statesvc.api import versions
from statesvc.api.endpoint import Endpoint
from statesvc.api.errors import answer_bug, answer_error, answer_unknown_page
from statesvc.api.wire.answer import Answer
from statesvc.api.wire.call import Call, Threads, parse_query
from statesvc.api.wire.refusal import Refusal
from statesvc.api.wire.request import Request
from statesvc.domain import asker
from statesvc.domain.asker import AGENT_LIMIT, Asker
from statesvc.domain.documents import Document
from statesvc.domain.limits import LIMITS
from statesvc.errors import InvalidParameter, StateError

Handler = Callable[[Call], Awaitable[Answer]]

log = structlog.get_logger(__name__)

OWN = "/statesvc/v1/"
TAR = "application/x-tar"
_VERSIONED = re.compile(r"/v([0-9.]+)(/.*)", re.DOTALL)
LINES = (
    f"Api-Version: {versions.NEWEST_TEXT}\r\nDocker-Experimental: false\r\nOstype: linux\r\n"
    f"Server: statesvc/{__version__} (linux)\r\n"
).encode()
"""The header lines that every answer has."""


@dataclass(frozen=True, slots=True)
class Route:
    """A method and a path.

    One part of the path may be open, the second (`/containers/{name}/json`), or the fourth of a path of the service's
    own (`/statesvc/v1/containers/{name}/runtime`); the name may contain slashes. The last part may be open as well,
    whose value no handler needs. A route of the service's own has its documentation, but for those of the engine
    protocol, which has a document for itself. `body` is what a request is decoded to, or the media type of a body that
    is no JSON.
    """

    method: str
    path: str
    handler: Handler
    endpoint: Endpoint | None = None
    body: type[Document] | str | None = None


class Router:
    """The handler of all requests: answers each request by the handler of its route, and every error as JSON."""

    def __init__(self, routes: Iterable[Route], threads: Threads) -> None:
        """Take the routes, and the threads that decode large bodies."""
        self._threads = threads
        # Bound once: to bind a logger for each request costs as much as a point read.
        self._log = log.bind()
        self._log_requests = self._log.is_enabled_for(logging.DEBUG)
        self._fixed: dict[tuple[str, str], Handler] = {}
        self._open: dict[tuple[str, str, str], Handler] = {}
        for route in routes:
            before, has_name, after = route.path.partition("{name}")
            if has_name:
                self._open[route.method, before, re.sub(r"{\w+}", "{}", after)] = route.handler
            else:
                self._fixed[route.method, route.path] = route.handler

    async def __call__(self, request: Request) -> Answer:
        """Answer a request. Raises Refusal if its body is broken off or malformed, and nothing else."""
        started = time.perf_counter_ns()
        answer = await self._answer(request)
        if self._log_requests:
            self._log.debug(
                "request",
                method=request.head.method,
                path=request.head.target.path,
                status=answer.status,
                microseconds=(time.perf_counter_ns() - started) // 1000,
            )
        return answer

    async def _answer(self, request: Request) -> Answer:
        method, target = request.head.method, request.head.target
        path = target.path
        if method == "OPTIONS" and path == "*":
            return Answer(200)
        if "//" in path or "/." in path or not path.startswith("/"):
            cleaned = clean(path)
            if cleaned != path:
                return _moved(target.moved(cleaned))
        matched = _VERSIONED.fullmatch(path)
        asked, path = matched.groups() if matched else (None, path)
        if method == "OPTIONS":
            return Answer(200)
        handler, name = self._match(method, path)
        if handler is None:
            return answer_unknown_page()
        if method != "GET":  # what only reads writes no event
            asker.current.set(_asker(request))
        try:
            return await handler(self._call(request, asked, name))
        except StateError as error:
            return answer_error(error)
        except Refusal:
            raise
        except Exception as error:
            return answer_bug(error, method, target.path)

    def _call(self, request: Request, asked: str | None, name: str) -> Call:
        if len(name) > LIMITS.path_bytes:
            raise InvalidParameter(f"the path of the URL is longer than {LIMITS.path_bytes:,} bytes")
        return Call(request, versions.negotiated(asked), name, parse_query(request.head.target.query), self._threads)

    def _match(self, method: str, path: str) -> tuple[Handler | None, str]:
        fixed = self._fixed.get((method, path))
        if fixed is not None:
            return fixed, ""
        begin = path.find("/", len(OWN) if path.startswith(OWN) else 1)
        last = path.rfind("/")
        if begin < 0 or "\n" in path:
            return None, ""
        before = path[: begin + 1]
        # Behind the name come one part, or two as in /attach/ws.
        for end in (last, path.rfind("/", begin, last)) if last > begin else ():
            if end > begin and (handler := self._open.get((method, before, path[end:]))) is not None:
                return handler, path[begin + 1 : end]
        if last > begin and last < len(path) - 1 and (end := path.rfind("/", begin, last)) > begin:
            handler = self._open.get((method, before, path[end : last + 1] + "{}"))
            if handler is not None:
                return handler, path[begin + 1 : end]
        return self._open.get((method, before, "")), path[begin + 1 :]


def _asker(request: Request) -> Asker:
    agent = request.head.header("user-agent")
    return Asker(*request.peer, None if agent is None else agent[:AGENT_LIMIT])


def clean(path: str) -> str:
    """Return the path without empty and dot segments; a slash at the end stays (gorilla/mux cleanPath)."""
    cleaned = posixpath.normpath("/" + path.lstrip("/"))
    return cleaned + "/" if path.endswith("/") and cleaned != "/" else cleaned


def _moved(location: str) -> Answer:
    answer = Answer(301)
    answer.add("Location", location)
    return answer
