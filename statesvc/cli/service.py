"""Talking to the service that holds a data root, over its socket."""

import http.client
import json
import socket
from typing import Any

from statesvc import errors

# The other way round than api/errors.py; 410 carries more than a sentence.
_KINDS: dict[int, type[errors.StateError]] = {
    400: errors.InvalidParameter,
    403: errors.Forbidden,
    404: errors.NotFound,
    409: errors.Conflict,
    412: errors.PreconditionFailed,
    413: errors.TooLarge,
    500: errors.Damaged,
    501: errors.NotOffered,
    503: errors.Unavailable,
}


def post(socket_path: str, path: str, body: object) -> Any:
    """Send a request and return the answer's JSON, however long it takes.

    Raises the kind of error that the service answers with, Unavailable if it cannot be reached.
    """
    return _ask(socket_path, "POST", path, body if isinstance(body, bytes) else json.dumps(body).encode())


def get(socket_path: str, path: str) -> Any:
    """Ask for something and return the answer's JSON. Raises as post does."""
    return _ask(socket_path, "GET", path, None)


def _ask(socket_path: str, method: str, path: str, body: bytes | None) -> Any:
    connection = _UnixConnection(socket_path)
    try:
        connection.request(method, path, body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        answer = json.loads(response.read())
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise errors.Unavailable(f"the service on {socket_path} does not answer: {error}") from None
    finally:
        connection.close()
    if response.status >= 300:
        raise _error(response.status, str(answer.get("message", response.reason)), answer)
    return answer


def _error(status: int, message: str, answer: dict[str, Any]) -> errors.StateError:
    if status == 410:
        return errors.Gone(message, int(answer.get("oldest", 0)))
    return _KINDS.get(status, errors.StateError)(message)


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("statesvc")
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(self._path)
