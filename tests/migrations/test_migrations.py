import re
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

import statesvc.db.triggers  # noqa: F401 - lets create_all make the triggers
from statesvc.db import migrate
from statesvc.db.engine import make_engine
from statesvc.db.tables import metadata
from statesvc.errors import Conflict


def schema_of(path: Path) -> dict[tuple[str, str], list[str]]:
    """Return each object of the schema with its clauses in order: what autogenerate is blind to counts too."""
    with make_engine(path, busy_timeout_ms=0, query_only=True).connect() as conn:
        rows = conn.exec_driver_sql("SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL").all()
    return {(row[0], row[1]): _clauses(row[2]) for row in rows if not row[1].startswith("alembic_version")}


def _clauses(sql: str) -> list[str]:
    flat = re.sub(r"\s+", " ", sql).replace("( ", "(").replace(" )", ")").replace('"', "")
    return sorted(part.strip() for part in re.split(r",(?![^(]*\))", flat))


def test_the_migrations_build_the_schema_of_the_tables(tmp_path: Path) -> None:
    migrate.upgrade(tmp_path / "migrated.db")
    metadata.create_all(make_engine(tmp_path / "created.db", busy_timeout_ms=0, query_only=False))
    assert schema_of(tmp_path / "migrated.db") == schema_of(tmp_path / "created.db")


def test_there_is_one_head_and_each_revision_is_known() -> None:
    directory = ScriptDirectory(str(migrate.scripts()))
    assert directory.get_heads() == [migrate.known_revisions()[-1]]
    assert sorted(script.revision for script in directory.walk_revisions()) == migrate.known_revisions()


def test_a_migration_is_named_by_its_number_and_a_verb() -> None:
    for file in (migrate.scripts() / "versions").glob("*.py"):
        assert re.fullmatch(r"\d{4}_[a-z]+(_[a-z0-9]+)+\.py", file.name), file.name
        assert "statesvc" not in re.findall(r"^(?:from|import) (\w+)", file.read_text(), re.MULTILINE)


def test_each_revision_goes_up_down_and_up_again(tmp_path: Path) -> None:
    path = tmp_path / "statesvc.db"
    for revision in migrate.known_revisions():
        migrate.upgrade(path, revision)
        there = schema_of(path)
        migrate.downgrade(path, "-1")
        migrate.upgrade(path, revision)
        assert schema_of(path) == there


def test_the_last_downgrade_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "statesvc.db"
    migrate.upgrade(path)
    migrate.downgrade(path, "base")
    assert schema_of(path) == {}


def test_an_empty_database_is_brought_up_to_date_once(tmp_path: Path) -> None:
    path, newest = tmp_path / "statesvc.db", migrate.known_revisions()[-1]
    assert migrate.bring_up_to_date(path) == (None, newest)
    assert migrate.bring_up_to_date(path) == (newest, newest)


def test_a_newer_database_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "statesvc.db"
    migrate.upgrade(path)
    with make_engine(path, busy_timeout_ms=0, query_only=False).connect() as conn:
        conn.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(Conflict, match=r"schema 9999, which is newer .* install the version of statesvc"):
        migrate.bring_up_to_date(path)
    assert migrate.current(path) == "9999"


def test_a_failing_migration_leaves_the_database_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "statesvc.db"
    with make_engine(path, busy_timeout_ms=0, query_only=False).connect() as conn:
        conn.exec_driver_sql("CREATE TABLE service_state (x)")  # in the way of the last statements
    before = schema_of(path)
    with pytest.raises(Exception, match="service_state"):
        migrate.upgrade(path)
    assert schema_of(path) == before
    assert migrate.current(path) is None


def test_alembic_from_a_checkout_does_the_same(tmp_path: Path) -> None:
    from alembic import command

    ini = Path(__file__).parents[2] / "alembic.ini"
    config = Config(str(ini))
    config.cmd_opts = type("Options", (), {"x": [f"database={tmp_path / 'by_alembic.db'}"]})()
    command.upgrade(config, "head")
    migrate.upgrade(tmp_path / "by_statesvc.db")
    assert schema_of(tmp_path / "by_alembic.db") == schema_of(tmp_path / "by_statesvc.db")
