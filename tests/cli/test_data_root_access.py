"""Commands that only ask, as processes: they make no database, and migrate none."""

import subprocess
import sys
from pathlib import Path

import pytest

from statesvc.db.schema import migrate

QUESTIONS = (["export", "run", "web"], ["runtimes", "list"], ["runtimes", "drift"], ["runtimes", "history"])


def statesvc(words: list[str], root: Path, code: int) -> str:
    command = [sys.executable, "-m", "statesvc", *words, "--data-root", str(root)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stderr


@pytest.mark.parametrize("words", QUESTIONS, ids=" ".join)
def test_a_question_makes_no_database(words: list[str], tmp_path: Path) -> None:
    assert "there is no database" in statesvc(words, tmp_path / "none", 3)
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("words", QUESTIONS, ids=" ".join)
def test_a_question_migrates_no_database(words: list[str], tmp_path: Path) -> None:
    path = tmp_path / "statesvc.db"
    migrate.upgrade(path, "0002")
    assert "run statesvc db upgrade first" in statesvc(words, tmp_path, 4)
    assert migrate.current(path) == "0002"
