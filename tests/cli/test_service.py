"""What the command line makes of the answers of a service: the kinds of error that the service raised."""

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from statesvc import errors
from statesvc.api.errors import STATUS, told
from statesvc.cli import exit_code
from statesvc.cli.service import get

# 304 answers a change that the command line never asks for, and has no body.
TOLD = sorted((kind for kind in STATUS if kind is not errors.NotModified), key=lambda kind: kind.__name__)


@contextmanager
def answering(path: Path, status: int, body: bytes) -> Iterator[str]:
    """Serve one answer to everything on a socket."""

    class Handler(BaseHTTPRequestHandler):
        def address_string(self) -> str:  # a Unix socket has no address to log
            return "client"

        def log_message(self, *_: object) -> None:
            pass

        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    with socketserver.UnixStreamServer(str(path), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield str(path)
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("kind", TOLD)
def test_an_error_of_the_service_is_raised_here_as_the_kind_that_it_was(
    tmp_path: Path, kind: type[errors.StateError]
) -> None:
    error = errors.Gone("it is gone", 41) if kind is errors.Gone else kind("it is so")
    with (
        answering(tmp_path / "s.sock", STATUS[kind], json.dumps(told(error)).encode()) as socket,
        pytest.raises(errors.StateError) as raised,
    ):
        get(socket, "/")
    assert type(raised.value) is kind
    assert raised.value.message == error.message
    assert exit_code(raised.value) == exit_code(error)
    assert getattr(raised.value, "oldest", None) == getattr(error, "oldest", None)


def test_a_status_of_no_kind_is_told_with_its_message(tmp_path: Path) -> None:
    with (
        answering(tmp_path / "s.sock", 418, b'{"message": "I am a teapot"}') as socket,
        pytest.raises(errors.StateError, match="I am a teapot") as raised,
    ):
        get(socket, "/")
    assert exit_code(raised.value) == 1


def test_an_answer_that_is_no_json_comes_from_no_service_of_ours(tmp_path: Path) -> None:
    with answering(tmp_path / "s.sock", 200, b"<html>") as socket, pytest.raises(errors.Unavailable):
        get(socket, "/")
