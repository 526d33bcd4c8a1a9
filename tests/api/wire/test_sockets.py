"""A socket whose file was removed or replaced while it is served."""

import socket
import time
from collections.abc import Callable

from service import Service

from statesvc.api.wire.sockets import LOOK_SECONDS


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
