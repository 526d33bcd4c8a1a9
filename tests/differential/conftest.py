"""Both engines side by side: Debian's dockerd, and the service with what it reads of this very host."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from differential.compare import Pair
from differential.engine import engine
from differential.peer import Peer
from service import CONFORMANCE, running


@pytest.fixture(scope="session")
def pair() -> Iterator[Pair]:
    """The two, each with busybox and the same containers to refer to."""
    missing = "dockerd is not installed" if shutil.which("dockerd") is None else ""
    if os.geteuid() != 0:
        missing = "dockerd needs root"
    if missing:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(missing)
    image = (CONFORMANCE / "images" / "busybox_latest.tar.gz").read_bytes()
    # Not below /tmp, which requests mount: what contains the data root is mounted in another way.
    with (
        tempfile.TemporaryDirectory(prefix="statesvc-differential-", dir="/var/tmp") as folder,
        engine() as docker,
        running(Path(folder) / "data") as service,
    ):
        statesvc = Peer("statesvc", service.socket, service.data_root)
        yield Pair.prepared(docker, statesvc, image)
        statesvc.close()
