"""Every migration is tried with rows in every table, and with a database that each release left."""

import tempfile
from pathlib import Path

import pytest
from make_golden import GOLDEN, RELEASED, digest, load, released
from stored_rows import ROWS, fill, in_common, rows_of

from statesvc.db.schema import catalogue, migrate
from statesvc.db.schema.migrate import schema_at
from statesvc.db.sqlite import make_engine, snapshot

REVISIONS = migrate.known_revisions()


def schema_of(path: Path) -> dict[tuple[str, str], list[str]]:
    with snapshot(path) as connection:
        return catalogue.described(connection)


@pytest.mark.parametrize("revision", REVISIONS)
def test_each_revision_goes_down_and_up_again_with_rows_in_every_table(tmp_path: Path, revision: str) -> None:
    path = tmp_path / "statesvc.db"
    migrate.upgrade(path, revision)
    fill(path)
    there, rows = schema_of(path), rows_of(path)
    assert all(rows.values())
    migrate.downgrade(path, "-1")
    lower, lower_rows = schema_of(path), rows_of(path)
    assert in_common(lower_rows, rows) == in_common(rows, lower_rows)
    migrate.upgrade(path, revision)
    assert schema_of(path) == there
    assert in_common(rows_of(path), lower_rows) == in_common(lower_rows, rows)
    migrate.downgrade(path, "-1")
    assert (schema_of(path), rows_of(path)) == (lower, lower_rows)


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_downgraded_schema_is_the_one_that_its_revision_builds(tmp_path: Path, revision: str) -> None:
    path = tmp_path / "statesvc.db"
    migrate.upgrade(path)
    migrate.downgrade(path, revision)
    assert catalogue.differences(schema_of(path), schema_at(revision)) == []


@pytest.mark.parametrize("revision", REVISIONS)
def test_rows_of_an_older_schema_survive_the_way_to_the_newest_and_back(tmp_path: Path, revision: str) -> None:
    path = tmp_path / "statesvc.db"
    migrate.upgrade(path, revision)
    fill(path)
    rows = rows_of(path)
    migrate.upgrade(path)
    migrate.downgrade(path, revision)
    assert rows_of(path) == rows


@pytest.mark.parametrize("revision", released())
def test_a_released_database_goes_up_down_and_up_again_with_all_rows_equal(tmp_path: Path, revision: str) -> None:
    path = tmp_path / "statesvc.db"
    load(revision, path)
    rows = rows_of(path)
    assert all(rows.values())
    migrate.upgrade(path)
    newest = schema_of(path), rows_of(path)
    assert in_common(newest[1], rows) == in_common(rows, newest[1])
    migrate.downgrade(path, revision)
    assert rows_of(path) == rows
    migrate.upgrade(path)
    assert (schema_of(path), rows_of(path)) == newest


@pytest.mark.parametrize("revision", released())
def test_a_released_database_has_the_schema_that_its_migrations_build(tmp_path: Path, revision: str) -> None:
    path = tmp_path / "statesvc.db"
    load(revision, path)
    assert migrate.current(path) == revision
    assert catalogue.differences(schema_of(path), schema_at(revision)) == []


def test_no_released_migration_was_edited() -> None:
    edited = [revision for revision, kept in released().items() if digest(revision) != kept]
    assert not edited, f"{edited} are released: write a new migration instead (digests: {RELEASED.name})"


def test_each_released_migration_has_a_golden_database_and_none_is_left_out() -> None:
    assert sorted(released()) == sorted(file.stem for file in GOLDEN.iterdir())
    assert sorted(released()) == REVISIONS[: len(released())]


def test_the_filler_names_a_table_that_it_has_no_rows_for(tmp_path: Path) -> None:
    migrate.upgrade(tmp_path / "statesvc.db")
    with make_engine(tmp_path / "statesvc.db", busy_timeout_ms=0, query_only=False).connect() as connection:
        connection.exec_driver_sql("CREATE TABLE nodes (name TEXT)")
    with pytest.raises(AssertionError, match="no rows for table nodes"):
        fill(tmp_path / "statesvc.db")


def test_the_filler_names_a_column_that_it_has_no_value_for(tmp_path: Path) -> None:
    migrate.upgrade(tmp_path / "statesvc.db")
    with make_engine(tmp_path / "statesvc.db", busy_timeout_ms=0, query_only=False).connect() as connection:
        connection.exec_driver_sql("ALTER TABLE events ADD COLUMN node TEXT")
    with pytest.raises(AssertionError, match=r"no value for column events\.node"):
        fill(tmp_path / "statesvc.db")


def test_no_row_is_kept_for_a_table_or_column_that_no_revision_has() -> None:
    known: set[tuple[str, str]] = set()
    for revision in REVISIONS:
        known |= {(table, column) for table, columns in _columns_at(revision).items() for column in columns}
    kept = {(table, column) for table, rows in ROWS.items() for row in rows for column in row}
    assert kept - known == set()


def _columns_at(revision: str) -> dict[str, list[str]]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "statesvc.db"
        migrate.upgrade(path, revision)
        with snapshot(path) as connection:
            return {table: list(columns) for table, columns in catalogue.value_counts(connection).items()}
