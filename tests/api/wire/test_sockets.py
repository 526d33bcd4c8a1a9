"""A socket whose file was removed or replaced while it is served."""

import asyncio
import errno
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
from service import Service

from statesvc.api.wire import sockets
from statesvc.api.wire.answer import Answer
from statesvc.api.wire.request import Request
from statesvc.api.wire.server import Server
from statesvc.api.wire.sockets import LOOK_SECONDS, Listener


def eventually(holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 10 * LOOK_SECONDS
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.05)
    return holds()


def test_a_socket_that_is_removed_is_made_again_and_its_connections_go_on(own_service: Service) -> None:
    with own_service._connected() as before:
        own_service.socket.unlink()
        assert eventually(own_service.socket.exists)
        assert own_service.answers()
        before.sendall(b"GET /_ping HTTP/1.1\r\nHost: x\r\n\r\n")
        assert before.recv(4096).endswith(b"OK")
    assert "removed or replaced" in own_service.log_text
    assert own_service.stop() == 0
    assert not own_service.socket.exists()


def test_a_socket_that_another_program_serves_is_left_to_it_and_that_is_told_once(own_service: Service) -> None:
    own_service.socket.unlink()
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(own_service.socket))
        other.listen()
        assert eventually(lambda: "not where clients look for it" in own_service.log_text)
        time.sleep(2 * LOOK_SECONDS)
        assert own_service.log_text.count("not where clients look for it") == 1
        assert own_service.stop() == 0
        assert own_service.socket.exists()


def test_a_program_in_its_place_that_accepts_nothing_does_not_hold_up_the_service(own_service: Service) -> None:
    with ExitStack() as kept:
        before = kept.enter_context(own_service._connected())
        own_service.socket.rename(own_service.socket.with_suffix(".moved"))
        other = kept.enter_context(socket.socket(socket.AF_UNIX))
        other.bind(str(own_service.socket))
        other.listen(0)
        reason = 0
        while not reason:
            waiting = kept.enter_context(socket.socket(socket.AF_UNIX))
            waiting.setblocking(False)
            reason = waiting.connect_ex(str(own_service.socket))
        assert reason == errno.EAGAIN
        time.sleep(1.5 * LOOK_SECONDS)
        before.settimeout(LOOK_SECONDS)
        before.sendall(b"GET /_ping HTTP/1.1\r\nHost: x\r\n\r\n")
        assert before.recv(4096).endswith(b"OK")
        assert "is served by another program" in own_service.log_text


@pytest.mark.anyio
async def test_a_look_that_fails_is_not_the_last_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sockets, "LOOK_SECONDS", 0.01)
    listener = Listener(f"unix://{tmp_path}/the.sock", 0o600)
    server = Server(_unanswered, lambda: None, clock=lambda: 0)
    server.listen(listener.socket)
    monkeypatch.setattr(listener, "_path", "no path")
    watching = asyncio.create_task(sockets.watch([listener], server))
    await asyncio.sleep(0.1)
    assert not watching.done()
    monkeypatch.setattr(listener, "_path", tmp_path / "the.sock")
    (tmp_path / "the.sock").unlink()
    await asyncio.sleep(0.1)
    assert (tmp_path / "the.sock").exists()
    watching.cancel()
    server.stop()
    await server.run_on([])


async def _unanswered(_request: Request) -> Answer:
    raise NotImplementedError
