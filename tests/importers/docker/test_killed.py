"""Whatever step an import is killed at, each object is there as a whole or not at all, and it can be completed."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from docker_root import DockerRoot

from statesvc import app
from statesvc.settings import Settings

pytestmark = [pytest.mark.anyio, pytest.mark.kills]
TESTS = Path(__file__).parents[2]


async def test_an_import_killed_at_any_step_has_whole_objects_and_is_completed_by_a_second(
    root: DockerRoot, tmp_path: Path
) -> None:
    web, cache = root.image(author="web", config={"Env": ["A=1"]}), root.image(author="cache")
    digest = f"shop/web@sha256:{'d' * 64}"
    root.references({"shop/web:1": web, "shop/web:latest": web, "cache:1": cache, digest: web})
    root.container("db", config={"Labels": {"tier": "back"}}, host={"NetworkMode": "bridge"}, Image=cache)
    root.container("web", host={"Links": ["db:database"], "NetworkMode": "bridge"}, Image=web)
    root.container("lonely", Image=web)
    async with app.opened(Settings(data_root=tmp_path / "data", hosts=())):
        pass
    outer = tmp_path / "root"
    outer.mkdir()
    for folder in ("data", "docker"):
        (tmp_path / folder).rename(outer / folder)
    program = [sys.executable, str(TESTS / "support" / "killing_imports.py"), str(outer)]
    environment = os.environ | {"PYTHONPATH": str(TESTS)}
    done = subprocess.run(program, env=environment, capture_output=True, text=True, check=False)  # noqa: ASYNC221
    assert done.returncode == 0, done.stderr
    # Two images and three containers: every number of them was left at some step.
    assert json.loads(done.stdout).keys() == {"0", "1", "2", "3", "4", "5"}
