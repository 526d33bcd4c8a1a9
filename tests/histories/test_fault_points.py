"""The fault points: named once, passed at one place, killed by the harness, and nothing to anyone else."""

import ast
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from histories.plays import PLAYS
from histories.steps import Step

from statesvc import faults
from statesvc.faults import Point

PACKAGE = Path(faults.__file__).parent
# What every request runs through, however often: a point there would cost all of them.
HOT = (
    "api/**/*.py", "domain/**/*.py", "validation/**/*.py", "services/listing/*.py", "services/containers/service.py",
    "db/containers/*.py", "db/statements.py", "db/readers.py", "db/sqlite.py",
)  # fmt: skip


def passed(path: Path) -> Iterator[str]:
    """Yield the name of each point that a module passes."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "passed":
            (point,) = node.args
            assert isinstance(point, ast.Attribute), f"{path}: {ast.unparse(node)}"
            yield point.attr


def test_each_point_is_passed_at_one_place() -> None:
    found = Counter(point for path in PACKAGE.rglob("*.py") for point in passed(path))
    assert found == Counter(list(Point.__members__))


def test_each_point_has_a_kill_in_the_harness() -> None:
    assert set(PLAYS) == {*Point, *Step}


@pytest.mark.parametrize("pattern", HOT)
def test_what_every_request_runs_through_has_no_point(pattern: str) -> None:
    paths = list(PACKAGE.glob(pattern))
    assert paths
    assert [point for path in paths for point in passed(path)] == []


def upgrade(root: Path, fault: str | None) -> subprocess.Popen[str]:
    environment = {name: value for name, value in os.environ.items() if name != faults.VARIABLE}
    environment |= {} if fault is None else {faults.VARIABLE: fault}
    command = [sys.executable, "-m", "statesvc", "db", "upgrade", "--data-root", str(root)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, env=environment, text=True, **pipes)


@pytest.mark.parametrize("fault", [None, "", "migrate_step:99", "restore_copied:1"])
def test_a_process_without_its_point_does_its_work(tmp_path: Path, fault: str | None) -> None:
    process = upgrade(tmp_path / "data", fault)
    _, complaints = process.communicate(timeout=60)
    assert (process.returncode, complaints) == (0, "")


def test_the_chosen_passing_kills_the_process(tmp_path: Path) -> None:
    process = upgrade(tmp_path / "data", "migrate_step:3")
    _, complaints = process.communicate(timeout=60)
    assert (process.returncode, complaints) == (-signal.SIGKILL, "fault point migrate_step\n")


def test_a_process_can_be_stopped_where_it_stands(tmp_path: Path) -> None:
    process = upgrade(tmp_path / "data", "migrate_checked:1:stop")
    _, status = os.waitpid(process.pid, os.WUNTRACED)
    assert os.WIFSTOPPED(status)
    process.send_signal(signal.SIGCONT)
    _, complaints = process.communicate(timeout=60)
    assert (process.returncode, complaints) == (0, "fault point migrate_checked\n")


@pytest.mark.parametrize("fault", ["nothing", "no_such_point:1", "write_begun:x", "write_begun:1:wait"])
def test_a_point_that_cannot_be_armed_is_refused(fault: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - of int, of the enumeration, or our own
        faults.arm(fault)
    assert faults._Trap.point is None
