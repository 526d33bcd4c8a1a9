"""Another program that holds the database: changes are refused in time and truly, reads go on."""

import os
import shutil
import threading
import time
from pathlib import Path

from service import running
from truth import claim, create, created_at_once, names_after_a_crash, writes_wait

PATIENCE_MS = 500


def test_a_lock_held_for_long_refuses_all_that_wait_in_their_time(loaded_root: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(loaded_root, tmp_path / "data"))
    environment = {**os.environ, "STATESVC_BUSY_TIMEOUT_MS": str(PATIENCE_MS)}
    with running(root, env=environment) as service:
        assert create(service, "before").status == 201
        with writes_wait(root):
            began = time.monotonic()
            answers = created_at_once(service, [f"web-{n}" for n in range(60)])
            waited = time.monotonic() - began
            assert service.call("GET", "/containers/before/json").status == 200
            assert names_after_a_crash(root) == {"before"}
        assert {(claim(answer), answer.headers.get("retry-after")) for answer in answers.values()} == {(False, "1")}
        assert waited < 10 * PATIENCE_MS / 1_000  # one after the other they would wait 30 s
        assert create(service, "after").status == 201


def test_a_lock_held_for_a_moment_is_waited_for(loaded_root: Path, tmp_path: Path) -> None:
    root = Path(shutil.copytree(loaded_root, tmp_path / "data"))
    with running(root) as service:
        with writes_wait(root):
            answers: dict[str, int] = {}
            thread = threading.Thread(target=lambda: answers.update(web=create(service, "web").status))
            thread.start()
            time.sleep(0.3)
            assert not answers
        thread.join()
        assert answers == {"web": 201}
