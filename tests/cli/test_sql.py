"""`statesvc sql`, as a process: what it prints, its exit codes, and what it says of the machine's own sqlite3."""

import csv
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from service import Service
from stored_rows import WEB, fill


@pytest.fixture
def root(data_root: Path) -> Path:
    """A data root that no service holds, with rows in every table."""
    fill(data_root / "statesvc.db")
    return data_root


def sql(
    *words: str, root: Path, code: int = 0, stdin: str = "", path: str | None = None
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "statesvc", "sql", *words, "--data-root", str(root)]
    environment = os.environ | ({} if path is None else {"PATH": path})
    done = subprocess.run(
        command, input=stdin, capture_output=True, text=True, check=False, timeout=60, env=environment
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done


def a_shell(folder: Path, says: str) -> str:
    folder.mkdir()
    (folder / "sqlite3").write_text(f"#!/bin/sh\necho '{says}'\n")
    (folder / "sqlite3").chmod(0o755)
    return str(folder)


def test_a_table_has_a_line_for_each_row_and_obeys_no_value(root: Path) -> None:
    printed = sql("SELECT name, pid, health FROM v_containers WHERE name < 'd' OR pid > 0 ORDER BY 1", root=root).stdout
    assert printed == "name   pid   health\n-----  ----  -------\ncache  0\nweb    4321  healthy\n"
    assert sql("SELECT char(27, 10) AS x", root=root).stdout == "x\n------\n\\x1b\\n\n"


def test_json_is_a_list_of_objects_and_bytes_are_told_in_digits(root: Path) -> None:
    query = (
        "SELECT name, pid AS n, 1 AS n, health, x'00ff' AS raw, zeroblob(40) AS long FROM v_containers WHERE id = '{}'"
    )
    printed = sql("--format", "json", query.format(WEB), root=root).stdout
    assert json.loads(printed) == [
        {
            "name": "web",
            "n": 4321,
            "n_2": 1,
            "health": "healthy",
            "raw": "x'00ff'",
            "long": f"x'{'00' * 32}'… (40 bytes)",
        }
    ]


def test_csv_can_be_read_back(root: Path) -> None:
    printed = sql("--format", "csv", "-", root=root, stdin="SELECT 'a,\"b\nc' AS x, NULL AS y, 1.5 AS z").stdout
    assert list(csv.reader(printed.splitlines(keepends=True))) == [["x", "y", "z"], ['a,"b\nc', "", "1.5"]]


def test_a_cut_answer_is_told_on_stderr_and_by_the_exit_code(root: Path) -> None:
    done = sql("--max-rows", "2", "--format", "csv", "SELECT name FROM v_names ORDER BY name", root=root, code=1)
    assert done.stdout == "name\ncache\neager_hopper\n"
    assert "the answer is cut after 2 rows: there are more than 2 rows" in done.stderr
    endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT max(x) FROM n"
    assert "cut after 0 rows: it took longer than 0.2 s" in sql("--timeout", "0.2", endless, root=root, code=1).stderr


def test_a_function_that_cannot_be_interrupted_is_cut_all_the_same(root: Path) -> None:
    long = "SELECT instr(hex(zeroblob(5000000)), hex(zeroblob(500000)) || '1')"
    begun = time.monotonic()
    assert "cut after 0 rows: it took longer than 0.2 s" in sql("--timeout", "0.2", long, root=root, code=1).stderr
    assert time.monotonic() - begun < 10


def test_mistakes_are_told_by_exit_code_and_sentence(root: Path, tmp_path: Path) -> None:
    assert "query a view of docs/admin-sql.md" in sql("SELECT * FROM container_specs", root=root, code=2).stderr
    assert "only SELECT" in sql("--all-tables", "DELETE FROM events", root=root, code=2).stderr
    assert "there is no database" in sql("SELECT 1", root=tmp_path / "none", code=3).stderr


@pytest.mark.parametrize("version", ["3.40.1", "3.51.2", "3.7.17", "3.50.6"])
def test_a_sqlite3_that_can_lose_data_is_named_with_the_reason(root: Path, tmp_path: Path, version: str) -> None:
    path = a_shell(tmp_path / "bin", f"{version} 2022-12-28 14:03:47 df5c")
    output = sql("SELECT 1", root=root, path=path).stderr
    assert f"do not open {root}/statesvc.db with {path}/sqlite3: SQLite {version} can lose committed data" in output


@pytest.mark.parametrize("says", ["3.51.3 2026-01-01", "3.50.7 x", "", "sqlite"])
def test_a_sound_sqlite3_is_not_spoken_of(root: Path, tmp_path: Path, says: str) -> None:
    assert sql("SELECT 1", root=root, path=a_shell(tmp_path / "bin", says)).stderr == ""


def test_no_sqlite3_is_not_spoken_of_either(root: Path, tmp_path: Path) -> None:
    assert sql("SELECT 1", root=root, path=str(tmp_path)).stderr == ""


def test_the_help_says_what_is_dangerous_and_why() -> None:
    command = [sys.executable, "-m", "statesvc", "sql", "--help"]
    output = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    assert "WAL-reset race" in output


def test_it_answers_beside_a_service_that_writes(own_service: Service) -> None:
    made = own_service.create("beside", Env=["TOKEN=hush-hush"], Labels={"tier": "front"})
    done = sql(
        "--format", "json", "SELECT id, labels FROM v_containers WHERE name = 'beside'", root=own_service.data_root
    )
    assert json.loads(done.stdout) == [{"id": made, "labels": '{"tier":"front"}'}]
    own_service.create("after")
    assert own_service.answers()


def test_json_has_no_infinity(root: Path) -> None:
    printed = sql("--format", "json", "SELECT 1e999 AS x, -1e999 AS y", root=root).stdout
    assert json.loads(printed, parse_constant=pytest.fail) == [{"x": "inf", "y": "-inf"}]


def test_ctrl_c_ends_a_question_and_is_not_told_as_its_time(root: Path) -> None:
    endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n WHERE x < 0"
    command = [sys.executable, "-c", _ASK_AND_INTERRUPT, endless, "--timeout", "60", "--data-root", str(root)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, "took longer" in done.stderr) == (130, False), done.stderr


# The question itself is interrupted: nobody has to guess when it has begun.
_ASK_AND_INTERRUPT = """
import os, signal, sys
from statesvc.cli import main
from statesvc.db.views import questions as asking
signal.signal(signal.SIGINT, signal.default_int_handler)
opened = asking._opened
def interrupted(*words):
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    return opened(*words)
signal.signal(signal.SIGALRM, lambda *_: os.kill(os.getpid(), signal.SIGINT))
asking._opened = interrupted
sys.argv[1:1] = ["sql"]
main()
"""


@pytest.mark.parametrize(
    ("option", "value"),
    [("--timeout", value) for value in ("inf", "1e300", "nan", "0", "-1")] + [("--max-rows", "9" * 30)],
)
def test_a_bound_that_cannot_be_is_refused_in_one_sentence(option: str, value: str, root: Path) -> None:
    done = sql(option, value, "SELECT 1", root=root, code=2)
    assert re.search(rf"^statesvc: {option} is \S+: write .*\n\Z", done.stderr), done.stderr
