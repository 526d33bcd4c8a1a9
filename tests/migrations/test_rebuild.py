from collections.abc import Callable
from pathlib import Path

import pytest
from stored_rows import fill, rows_of

from statesvc.db.schema import catalogue, migrate
from statesvc.db.sqlite import make_engine, snapshot

Extend = Callable[[str], str]

VIEWS_AND_TRIGGERS = """
def upgrade():
    op.execute("CREATE VIEW v_made AS SELECT seq, action FROM events WHERE type = 'container'")
    op.execute("CREATE VIEW v_count AS SELECT count(*) AS made FROM v_made")
    op.execute(
        "CREATE TRIGGER events_stay BEFORE UPDATE OF action ON events "
        "BEGIN SELECT RAISE(ABORT, 'edited event'); END"
    )
    op.execute(
        "CREATE TRIGGER v_made_gone INSTEAD OF DELETE ON v_made "
        "BEGIN DELETE FROM events WHERE seq = OLD.seq; END"
    )
    op.execute(
        "CREATE TRIGGER named AFTER INSERT ON container_names BEGIN "
        "UPDATE events SET actor_id = NEW.container_id WHERE seq = 0; END"
    )

def downgrade():
    raise NotImplementedError
"""
MADE = {"v_made", "v_made_gone", "v_count", "events_stay", "named"}
REBUILD = """
def upgrade():
    op.rebuild_table(
        "events",
        create='''
CREATE TABLE events (
    seq INTEGER NOT NULL,
    time INTEGER NOT NULL,
    type TEXT NOT NULL,
    action TEXT NOT NULL,
    actor_id TEXT NOT NULL,
    attributes TEXT NOT NULL CONSTRAINT ck_events_attributes_json CHECK (json_valid(attributes)),
    revision INTEGER,
    loud TEXT NOT NULL,
    CONSTRAINT pk_events PRIMARY KEY (seq)
) STRICT
        ''',
        columns={name: name for name in ("seq", "time", "type", "action", "actor_id", "attributes", "revision")}
        | {"loud": "upper(action)"},
        indexes=("CREATE INDEX ix_events_loud ON events (loud)",),
        %s
    )

def downgrade():
    raise NotImplementedError
"""
REBUILD_A_PARENT = """
def upgrade():
    op.rebuild_table(
        "images",
        create='''CREATE TABLE images (
            id TEXT NOT NULL, config BLOB NOT NULL, size INTEGER NOT NULL, created_at INTEGER, tagged_at INTEGER,
            CONSTRAINT pk_images PRIMARY KEY (id)
        ) STRICT''',
        columns={name: name for name in ("id", "config", "size", "created_at", "tagged_at")},
    )

def downgrade():
    raise NotImplementedError
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A database with the tables of the newest schema and rows in each: the views and triggers are the tests' own."""
    path = tmp_path / "statesvc.db"
    migrate.upgrade(path)
    fill(path)
    with make_engine(path, busy_timeout_ms=0, query_only=False).connect() as conn:
        for kind, name in objects(path, "view", "trigger"):
            conn.exec_driver_sql(f"DROP {kind} {name}")
    return path


def objects(path: Path, *kinds: str) -> dict[tuple[str, str], list[str]]:
    with snapshot(path) as connection:
        return {key: clauses for key, clauses in catalogue.described(connection).items() if key[0] in kinds}


def test_a_rebuilt_table_has_its_new_form_and_its_rows(path: Path, extend: Extend) -> None:
    extend(REBUILD % "")
    before = rows_of(path)
    migrate.upgrade(path)
    after = rows_of(path)
    kept = after["events"][0].keys() & before["events"][0].keys()
    assert after["events"] == [
        {name: row[name] for name in row if name in kept} | {"loud": row["action"].upper()} for row in before["events"]
    ]
    assert {table: rows for table, rows in after.items() if table != "events"} == {
        table: rows for table, rows in before.items() if table != "events"
    }
    assert [name for _, name in objects(path, "index") if name.startswith("ix_events")] == ["ix_events_loud"]
    assert "loud TEXT NOT NULL" in objects(path, "table")["table", "events"]


def test_views_and_triggers_that_name_a_rebuilt_table_come_back_and_work(path: Path, extend: Extend) -> None:
    extend(VIEWS_AND_TRIGGERS)
    extend(REBUILD % "")
    migrate.upgrade(path, migrate.known_revisions()[-2])
    before = objects(path, "view", "trigger")
    migrate.upgrade(path)
    assert {name for _, name in before} >= MADE
    assert objects(path, "view", "trigger") == before
    with make_engine(path, busy_timeout_ms=0, query_only=False).connect() as conn:
        assert conn.exec_driver_sql("SELECT made FROM v_count").scalar() == 1
        with pytest.raises(Exception, match="edited event"):
            conn.exec_driver_sql("UPDATE events SET action = 'x'")
        conn.exec_driver_sql("DELETE FROM v_made")
        assert conn.exec_driver_sql("SELECT made FROM v_count").scalar() == 0


def test_a_view_that_does_not_fit_the_rebuilt_table_stops_the_migration(path: Path, extend: Extend) -> None:
    extend(VIEWS_AND_TRIGGERS)
    extend(REBUILD.replace("action TEXT NOT NULL,", "act TEXT NOT NULL,").replace('"action", ', "") % "")
    migrate.upgrade(path, migrate.known_revisions()[-2])
    rows, made = rows_of(path), objects(path, "table", "view", "trigger", "index")
    with pytest.raises(Exception, match=r"act"):
        migrate.upgrade(path)
    assert (rows_of(path), objects(path, "table", "view", "trigger", "index")) == (rows, made)


@pytest.mark.parametrize(
    ("kind", "made"),
    [
        ("view", "CREATE VIEW odd AS SELECT seq FROM events WHERE actor_id = 'x'"),
        ("trigger", "CREATE TRIGGER odd AFTER DELETE ON events BEGIN SELECT OLD.actor_id; END"),
        ("trigger", "CREATE TRIGGER odd AFTER INSERT ON events BEGIN SELECT NEW.actor_id; END"),
        ("trigger", "CREATE TRIGGER odd AFTER UPDATE ON events BEGIN SELECT NEW.actor_id; END"),
        ("trigger", "CREATE TRIGGER odd AFTER DELETE ON images BEGIN UPDATE events SET actor_id = ''; END"),
    ],
)
def test_what_names_a_column_that_goes_is_told_by_name(path: Path, extend: Extend, kind: str, made: str) -> None:
    extend(f"def upgrade():\n    op.execute({made!r})\n\ndef downgrade():\n    raise NotImplementedError\n")
    without = REBUILD.replace("    actor_id TEXT NOT NULL,\n", "").replace('"actor_id", ', "")
    extend(without % "")
    with pytest.raises(RuntimeError, match=rf"{kind} odd does not fit the rebuilt table: .*actor_id"):
        migrate.upgrade(path)
    assert all("actor_id" in row for row in rows_of(path)["events"])


def test_a_view_left_out_is_the_revision_s_own_to_make(path: Path, extend: Extend) -> None:
    extend(VIEWS_AND_TRIGGERS)
    own = '    op.execute("CREATE VIEW v_made AS SELECT loud FROM events")\n\ndef downgrade'
    # What stands on a view that is left out is left out with it, or does not fit.
    body = (REBUILD % 'without=("v_made", "v_made_gone", "v_count"),').replace("\ndef downgrade", own)
    extend(body)
    migrate.upgrade(path)
    left = {name for _, name in objects(path, "view", "trigger")} & MADE
    assert left == {"events_stay", "named", "v_made"}


def test_only_some_rows_are_kept_where_the_revision_says_so(path: Path, extend: Extend) -> None:
    extend('ROWS_CHANGE = ("events",)\n' + REBUILD % "where=\"type = 'image'\",")
    migrate.upgrade(path)
    assert [row["loud"] for row in rows_of(path)["events"]] == ["TAG"]


def test_children_of_a_rebuilt_parent_keep_their_rows_and_references(path: Path, extend: Extend) -> None:
    extend(REBUILD_A_PARENT)
    before = rows_of(path)
    migrate.upgrade(path)
    assert rows_of(path) == before
    with make_engine(path, busy_timeout_ms=0, query_only=False).connect() as conn:
        conn.exec_driver_sql("DELETE FROM images")
        assert conn.exec_driver_sql("SELECT count(*) FROM image_tags").scalar() == 0


def test_a_definition_of_another_table_is_refused(path: Path, extend: Extend) -> None:
    extend(REBUILD.replace("CREATE TABLE events", "CREATE TABLE incidents") % "")
    with pytest.raises(RuntimeError, match="must begin with CREATE TABLE events"):
        migrate.upgrade(path)
