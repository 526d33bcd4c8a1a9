"""Whatever is killed in a reload or a start, held scripts stay, nothing else is left, and no version is half there."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from held_scripts import lock_container

from statesvc import app
from statesvc.domain.documents import Config, ContainerCreate, HostConfig
from statesvc.settings import Settings

pytestmark = [pytest.mark.anyio, pytest.mark.kills]
TESTS = Path(__file__).parents[2]


def configure(root: Path, **runtimes: list[str]) -> None:
    entries = {name: {"path": "/bin/true", "runtimeArgs": args} for name, args in runtimes.items()}
    (root / "daemon.json").write_text(json.dumps({"runtimes": entries}))


@pytest.fixture
async def root(tmp_path: Path) -> Path:
    """Two containers that hold scripts, a version in force, a script that nobody holds; a file that changes it all."""
    root = tmp_path / "root"
    root.mkdir()
    settings = Settings(data_root=root / "data", config_file=root / "daemon.json", hosts=())
    configure(root, one=["--held"], two=["--unheld"])
    async with app.opened(settings) as services:
        for name, args in (("one", ["--held"]), ("one", ["--held too"])):
            configure(root, one=args, two=["--unheld"])
            await services.runtimes.reload()
            asked = ContainerCreate(config=Config(Cmd=["true"]), host_config=HostConfig(Runtime=name))
            created = await services.containers.create("", asked)
            await services.database.write(lock_container, created.id, name)
        configure(root, one=["--third"], two=["--swept"])
        await services.runtimes.reload()
    # A held file is damaged, another is missing: a start that is killed in between must mend them all the same.
    held, *_ = sorted((root / "data" / "runtimes").glob("one.*"))
    held.write_text("#!/bin/sh\n")
    configure(root, two=["--new"], three=["a b", "$c"])
    return root


@pytest.mark.parametrize("operation", ["reload", "start"])
async def test_what_is_killed_at_any_step_is_whole_after_a_restart(root: Path, operation: str) -> None:
    environment = os.environ | {"PYTHONPATH": str(TESTS)}
    program = [sys.executable, str(TESTS / "support" / "killing_reloads.py"), operation, str(root)]
    done = subprocess.run(program, env=environment, capture_output=True, text=True, check=False)  # noqa: ASYNC221
    assert done.returncode == 0, done.stderr
    outcomes = json.loads(done.stdout)
    assert outcomes["before"] > 10
    assert outcomes["after"] > 0
