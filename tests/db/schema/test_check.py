import re
from pathlib import Path

import pytest
from stored_rows import fill

from statesvc.db.schema import migrate
from statesvc.db.schema.catalogue import described, differences
from statesvc.db.schema.check import check
from statesvc.db.schema.migrate import schema_at
from statesvc.db.sqlite import make_engine, snapshot


def execute(path: Path, *statements: str) -> None:
    path.touch()
    with make_engine(path, busy_timeout_ms=0, query_only=False, foreign_keys=False).connect() as conn:
        for statement in statements:
            conn.exec_driver_sql(statement)


def test_a_sound_database_has_no_findings(database_file: Path) -> None:
    fill(database_file)
    found = check(database_file)
    assert found.sound
    assert found.revision == found.newest == migrate.known_revisions()[-1]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("CREATE TABLE mine (x)", "table mine does not belong there"),
        ("DROP INDEX ix_events_time", "index ix_events_time is missing"),
        ("CREATE TRIGGER t AFTER DELETE ON events BEGIN SELECT 1; END", "trigger t does not belong there"),
        ("CREATE VIEW v AS SELECT 1", "view v does not belong there"),
        ("ALTER TABLE events ADD COLUMN mine TEXT", r"table events has \['mine TEXT'\] and should have \[\]"),
    ],
)
def test_a_schema_that_is_not_the_revision_s_is_told(database_file: Path, change: str, message: str) -> None:
    execute(database_file, change)
    found = check(database_file)
    assert not found.sound
    assert found.damage == ()
    (only,) = found.drift
    assert re.fullmatch(message, only)


@pytest.mark.parametrize(
    ("there", "wanted"),
    [
        ("CHECK (a IN (0, 1))", "CHECK (a IN (0, 2))"),
        ("CHECK (a <> 'x, y')", "CHECK (a <> 'x,y')"),
        ("NOT NULL", ""),
        ("DEFAULT 'A'", "DEFAULT 'a'"),
    ],
)
def test_the_text_of_a_clause_counts(tmp_path: Path, there: str, wanted: str) -> None:
    schemas = []
    for number, clause in enumerate((there, wanted)):
        execute(tmp_path / f"{number}.db", f"CREATE TABLE t (a TEXT {clause}, b TEXT) STRICT")
        schemas.append(schema_of(tmp_path / f"{number}.db"))
    assert differences(*schemas)


def test_how_sql_is_written_does_not_count(tmp_path: Path) -> None:
    execute(tmp_path / "0.db", "CREATE TABLE \"t\" (\"a\" TEXT,\n  b TEXT CHECK (b IN ('x','y')) -- why\n) STRICT")
    execute(tmp_path / "1.db", "CREATE TABLE t (b TEXT CHECK ( b IN ('x', 'y') ), a  TEXT) STRICT")
    assert differences(schema_of(tmp_path / "0.db"), schema_of(tmp_path / "1.db")) == []


def schema_of(path: Path) -> dict[tuple[str, str], list[str]]:
    with snapshot(path) as connection:
        return described(connection)


def test_rows_without_what_they_refer_to_are_damage(database_file: Path) -> None:
    fill(database_file)
    execute(database_file, "INSERT INTO image_tags VALUES ('gone', 'sha256:gone')")
    found = check(database_file)
    assert not found.sound
    assert any("refers to a row of images that is not there" in line for line in found.damage)


def test_a_row_that_breaks_a_constraint_is_damage(database_file: Path) -> None:
    fill(database_file)
    execute(database_file, "PRAGMA ignore_check_constraints=ON", "UPDATE containers SET args = '['")
    found = check(database_file)
    assert any("CHECK constraint failed in containers" in line for line in found.damage)


def test_an_older_database_is_judged_by_its_own_revision(database_file: Path) -> None:
    migrate.downgrade(database_file, "0001")
    found = check(database_file)
    assert found.sound
    assert (found.revision, found.newest) == ("0001", migrate.known_revisions()[-1])


def test_a_revision_that_the_database_does_not_have_is_drift(database_file: Path) -> None:
    execute(database_file, "UPDATE alembic_version SET version_num = '0001'")
    found = check(database_file)
    assert not found.sound
    assert "table quarantine does not belong there" in found.drift


def test_nothing_is_expected_where_there_is_no_revision() -> None:
    assert schema_at(None) == {}


def test_the_tables_that_litestream_makes_are_its_own(database_file: Path) -> None:
    fill(database_file)
    execute(
        database_file,
        "CREATE TABLE _litestream_seq (id INTEGER PRIMARY KEY, seq INTEGER)",
        "CREATE TABLE _litestream_lock (id INTEGER)",
        "INSERT INTO _litestream_seq VALUES (1, 1)",
    )
    assert check(database_file).sound
