"""One of the two that are compared, as a client on a kept connection sees it."""

import json
from dataclasses import dataclass
from http.client import RemoteDisconnected
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from service import Answer, UnixConnection

HUNG_UP = Answer(500, {}, b'{"message": "hung up without an answer"}')
"""What a Docker Engine that panics over a request comes down to."""


@dataclass
class Peer:
    """A server that speaks the Docker Engine API on a socket."""

    name: str
    socket: Path
    data_root: Path
    _connection: UnixConnection | None = None

    def ask(self, method: str, path: str, body: object = None, **query: str) -> Answer:
        """Send one request; a body that is no bytes goes as JSON."""
        data = json.dumps(body).encode() if body is not None and not isinstance(body, bytes) else body
        headers = {"Content-Type": "application/json"} if body is not None else {}
        target = f"{path}?{urlencode(query)}" if query else path
        for _attempt in range(2):  # a connection that was kept may have been closed meanwhile
            self._connection = self._connection or UnixConnection(self.socket)
            try:
                self._connection.request(method, target, data, headers)
                response = self._connection.getresponse()
                return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
            except (RemoteDisconnected, ConnectionResetError, BrokenPipeError):
                self.close()
            except OSError:
                self.close()
                raise
        return HUNG_UP

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def inspect(self, reference: str, version: str) -> dict[str, Any]:
        """Return what inspect shows of a container."""
        answer = self.ask("GET", f"/v{version}/containers/{quote(reference, safe='')}/json")
        assert answer.status == 200, (self.name, answer)
        shown: dict[str, Any] = answer.json()
        return shown

    def remove(self, reference: str) -> None:
        """Remove a container and its anonymous volumes."""
        answer = self.ask("DELETE", f"/containers/{reference}", v="1", force="1")
        assert answer.status == 204, (self.name, answer)
