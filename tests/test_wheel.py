"""The wheel: an installed statesvc needs no checkout."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from service import running

CHECKOUT = Path(__file__).parents[1]

# With xdist, one worker builds it.
pytestmark = pytest.mark.xdist_group("wheel")


def pip(*args: str) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", *args]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(CHECKOUT))
    return next(folder.glob("*.whl"))


def test_the_wheel_carries_every_migration(wheel: Path) -> None:
    carried = {Path(name).name for name in zipfile.ZipFile(wheel).namelist() if "migrations/versions/" in name}
    assert carried == {file.name for file in (CHECKOUT / "migrations" / "versions").glob("*.py")}


def test_an_installed_statesvc_migrates_and_serves_without_a_checkout(wheel: Path, tmp_path: Path) -> None:
    installed, empty = tmp_path / "installed", tmp_path / "empty"
    empty.mkdir()
    pip("install", "--no-deps", "--target", str(installed), str(wheel))
    program = (sys.executable, "-P", str(installed / "bin" / "statesvc"))
    environment = os.environ | {"PYTHONPATH": str(installed)}
    imported = subprocess.run(
        [sys.executable, "-c", "import statesvc.db.schema.migrate as m; print(m.scripts())"],
        cwd=empty,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path(imported.stdout.strip()).is_relative_to(installed)
    with running(tmp_path / "data", program=program, cwd=empty, env=environment) as service:
        assert service.answers()
    assert "database migrated" in service.log_text
