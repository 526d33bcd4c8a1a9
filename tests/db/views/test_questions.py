import hashlib
import subprocess
import sys
import time
from pathlib import Path

import pytest
from stored_rows import CACHE, SCRIPT, WEB, fill, rows_of

from statesvc.db.schema import migrate
from statesvc.db.sqlite import make_engine
from statesvc.db.views.cook_book import RECIPES
from statesvc.db.views.questions import Answer, ask
from statesvc.db.views.views import VIEWS
from statesvc.errors import Conflict, InvalidParameter, Unavailable

ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n"

# A single call of a function that takes a minute and more, and that SQLite cannot interrupt.
LONG = "instr(hex(zeroblob(5000000)) || value, hex(zeroblob(500000)) || '1')"


@pytest.fixture
def path(database_file: Path) -> Path:
    """A database with rows in every table."""
    fill(database_file)
    return database_file


def asked(path: Path, query: str, *, seconds: float = 30, max_rows: int = 100, all_tables: bool = False) -> Answer:
    return ask(path, query, seconds=seconds, max_rows=max_rows, all_tables=all_tables)


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.noun)
def test_every_column_of_every_view_may_be_asked_alone(path: Path, view) -> None:
    for column in view.columns:
        assert asked(path, f"SELECT {column.name} FROM {view.name}").columns == (column.name,)
    assert asked(path, f"SELECT * FROM v_{view.noun}").columns == tuple(column.name for column in view.columns)


@pytest.mark.parametrize(
    "query",
    [
        "SELECT config FROM container_specs",
        "SELECT (SELECT config FROM container_specs) FROM v_containers",
        "WITH x AS (SELECT config FROM container_specs) SELECT * FROM x",
        "SELECT id FROM v_containers UNION SELECT config FROM container_specs",
        "SELECT id FROM v_containers ORDER BY (SELECT config FROM container_specs)",
        "SELECT v.id FROM v_containers v JOIN container_specs s ON s.container_id = v.id WHERE s.config LIKE '%A=1%'",
        "SELECT 1 FROM v_containers WHERE EXISTS (SELECT 1 FROM container_specs WHERE config > 'x')",
        "WITH v_names AS (SELECT config FROM container_specs) SELECT * FROM v_names",
        'WITH "V_names"(a) AS (SELECT config FROM container_specs) SELECT * FROM v_names',
        "WITH [v1_names] AS NOT MATERIALIZED (SELECT config FROM container_specs) SELECT * FROM v1_names",
        "WITH v_names/**/AS--\n(SELECT config FROM container_specs) SELECT * FROM v_names",
        "SELECT data FROM sqlite_dbpage",
        "SELECT sql FROM sqlite_temp_master",
    ],
)
def test_without_all_tables_only_views_are_read(path: Path, query: str) -> None:
    with pytest.raises(InvalidParameter):
        asked(path, query)


def test_a_string_or_comment_that_names_a_view_is_no_view(path: Path) -> None:
    assert asked(path, "SELECT 'v_names', name /* v_names( */ FROM v_names -- v_names(").rows
    assert asked(path, "SELECT n.name FROM v_names AS n JOIN v_names m ON (m.name = n.name)").rows


def test_all_tables_reads_tables_and_still_cannot_write(path: Path) -> None:
    answer = asked(path, "SELECT config FROM container_specs ORDER BY container_id LIMIT 1", all_tables=True)
    assert "SECRET=" in answer.rows[0][0]
    with pytest.raises(InvalidParameter, match="only SELECT"):
        asked(path, "DELETE FROM containers", all_tables=True)


@pytest.mark.parametrize("all_tables", [False, True])
@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM containers",
        "UPDATE containers SET state = 'dead' RETURNING id",
        "INSERT INTO v_names DEFAULT VALUES",
        "WITH x AS (SELECT 1) DELETE FROM events",
        "REPLACE INTO events (seq) VALUES (1)",
        "CREATE TABLE x (y)",
        "CREATE TEMP TABLE x (y)",
        "CREATE TEMP TABLE x AS SELECT * FROM v_names",
        "DROP VIEW v_names",
        "ALTER TABLE events ADD COLUMN x",
        "PRAGMA query_only=OFF",
        "PRAGMA journal_mode=DELETE",
        "PRAGMA writable_schema=ON",
        "PRAGMA wal_checkpoint(TRUNCATE)",
        "SELECT * FROM pragma_wal_checkpoint",
        "SELECT * FROM pragma_journal_mode('delete')",
        "ATTACH DATABASE 'other.db' AS other",
        "DETACH DATABASE main",
        "VACUUM",
        "VACUUM INTO 'copy.db'",
        "REINDEX",
        "ANALYZE",
        "BEGIN IMMEDIATE",
        "SAVEPOINT x",
        "SELECT load_extension('x.so')",
        "SELECT writefile('x', 'y')",
        "SELECT readfile('/etc/passwd')",
        "SELECT 1; DELETE FROM events",
        "",
        "-- nothing",
        "SELEC 1",
        "SELECT nothing FROM v_names",
    ],
)
def test_what_is_no_select_is_refused_and_nothing_is_changed(
    path: Path, query: str, all_tables: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(path.parent)
    before, files = rows_of(path), sorted(path.parent.iterdir())
    with pytest.raises(InvalidParameter):
        asked(path, query, all_tables=all_tables)
    assert rows_of(path) == before
    assert {one.name for one in path.parent.iterdir()} - {one.name for one in files} <= {
        f"{path.name}-shm",
        f"{path.name}-wal",
    }


def test_a_question_does_not_change_one_byte_of_the_file_even_with_a_log_beside_it(path: Path) -> None:
    with make_engine(path, busy_timeout_ms=0, query_only=False).connect() as writing:
        writing.exec_driver_sql("UPDATE container_names SET name = 'www' WHERE name = 'web'")
        before = hashlib.sha256(path.read_bytes()).hexdigest()
        assert ("web",) not in asked(path, "SELECT name FROM v_names").rows
        assert hashlib.sha256(path.read_bytes()).hexdigest() == before


def test_a_question_neither_waits_for_a_writer_nor_holds_one_up(path: Path) -> None:
    with make_engine(path, busy_timeout_ms=0, query_only=False).connect() as writing:
        writing.exec_driver_sql("BEGIN IMMEDIATE")
        writing.exec_driver_sql("DELETE FROM containers")
        assert len(asked(path, "SELECT name FROM v_names").rows) == 4
        writing.exec_driver_sql("COMMIT")
    assert asked(path, "SELECT name FROM v_names").rows == []


def test_an_answer_is_cut_by_rows_and_says_so(path: Path) -> None:
    answer = asked(path, "SELECT name FROM v_names", max_rows=3)
    assert (len(answer.rows), answer.cut) == (3, "there are more than 3 rows")
    assert asked(path, "SELECT name FROM v_names", max_rows=4).cut == ""
    assert len(asked(path, ENDLESS, max_rows=1_000).rows) == 1_000


def test_an_answer_is_cut_by_time_and_says_so(path: Path) -> None:
    answer = asked(path, f"SELECT max(x) FROM ({ENDLESS})", seconds=0.1)
    assert (answer.rows, answer.cut) == ([], "it took longer than 0.1 s")


@pytest.mark.parametrize(
    "query",
    [
        "SELECT sum(length(hex(randomblob(30000000)))) FROM v_names a, v_names b, v_names c, v_names d",
        f"SELECT {LONG} FROM (SELECT 2 AS value)",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i FROM n) SELECT count(*) FROM n",
    ],
    ids=["functions", "one call", "loop"],
)
def test_a_question_ends_in_time_whatever_it_does(path: Path, query: str) -> None:
    begun = time.monotonic()
    asked = subprocess.run(
        [sys.executable, "-c", _ASK, str(path), query], capture_output=True, text=True, check=False, timeout=30
    )
    assert (asked.returncode, asked.stdout) == (0, "it took longer than 0.5 s\n"), asked.stderr
    assert time.monotonic() - begun < 10


_ASK = """
import sys
from pathlib import Path
from statesvc.db.views.questions import ask
print(ask(Path(sys.argv[1]), sys.argv[2], seconds=0.5, max_rows=10).cut)
"""


def test_what_was_found_in_time_is_in_the_answer(path: Path) -> None:
    slow = f"CASE value WHEN 3 THEN {LONG} ELSE value END"
    answer = ask(path, f"SELECT {slow} AS v FROM json_each('[1, 2, 3, 4]')", seconds=0.5, max_rows=10)
    assert (answer.columns, answer.rows[0], answer.cut) == (("v",), (1,), "it took longer than 0.5 s")
    assert len(answer.rows) <= 2


def test_an_answer_that_takes_too_much_memory_is_refused(path: Path) -> None:
    with pytest.raises(InvalidParameter, match=r"memory|too big"):
        asked(path, "SELECT length(hex(zeroblob(400000000)))")


def test_a_database_without_views_says_how_to_get_them(path: Path) -> None:
    migrate.downgrade(path, "0003")
    with pytest.raises(Conflict, match="no views: its schema is 0003, and statesvc db upgrade adds them"):
        asked(path, "SELECT 1")
    assert asked(path, "SELECT count(*) FROM containers", all_tables=True).rows == [(3,)]


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.db").write_bytes(b"no database" * 100)
    with pytest.raises(Unavailable, match="not a database"):
        asked(tmp_path / "x.db", "SELECT 1")


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.question)
def test_every_recipe_of_the_cook_book_is_answered_by_the_views_alone(path: Path, recipe) -> None:
    assert asked(path, recipe.sql).columns


@pytest.mark.parametrize(
    ("start", "rows"),
    [
        ("What is this ID", [(WEB, "web", "running", "busybox:latest")]),
        ("How many containers", [("created", 1), ("exited", 1), ("running", 1)]),
        ("Which containers have a label", [("cache", "'back';--"), ("web", "front")]),
        ("Which container publishes this port", [("web", "::", 80, "tcp")]),
        ("Which containers use this volume", [("web", "/data", None)]),
        ("Which containers mount a path", [("web", "/srv", "/srv")]),
        ("Which containers have no memory limit", []),
        ("Which containers set this", [("eager_hopper",)]),
        ("Which containers failed", [("cache", 137, 1, "no \u00bbdisk\u00ab", "2023-11-14T22:13:20.000000009Z")]),
        ("Which containers restart", []),
        ("What changed in the last hour", []),
        ("What happened to this container", [(41, "2023-11-14T22:13:20.000000001Z", "create", None)]),
        (
            "What happened to a container that may be gone",
            [(41, "2023-11-14T22:13:20.000000001Z", "create", None, 1000, "docker/26.1.5 (linux) \u00bb'\"")],
        ),
        ("What still holds", [(SCRIPT, "container", "web", "crun", 2), (SCRIPT, "version", None, "crun", 2)]),
        ("Which images does no", []),
        ("Which containers outlived", [("eager_hopper", "busybox:latest", "sha256:" + "7" * 64)]),
        (
            "Which rows cannot",
            [
                ("2023-11-14T22:13:20.000000003Z", "container_specs", CACHE, "config", "is not JSON", "cache"),
                ("2023-11-14T22:13:20Z", "events", "41", "attributes", "is not JSON", None),
            ],
        ),
    ],
)
def test_the_cook_book_answers_what_the_rows_say(path: Path, start: str, rows: list[tuple[object, ...]]) -> None:
    (recipe,) = (one for one in RECIPES if one.question.startswith(start))
    assert asked(path, recipe.sql).rows == rows


def test_an_answer_is_cut_when_its_rows_take_too_much_memory(path: Path) -> None:
    answer = asked(path, f"SELECT zeroblob(60000000) FROM ({ENDLESS}) LIMIT 20")
    assert (len(answer.rows), answer.cut) == (4, "it takes more than 256 MiB of memory")


def test_a_value_longer_than_sqlite_holds_is_refused(path: Path) -> None:
    with pytest.raises(InvalidParameter, match="memory"):
        asked(path, "SELECT zeroblob(2000000000)")
