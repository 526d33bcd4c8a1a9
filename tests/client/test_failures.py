"""The client raises the kinds of error that the service raised, and Unavailable for what is no answer of ours."""

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from statesvc import errors
from statesvc.api.errors import STATUS, error_body
from statesvc.cli import exit_code
from statesvc.client import Client

KINDS = sorted(STATUS, key=lambda kind: kind.__name__)
PROBLEMS = (errors.Problem("number", "/limit", "the limit is not a number", "x"), errors.Problem("a", "/b", "c"))


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


def made(kind: type[errors.StateError]) -> errors.StateError:
    if kind is errors.Gone:
        return errors.Gone("it is gone", 41)
    return kind("it is so", () if kind is errors.NotModified else PROBLEMS)


def failure(tmp_path: Path, status: int, body: bytes) -> errors.StateError:
    with (
        answering(tmp_path / "s.sock", status, body) as socket,
        pytest.raises(errors.StateError) as raised,
    ):
        Client(socket).health()
    return raised.value


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_of_the_service_is_raised_here_as_the_kind_that_it_was(
    tmp_path: Path, kind: type[errors.StateError]
) -> None:
    error = made(kind)
    body = b"" if kind is errors.NotModified else json.dumps(error_body(error)).encode()
    raised = failure(tmp_path, STATUS[kind], body)
    assert type(raised) is kind
    assert raised.message == ("Not Modified" if kind is errors.NotModified else error.message)
    assert exit_code(raised) == exit_code(error)
    assert getattr(raised, "oldest", None) == getattr(error, "oldest", None)
    assert raised.problems == error.problems


def test_a_status_of_no_kind_is_raised_with_its_message(tmp_path: Path) -> None:
    raised = failure(tmp_path, 418, b'{"message": "I am a teapot"}')
    assert (type(raised), raised.message, exit_code(raised)) == (errors.StateError, "I am a teapot", 1)


@pytest.mark.parametrize("body", [b"<html>", b"", b"[]"])
def test_an_answer_that_is_no_object_comes_from_no_service_of_ours(tmp_path: Path, body: bytes) -> None:
    assert isinstance(failure(tmp_path, 200, body), errors.Unavailable)


def test_a_bug_of_the_service_is_no_damage(tmp_path: Path) -> None:
    raised = failure(tmp_path, 500, b'{"message": "statesvc failed because of a bug"}')
    assert (type(raised), exit_code(raised)) == (errors.StateError, 1)


@pytest.mark.parametrize("body", [b"[]", b"null", b"<html>", b"", b'{"errors": [5, {"code": "a"}], "message": null}'])
def test_an_error_without_a_sentence_is_raised_with_the_name_of_its_status(tmp_path: Path, body: bytes) -> None:
    raised = failure(tmp_path, 404, body)
    assert (type(raised), raised.message) == (errors.NotFound, "Not Found")


def test_a_service_that_is_silent_is_given_up(tmp_path: Path) -> None:
    with socketserver.UnixStreamServer(str(tmp_path / "s.sock"), socketserver.BaseRequestHandler) as server:
        client = Client(server.server_address, timeout=0.1)
        with pytest.raises(errors.Unavailable, match="does not answer: timed out"):
            client.health()


class HangingUp(socketserver.StreamRequestHandler):
    """Reads a request and hangs up."""

    def handle(self) -> None:
        while self.rfile.readline().strip():
            pass


@pytest.mark.parametrize(("changes", "kind"), [(True, errors.Unsure), (False, errors.Unavailable)])
def test_a_change_that_was_sent_and_not_answered_is_unsure(
    tmp_path: Path, changes: bool, kind: type[errors.StateError]
) -> None:
    with socketserver.UnixStreamServer(str(tmp_path / "s.sock"), HangingUp) as server:
        answers = threading.Thread(target=server.handle_request)
        answers.start()
        client = Client(server.server_address)
        with pytest.raises(errors.Unavailable, match="does not answer") as raised:
            client.runtimes.reload() if changes else client.health()
        answers.join()
    assert (type(raised.value), "unsure" in raised.value.message) == (kind, changes)


def test_a_change_that_nobody_could_get_is_not_done(tmp_path: Path) -> None:
    with pytest.raises(errors.Unavailable, match="No such file") as raised:
        Client(tmp_path / "none.sock").runtimes.reload()
    assert type(raised.value) is errors.Unavailable


def test_where_nothing_listens_there_is_no_service(tmp_path: Path) -> None:
    with pytest.raises(errors.Unavailable, match="No such file"):
        Client(tmp_path / "none.sock").health()


@pytest.mark.parametrize(
    ("last", "kind"), [({"message": "cut"}, errors.StateError), ({"message": "cut", "oldest": 7}, errors.Gone)]
)
def test_the_error_that_ends_a_stream_is_raised(
    tmp_path: Path, last: dict[str, object], kind: type[errors.StateError]
) -> None:
    lines = b'{"Seq": 1}\n' + json.dumps({"Error": last}).encode() + b"\n"
    with answering(tmp_path / "s.sock", 200, lines) as socket:
        events = Client(socket).events()
        assert next(events) == {"Seq": 1}
        with pytest.raises(errors.StateError, match="cut") as raised:
            next(events)
    assert type(raised.value) is kind


@pytest.mark.parametrize("oldest", [b"null", b'"x"'])
def test_what_is_gone_is_raised_without_a_number_too(tmp_path: Path, oldest: bytes) -> None:
    raised = failure(tmp_path, 410, b'{"message": "gone", "oldest": ' + oldest + b"}")
    assert isinstance(raised, errors.Gone)
    assert raised.oldest == 0


@pytest.mark.parametrize("line", [b"5", b"null", b'{"Error": "x"}', b"{", b'{"Seq": 1'])
def test_a_line_that_is_no_event_is_an_error(tmp_path: Path, line: bytes) -> None:
    with answering(tmp_path / "s.sock", 200, line) as socket, pytest.raises(errors.StateError):
        next(Client(socket).events())


def test_a_last_event_without_a_line_feed_is_read(tmp_path: Path) -> None:
    with answering(tmp_path / "s.sock", 200, b'{"Seq": 1}\n{"Seq": 2}') as socket:
        assert [event["Seq"] for event in Client(socket).events()] == [1, 2]


class Dying(socketserver.StreamRequestHandler):
    """Sends an event and dies: the chunk that ends an answer is missing."""

    def handle(self) -> None:
        while self.rfile.readline().strip():
            pass
        self.wfile.write(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n{"Seq": 1}\n\r\n')


def test_a_follower_learns_that_the_service_died(tmp_path: Path) -> None:
    with socketserver.UnixStreamServer(str(tmp_path / "s.sock"), Dying) as server:
        answers = threading.Thread(target=server.handle_request)
        answers.start()
        events = Client(server.server_address).events()
        assert next(events) == {"Seq": 1}
        with pytest.raises(errors.Unavailable, match="does not answer"):
            next(events)
        answers.join()
