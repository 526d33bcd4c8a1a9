"""From a path to its handler, as Docker's router does it: versions, cleaned paths, open names with slashes in them."""

import logging
import posixpath
import re
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from urllib.parse import quote

import structlog
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from statesvc import __version__
from statesvc.api import versions
from statesvc.api.endpoint import Endpoint
from statesvc.api.errors import answer_bug, answer_error, answer_unknown_page
from statesvc.api.wire.call import Call, parse_query
from statesvc.api.wire.protocol import PEER
from statesvc.domain import asker
from statesvc.domain.asker import AGENT_LIMIT, Asker
from statesvc.errors import StateError

Handler = Callable[[Call], Awaitable[Response]]

log = structlog.get_logger(__name__)

OWN = "/statesvc/v1/"
_VERSIONED = re.compile(r"/v([0-9.]+)(/.*)", re.DOTALL)
HEADERS = [
    (b"api-version", versions.NEWEST_TEXT.encode()),
    (b"docker-experimental", b"false"),
    (b"ostype", b"linux"),
    (b"server", f"statesvc/{__version__} (linux)".encode()),
]


@dataclass(frozen=True, slots=True)
class Route:
    """A method and a path.

    One part of the path may be open, the second (`/containers/{name}/json`), or the fourth of a path of the service's
    own (`/statesvc/v1/containers/{name}/runtime`); the name may contain slashes. A route of the service's own has its
    documentation, but for those of the engine protocol, which has a document for itself.
    """

    method: str
    path: str
    handler: Handler
    endpoint: Endpoint | None = None


class Router:
    """The ASGI application: answers each request by the handler of its route, and every error as JSON."""

    def __init__(self, routes: Iterable[Route]) -> None:
        # Bound once: to bind a logger for each request costs as much as a point read.
        self._log = log.bind()
        self._log_requests = self._log.is_enabled_for(logging.DEBUG)
        self._fixed: dict[tuple[str, str], Handler] = {}
        self._open: dict[tuple[str, str, str], Handler] = {}
        for route in routes:
            before, has_name, after = route.path.partition("{name}")
            if has_name:
                self._open[route.method, before, after] = route.handler
            else:
                self._fixed[route.method, route.path] = route.handler

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        started = time.perf_counter_ns()
        response = await self._answer(scope, receive)
        response.raw_headers += HEADERS
        await response(scope, receive, send)
        if self._log_requests:
            self._log.debug(
                "request",
                method=scope["method"],
                path=scope["path"],
                status=response.status_code,
                microseconds=(time.perf_counter_ns() - started) // 1000,
            )

    async def _answer(self, scope: Scope, receive: Receive) -> Response:
        path: str = scope["path"]
        if "//" in path or "/." in path or not path.startswith("/"):
            cleaned = clean(path)
            if cleaned != path:
                return _moved(cleaned, scope["query_string"])
        matched = _VERSIONED.fullmatch(path)
        asked, path = matched.groups() if matched else (None, path)
        if scope["method"] == "OPTIONS":
            return Response(status_code=200)
        handler, name = self._match(scope["method"], path)
        if handler is None:
            return answer_unknown_page()
        if scope["method"] != "GET":  # what only reads writes no event
            asker.current.set(_asker(scope))
        try:
            call = Call(scope, receive, versions.negotiated(asked), name, parse_query(scope["query_string"]))
            return await handler(call)
        except StateError as error:
            return answer_error(error)
        except ClientDisconnect:
            return Response(status_code=400)
        except Exception as error:
            return answer_bug(error, scope["method"], scope["path"])

    def _match(self, method: str, path: str) -> tuple[Handler | None, str]:
        fixed = self._fixed.get((method, path))
        if fixed is not None:
            return fixed, ""
        begin = path.find("/", len(OWN) if path.startswith(OWN) else 1)
        last = path.rfind("/")
        if begin < 0 or "\n" in path:
            return None, ""
        before = path[: begin + 1]
        if last > begin:
            handler = self._open.get((method, before, path[last:]))
            if handler is not None:
                return handler, path[begin + 1 : last]
        return self._open.get((method, before, "")), path[begin + 1 :]


def _asker(scope: Scope) -> Asker:
    agent = next((value for key, value in scope["headers"] if key == b"user-agent"), None)
    pid, uid, gid = scope.get(PEER, (None, None, None))
    return Asker(pid, uid, gid, None if agent is None else agent.decode("latin-1")[:AGENT_LIMIT])


def clean(path: str) -> str:
    """Return the path without empty and dot segments; a slash at the end stays (gorilla/mux cleanPath)."""
    cleaned = posixpath.normpath("/" + path.lstrip("/"))
    return cleaned + "/" if path.endswith("/") and cleaned != "/" else cleaned


def _moved(path: str, query: bytes) -> Response:
    location = quote(path, safe="/~!$&'()*+,;=:@") + (f"?{query.decode('latin-1')}" if query else "")
    return Response(status_code=301, headers={"location": location})
