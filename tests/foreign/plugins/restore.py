"""A pytest plugin for foreign suites: gives back what an earlier test took away, so that the next can be judged.

That is images, which a registry would give, and the environment: a test of docker-py leaves an empty one, with which
those after it ask /var/run/docker.sock. It runs in the suite's own environment, with the standard library alone.
$ARCHIVES is a JSON object from the name of an image to its archive.
"""

import http.client
import json
import os
import socket
from pathlib import Path
from urllib.parse import quote

import pytest

ENVIRONMENT = os.environ
ARCHIVES = json.loads(os.environ["ARCHIVES"])
SOCKET = os.environ["ENGINE_SOCKET"]


class _Connection(http.client.HTTPConnection):
    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.connect(SOCKET)


def _call(method: str, path: str, body: bytes | None = None) -> int:
    connection = _Connection("localhost")
    try:
        connection.request(method, path, body)
        answer = connection.getresponse()
        answer.read()
        return answer.status
    finally:
        connection.close()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """Load each image that is not there; put the environment back."""
    os.environ = ENVIRONMENT  # noqa: B003 - this undoes an assignment that a test made
    for reference, archive in ARCHIVES.items():
        if _call("GET", f"/images/{quote(reference)}/json") == http.client.NOT_FOUND:
            status = _call("POST", "/images/load", Path(archive).read_bytes())
            assert status == http.client.OK, f"loading {reference} answered {status}"
