"""A small command starts quickly: it imports neither the program nor what only the service needs."""

import subprocess
import sys
from pathlib import Path

import pytest
from service import Service

from statesvc.db.schema import migrate

RUN = """
import sys
from statesvc.cli import main
try:
    main()
except SystemExit as end:
    print(end.code or 0, *(name for name in NAMES.split(",") if name in sys.modules), file=sys.stderr)
"""
SERVICE = ("statesvc.app", "statesvc.services", "statesvc.api", "uvloop")
DATABASE = ("sqlalchemy", "alembic")
OFFLINE = (["sql", "SELECT 1"], ["db", "current"], ["db", "history"], ["db", "backup"])
ONLINE = (["runtimes", "list"], ["runtimes", "drift"], ["runtimes", "reload"], ["export", "run", "web"])


def imported(words: list[str], root: Path, *names: str) -> str:
    """Return the exit code of a command, and which of the modules it imported."""
    program = RUN.replace("NAMES", repr(",".join(names)))
    command = [sys.executable, "-c", program, *words, "--data-root", str(root)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    return done.stderr.splitlines()[-1]


@pytest.mark.parametrize("words", OFFLINE, ids=" ".join)
def test_a_command_over_the_file_alone_does_not_import_the_service(words: list[str], tmp_path: Path) -> None:
    migrate.upgrade(tmp_path / "statesvc.db")
    loaded = imported(words, tmp_path, *SERVICE)
    assert loaded == "0"


def test_a_check_imports_nothing_that_serves(tmp_path: Path) -> None:
    migrate.upgrade(tmp_path / "statesvc.db")
    assert imported(["check"], tmp_path, "statesvc.app", "statesvc.api", "uvloop") == "0"


def test_a_question_to_the_service_imports_neither_it_nor_a_database(own_service: Service, tmp_path: Path) -> None:
    own_service.create("web")
    body = tmp_path / "body.json"
    body.write_text('{"Image": "busybox"}')
    for words in (*ONLINE, ["validate", str(body)]):
        assert imported(words, own_service.data_root, *SERVICE, *DATABASE) == "0", words


@pytest.mark.parametrize("words", [["--help"], ["--version"]], ids=" ".join)
def test_help_imports_no_asyncio_either(words: list[str]) -> None:
    program = RUN.replace("NAMES", repr(",".join((*SERVICE, *DATABASE, "asyncio", "pydantic"))))
    done = subprocess.run([sys.executable, "-c", program, *words], capture_output=True, text=True, check=False)
    assert done.stderr.splitlines()[-1] == "0"
