"""Requests that were changed at random: no hang, no trace in the log, no answer that is none, no growth."""

import os
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from random import Random

import pytest
from raw_http import RawAnswer, answers, connected
from service import Service, resident_bytes, running
from wire_cases import CASES, CREATE

REQUESTS = int(os.environ.get("FUZZ_REQUESTS", "3000"))
SEED = int(os.environ.get("FUZZ_SEED", "20261129"))
AT_ONCE = 8
BLOCK = 1_000
MIB = 1024 * 1024

_BODY = b'{"Image":"busybox:latest","Labels":{"a":"b"}}'
SEEDS = [
    *(case.data for case in CASES if len(case.data) < 2_000),
    CREATE + b"Content-Length: %d\r\n\r\n" % len(_BODY) + _BODY,
    CREATE + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(_BODY), _BODY),
    b"POST /containers/x/attach?stdout=1&logs=1 HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n",
    b"POST /images/load HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
]
PIECES = [
    b"\r\n", b"\n", b"\r", b" ", b"\t", b":", b"\x00", b"\x7f", b"\x80", b"\xff", b"0", b"-1", b"chunked", b"close",
    b"HTTP/1.1", b"HTTP/1.0", b"Content-Length: 3\r\n", b"Transfer-Encoding: chunked\r\n", b"Host: x\r\n",
    b"Expect: 100-continue\r\n", b"Connection: close\r\n", b"Upgrade: tcp\r\n", b"\r\n\r\n", b"%", b"?", b"//", b";",
    b"99999999999999999999", b"GET ", b"POST ", b"HEAD ",
]  # fmt: skip
ALLOWED = {*range(100, 500), 501, 503, 505}


def mutated(random: Random) -> bytes:
    """Return one of the seeds with a few changes, or with another one behind it."""
    data = bytearray(random.choice(SEEDS))
    for _ in range(random.choice((0, 1, 1, 2, 3, 6))):
        at = random.randrange(len(data) + 1)
        match random.randrange(6):
            case 0:
                data[at:at] = random.choice(PIECES)
            case 1:
                data[at : at + random.randrange(1, 8)] = b""
            case 2:
                data[at : at + 1] = bytes([random.randrange(256)])
            case 3:
                data[at:at] = data[at : at + random.randrange(1, 40)]
            case 4:
                data += random.choice(SEEDS)
            case _:
                data[at : at + 4] = random.choice(PIECES)
    return bytes(data)


def asked(path: Path, data: bytes) -> list[RawAnswer]:
    """Send bytes, end the own side, and return all answers. Raises if there is no end, or something else in them."""
    with connected(path) as connection:
        with suppress(BrokenPipeError, ConnectionResetError):
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
        received = b""
        with suppress(ConnectionResetError):
            while piece := connection.recv(65536):
                received += piece
    # Which of several requests is a HEAD, only the server knows: then there are heads without bodies.
    return [] if b"HEAD " in data else answers(received)


def check(path: Path, data: bytes) -> None:
    try:
        found = asked(path, data)
        assert all(answer.status in ALLOWED for answer in found), found
        assert all("close" not in answer.headers.get("connection", "") for answer in found[:-1]), found
    except (AssertionError, ValueError, OSError) as error:
        raise AssertionError(f"sent: {data!r}") from error


def descriptors(service: Service) -> int:
    return len(list(Path(f"/proc/{service.process.pid}/fd").iterdir()))


@pytest.fixture
def fuzzed(tmp_path: Path) -> Iterator[Service]:
    with running(tmp_path / "data") as service:  # which asserts, at its end, that the log has no trace
        service.load_images()
        yield service


@pytest.mark.timeout(86_400)
def test_requests_that_were_changed_at_random_do_no_harm(fuzzed: Service) -> None:
    random = Random(SEED)
    sizes = []
    with ThreadPoolExecutor(AT_ONCE) as asking:
        for begin in range(0, REQUESTS, BLOCK):
            block = [mutated(random) for _ in range(min(BLOCK, REQUESTS - begin))]
            list(asking.map(lambda data: check(fuzzed.socket, data), block))
            assert fuzzed.answers()
            sizes.append(resident_bytes(fuzzed.process.pid))
    assert descriptors(fuzzed) < 60
    assert sizes[-1] - sizes[min(2, len(sizes) - 1)] < 64 * MIB, sizes
