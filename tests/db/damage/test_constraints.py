"""A value that the schema does not allow is found with its row, whatever let it in."""

import re
from pathlib import Path

import pytest
from damage import lawless
from stored_rows import CACHE, SCRIPT, WEB, fill

from statesvc.db.damage import constraints, findings
from statesvc.db.damage.constraints import Broken
from statesvc.db.damage.raw_rows import checked_tables
from statesvc.db.sqlite import bare, make_engine, reading

BUSYBOX, OTHER_SCRIPT = "sha256:" + "1" * 64, "sha256:" + "6" * 64
# For each CHECK a value that breaks it: table, column, value, which row, its key, its container.
BREAKS = [
    ("containers", "state", "'zzz'", f"id = '{WEB}'", WEB, WEB),
    ("containers", "origin", "''", f"id = '{WEB}'", WEB, WEB),
    ("containers", "managed", "9223372036854775807", f"id = '{WEB}'", WEB, WEB),
    ("containers", "oom_killed", "-1", f"id = '{WEB}'", WEB, WEB),
    ("containers", "started_before", "2", f"id = '{WEB}'", WEB, WEB),
    ("containers", "manually_stopped", "-9223372036854775808", f"id = '{WEB}'", WEB, WEB),
    ("containers", "prepared_at", "1", f"id = '{CACHE}'", CACHE, CACHE),
    ("containers", "script_digest", f"'{SCRIPT}'", f"id = '{CACHE}'", CACHE, CACHE),
    ("containers", "id", "'web'", f"id = '{CACHE}'", "web", "web"),
    ("container_names", "kind", "'zzz'", "name = 'web'", "web", WEB),
    ("container_names", "kind", "'alias'", "name = 'web'", "web", WEB),
    ("container_names", "generated", "7", "name = 'web'", "web", WEB),
    ("container_names", "name", "''", "name = 'web'", "", WEB),
    ("container_specs", "no_new_privileges", "7", f"container_id = '{WEB}'", WEB, WEB),
    ("container_mounts", "named", "7", "destination = '/srv'", f'["{WEB}","/srv"]', WEB),
    ("container_health", "status", "'zzz'", "true", WEB, WEB),
    ("execs", "state", "'zzz'", "pid = 77", "d" * 64, WEB),
    ("execs", "id", "'d'", "pid = 77", "d", WEB),
    ("images", "id", "'sha256:1'", f"id = '{BUSYBOX}'", "sha256:1", None),
    ("scripts", "digest", "'5'", f"digest = '{SCRIPT}'", "5", None),
    ("scripts", "restored_because", "'zzz'", f"digest = '{SCRIPT}'", SCRIPT, None),
    ("runtimes", "origin", "'zzz'", "id = 3", "3", None),
    ("runtimes", "script_digest", f"'{OTHER_SCRIPT}'", "id = 3", "3", None),
    ("service_state", "id", "2", "true", "2", None),
]


@pytest.fixture
def root(database_file: Path) -> Path:
    """A data root with rows in every table."""
    fill(database_file)
    return database_file.parent


def found(root: Path) -> list[Broken]:
    with reading(root / "statesvc.db") as conn:
        return list(constraints.broken(conn))


def test_nothing_is_found_in_sound_rows(root: Path) -> None:
    assert found(root) == []


def test_every_check_of_the_schema_is_tried_here() -> None:
    checks = {(table.name, rule.column) for table in checked_tables() for rule in constraints.of_table(table)
              if not re.match(r"typeof|json_valid", rule.condition)}  # fmt: skip
    assert checks == {(table, column) for table, column, *_ in BREAKS}


@pytest.mark.parametrize(
    ("table", "column", "value", "where", "key", "owner"), BREAKS, ids=[" ".join(each[:3]) for each in BREAKS]
)
def test_a_value_that_breaks_a_check_is_found_with_its_row(
    root: Path, table: str, column: str, value: str, where: str, key: str, owner: str | None
) -> None:
    with lawless(root) as raw:
        assert raw.execute(f"UPDATE {table} SET {column} = {value} WHERE {where}").rowcount == 1
    (only,) = found(root)
    assert (only.table, only.key, only.column, only.container_id) == (table, key, column, owner)
    assert re.fullmatch(rf"is not what ck_{table}_\w+ allows", only.reason)
    with reading(root / "statesvc.db") as conn:
        if owner and table != "containers":
            assert list(constraints.broken_of(conn, owner)) == [only]
        broken = [one for one in findings.unruly(conn, ()) if one.code == "constraint"]
    assert [(one.table, one.key, one.column, one.container_id) for one in broken] == [(table, key, column, owner)]
    assert broken[0].repair


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("image", "x'00ff'", "is not text"),
        ("image", "NULL", "is not text"),
        ("pid", "'12'", "is not integer"),
        ("revision", "9.5", "is not integer"),
        ("started_at", "'now'", "is not integer or null"),
    ],
)
def test_a_value_of_another_type_is_found_with_its_row(root: Path, column: str, value: str, reason: str) -> None:
    with make_engine(root / "statesvc.db", busy_timeout_ms=0, query_only=False).connect() as conn:
        raw = bare(conn)
        raw.execute("PRAGMA writable_schema=ON")
        (sql,) = raw.execute("SELECT sql FROM sqlite_schema WHERE name = 'containers'").fetchone()
        lax = re.sub(rf"(\n\s*{column} )\w+(?: NOT NULL)?", r"\1ANY", sql)
        assert lax != sql
        raw.execute("UPDATE sqlite_schema SET sql = ? WHERE name = 'containers'", (lax,))
        raw.execute("PRAGMA writable_schema=RESET")
        raw.execute(f"UPDATE containers SET {column} = {value} WHERE id = ?", (CACHE,))
        raw.execute("PRAGMA writable_schema=ON")
        raw.execute("UPDATE sqlite_schema SET sql = ? WHERE name = 'containers'", (sql,))
    assert found(root) == [Broken("containers", CACHE, column, CACHE, reason)]


def test_what_was_told_already_is_not_told_again(root: Path) -> None:
    with lawless(root) as raw:
        raw.execute("UPDATE execs SET process = '{' WHERE pid = 77")
    with reading(root / "statesvc.db") as conn:
        damaged = [one for one in findings.damaged(conn) if one.table == "execs"]
        assert [one.column for one in damaged] == ["process"]
        assert list(findings.unruly(conn, damaged)) == []
        assert [one.column for one in findings.unruly(conn, ())] == ["process"]
