"""Few descriptors: what cannot be done is refused, nothing hangs, and all is well once there are more."""

import resource
import shutil
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path

from service import Answer, Service, running
from truth import claim, create, names_after_a_crash

LIMIT = 48


def few() -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (LIMIT, LIMIT))


def ask(service: Service, n: int) -> Answer | None:
    """Create one container, and list; None if there is no connection to do so."""
    try:
        service.call("GET", "/containers/json?all=1")
        return create(service, f"web-{n}")
    except (OSError, ValueError):
        return None


def test_answers_are_true_while_descriptors_run_out(loaded_root: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(loaded_root, tmp_path / "data"))
    with running(root, preexec_fn=few) as service:
        with ExitStack() as held:
            for _ in range(200):
                connection = held.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
                connection.settimeout(1)
                with suppress(OSError):
                    connection.connect(str(service.socket))
                    connection.sendall(b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n")
            with ThreadPoolExecutor(8) as pool:
                answers = dict(enumerate(pool.map(lambda n: ask(service, n), range(40))))
        claims = {f"web-{n}": answer and claim(answer) for n, answer in answers.items()}
        deadline = time.monotonic() + 20
        while (answer := ask(service, 1_000)) is None or answer.status != 201:
            assert time.monotonic() < deadline, answer
            time.sleep(0.1)
        found = names_after_a_crash(root)
    assert {name for name, claimed in claims.items() if claimed} <= found
    assert not {name for name, claimed in claims.items() if claimed is False} & found
