import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from pathlib import Path

import pytest
from alembic.script import ScriptDirectory
from damage import damage, zero_half_a_page
from stored_rows import WEB, fill, rows_of

import statesvc.db.schema.triggers
import statesvc.db.views.views  # noqa: F401 - both let create_all make what they declare
from statesvc import __version__
from statesvc.db.schema import catalogue, migrate, written_by
from statesvc.db.schema.backup import Backups, verified
from statesvc.db.schema.tables import metadata
from statesvc.db.sqlite import bare, make_engine, snapshot
from statesvc.errors import Conflict, InvalidParameter
from statesvc.host.data_root import DataRoot

CHECKOUT = Path(__file__).parents[2]
Schema = dict[tuple[str, str], list[str]]
Extend = Callable[[str], str]

ADD_A_COLUMN = """
def upgrade():
    op.execute("ALTER TABLE events ADD COLUMN node TEXT")
    op.execute("CREATE TABLE nodes (name TEXT NOT NULL, CONSTRAINT pk_nodes PRIMARY KEY (name)) STRICT")

def downgrade():
    op.execute("DROP TABLE nodes")
    op.execute("ALTER TABLE events DROP COLUMN node")
"""
ADD_AN_ORPHAN = """
def upgrade():
    op.execute("INSERT INTO container_labels VALUES ('gone', 'key', 'value')")

def downgrade():
    pass
"""
REMOVE_EVENTS = """
def upgrade():
    op.execute("DELETE FROM events WHERE type = 'container'")

def downgrade():
    pass
"""


# Copies every row of the table as it stands, as a migration does that needs more than ALTER TABLE can do.
REBUILD_CONTAINERS = """
def rebuild():
    bind = op.get_bind()
    create = bind.exec_driver_sql("SELECT sql FROM sqlite_schema WHERE name = 'containers'").scalar()
    indexes = bind.exec_driver_sql(
        "SELECT sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'containers' AND sql IS NOT NULL"
    )
    columns = bind.exec_driver_sql("SELECT name FROM pragma_table_info('containers')")
    op.rebuild_table(
        "containers",
        create=create,
        columns={name: name for (name,) in columns} | {"args": "args"},
        indexes=[sql for (sql,) in indexes],
    )

def upgrade():
    rebuild()

def downgrade():
    rebuild()
"""


def schema_of(path: Path) -> Schema:
    with snapshot(path) as connection:
        return catalogue.described(connection)


def execute(path: Path, *statements: str) -> None:
    path.touch()
    with make_engine(path, busy_timeout_ms=0, query_only=False).connect() as conn:
        for statement in statements:
            conn.exec_driver_sql(statement)


def backups_beside(path: Path, keep: int = 10) -> Backups:
    ticks = count(1_700_000_000_000_000_000, 1_000_000_000)
    return Backups(path.parent / "backups", keep, lambda: next(ticks))


def folder_of(backups: Backups) -> list[str]:
    return sorted(entry.name for entry in backups.folder.iterdir())


def killed_upgrade(path: Path, backups: Backups, *, once_done: bool = False) -> None:
    """Upgrade a database in a process that is killed by the migration, or once that is committed."""
    child = os.fork()
    if child == 0:
        if once_done:
            migrate._settle = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
        with suppress(BaseException):
            migrate.bring_up_to_date(path, backups=backups)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), status


def alembic(path: Path, *command: str, yes: bool = False) -> "subprocess.CompletedProcess[str]":
    """Run Alembic's own command line from the checkout."""
    program = [
        sys.executable,
        "-m",
        "alembic",
        "-x",
        f"database={path}",
        *(["-x", "yes=true"] if yes else []),
        *command,
    ]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(program, cwd=CHECKOUT, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a database could be."""
    (tmp_path / "data").mkdir()
    return tmp_path / "data" / "statesvc.db"


@pytest.fixture
def filled(path: Path) -> Path:
    """A database of the newest schema with rows in every table."""
    migrate.upgrade(path)
    fill(path)
    return path


def test_the_migrations_build_the_schema_of_the_tables(path: Path, tmp_path: Path) -> None:
    migrate.upgrade(path)
    (tmp_path / "created.db").touch()
    metadata.create_all(make_engine(tmp_path / "created.db", busy_timeout_ms=0, query_only=False))
    assert catalogue.differences(schema_of(path), schema_of(tmp_path / "created.db")) == []


def test_there_is_one_head_and_each_revision_is_known() -> None:
    directory = ScriptDirectory(str(migrate.scripts()))
    assert directory.get_heads() == [migrate.known_revisions()[-1]]
    assert sorted(script.revision for script in directory.walk_revisions()) == migrate.known_revisions()


def test_a_migration_is_named_by_its_number_and_a_verb() -> None:
    for file in (migrate.scripts() / "versions").glob("*.py"):
        assert re.fullmatch(r"\d{4}_[a-z]+(_[a-z0-9]+)+\.py", file.name), file.name
        assert set(re.findall(r"^(?:from|import) (\w+)", file.read_text(), re.MULTILINE)) <= {"alembic", "sqlalchemy"}


def test_the_last_downgrade_leaves_nothing(path: Path) -> None:
    migrate.upgrade(path)
    migrate.downgrade(path, "base")
    assert schema_of(path) == {}


def test_an_empty_database_is_brought_up_to_date_once_and_needs_no_backup(path: Path) -> None:
    newest = migrate.known_revisions()[-1]
    first, second = (migrate.bring_up_to_date(path, backups=backups_beside(path)) for _ in range(2))
    assert (first.before, first.after, first.backup) == (None, newest, None)
    assert (second.before, second.after, second.steps) == (newest, newest, ())
    assert not (path.parent / "backups").exists()


def test_a_database_notes_which_statesvc_migrated_it(path: Path) -> None:
    migrate.upgrade(path)
    assert migrate.written_by(path) == __version__


def test_a_newer_database_is_refused_with_the_version_to_install(filled: Path, extend: Extend) -> None:
    newer = extend(ADD_A_COLUMN)
    migrate.upgrade(filled)
    with make_engine(filled, busy_timeout_ms=0, query_only=False).connect() as conn:
        conn.exec_driver_sql(f"PRAGMA user_version = {2_003_004}")
    (added,) = (migrate.scripts() / "versions").glob(f"{newer}_*.py")
    added.unlink()
    for refused in (migrate.bring_up_to_date, migrate.upgrade, lambda path: migrate.downgrade(path, "base")):
        with pytest.raises(Conflict, match=rf"schema {newer}, which is newer .* install statesvc 2\.3\.4 or newer"):
            refused(filled)
    assert migrate.current(filled) == newer


def test_a_newer_database_of_an_unknown_writer_is_refused_too(path: Path) -> None:
    migrate.upgrade(path)
    execute(path, "UPDATE alembic_version SET version_num = '9999'", "PRAGMA user_version = 0")
    with pytest.raises(Conflict, match=r"schema 9999, which is newer .* install the version of statesvc that wrote it"):
        migrate.bring_up_to_date(path)
    assert migrate.current(path) == "9999"


def test_the_database_of_another_program_is_refused_and_left_as_it_is(path: Path) -> None:
    execute(path, "CREATE TABLE notes (x)", "INSERT INTO notes VALUES (1)")
    for refused in (migrate.bring_up_to_date, migrate.upgrade, lambda path: migrate.rehearse(path, migrate.upgrade)):
        with pytest.raises(InvalidParameter, match=r"statesvc\.db is not a database of statesvc"):
            refused(path)
    assert "is not a database of statesvc" in alembic(path, "upgrade", "head").stderr
    assert rows_of(path) == {"notes": [{"x": 1}]}


def test_a_database_that_only_litestream_has_opened_is_nobody_else_s(path: Path) -> None:
    execute(path, "CREATE TABLE _litestream_seq (id INTEGER PRIMARY KEY, seq INTEGER)")
    assert migrate.bring_up_to_date(path).after == migrate.known_revisions()[-1]


@pytest.mark.parametrize("version", ["0.1.0", "1.2.3", "12.34.567"])
def test_a_version_is_read_as_it_was_written(path: Path, version: str) -> None:
    migrate.upgrade(path)
    with make_engine(path, busy_timeout_ms=0, query_only=False).connect() as conn:
        written_by.write_version(bare(conn), version)
    assert migrate.written_by(path) == version


def test_a_failing_migration_leaves_the_database_as_it_was(path: Path) -> None:
    execute(
        path, "CREATE TABLE alembic_version (version_num)", "CREATE TABLE service_state (x)"
    )  # in the way at the end
    before = schema_of(path)
    with pytest.raises(Exception, match="service_state"):
        migrate.upgrade(path)
    assert schema_of(path) == before
    assert migrate.current(path) is None


def test_a_change_of_a_database_is_backed_up_before(filled: Path, extend: Extend) -> None:
    before, old, new = rows_of(filled), migrate.current(filled), extend(ADD_A_COLUMN)
    done = migrate.bring_up_to_date(filled, backups=backups_beside(filled))
    assert (done.before, done.after) == (old, new)
    assert done.backup
    assert done.backup.path.parent == filled.parent / "backups"
    assert done.backup.revision == old
    assert rows_of(done.backup.path) == before


def test_migrations_that_fail_again_and_again_leave_every_good_backup(filled: Path, extend: Extend) -> None:
    backups = backups_beside(filled, keep=3)
    for _ in range(3):
        backups.take(filled)
    extend(ADD_A_COLUMN.replace("CREATE TABLE nodes", "CREATE TABLE events"))
    before = rows_of(filled), schema_of(filled), migrate.current(filled), folder_of(backups)
    for _ in range(5):
        with pytest.raises(Exception, match="events"):
            migrate.bring_up_to_date(filled, backups=backups)
        assert (rows_of(filled), schema_of(filled), migrate.current(filled), folder_of(backups)) == before


@pytest.mark.kills
def test_migrations_that_are_killed_again_and_again_leave_one_copy_and_every_good_backup(
    filled: Path, extend: Extend
) -> None:
    backups, old = backups_beside(filled, keep=3), migrate.current(filled)
    good = [backups.take(filled).path.name for _ in range(3)]
    newer = extend(ADD_A_COLUMN.replace("def upgrade():", "def upgrade():\n    import os; os.kill(os.getpid(), 9)"))
    for _ in range(3):
        killed_upgrade(filled, backups)
        assert [name for name in folder_of(backups) if name.endswith(".db")] == good
        assert len(folder_of(backups)) == 4
    (added,) = (migrate.scripts() / "versions").glob(f"{newer}_*.py")
    added.write_text(added.read_text().replace("import os; os.kill(os.getpid(), 9)", "pass"))
    backup = migrate.bring_up_to_date(filled, backups=backups).backup
    assert backup
    assert folder_of(backups) == [*good[1:], backup.path.name]
    assert verified(backup.path).revision == old


@pytest.mark.kills
def test_a_migration_that_is_killed_once_it_is_done_keeps_its_backup(filled: Path, extend: Extend) -> None:
    before, backups, newer = rows_of(filled), backups_beside(filled), extend(ADD_A_COLUMN)
    killed_upgrade(filled, backups, once_done=True)
    assert not [name for name in folder_of(backups) if name.endswith(".db")]
    assert migrate.current(filled) == newer
    assert migrate.bring_up_to_date(filled, backups=backups).steps == ()
    (kept,) = backups.folder.iterdir()
    assert kept.name.endswith(".db")
    assert rows_of(kept) == before


def test_a_damaged_file_is_not_migrated(filled: Path, extend: Extend) -> None:
    extend(ADD_A_COLUMN)
    zero_half_a_page(filled, "ix_events_time")
    with pytest.raises(Conflict, match=r"statesvc\.db is damaged: database disk image is malformed"):
        migrate.bring_up_to_date(filled, backups=backups_beside(filled))
    assert list((filled.parent / "backups").iterdir()) == []


def test_damaged_rows_do_not_stop_a_migration_and_are_kept_as_they_are(filled: Path, extend: Extend) -> None:
    newer = extend(REBUILD_CONTAINERS)
    damage(filled.parent, "containers", "args", b"[", where=f"id = '{WEB}'")
    damage(filled.parent, "container_specs", "config", b"[", where=f"container_id = '{WEB}'")
    execute(filled, "PRAGMA foreign_keys=OFF", "DELETE FROM images")
    with snapshot(filled) as connection:
        before, wrong = catalogue.contents(connection), catalogue.damage(connection).rows
    assert {line for line in wrong if "CHECK" in line} == {
        "CHECK constraint failed in containers",
        "CHECK constraint failed in container_specs",
    }
    done = migrate.bring_up_to_date(filled, backups=backups_beside(filled))
    assert done.backup
    assert done.backup.damaged_rows == wrong
    assert migrate.current(filled) == newer
    migrate.downgrade(filled, "-1")
    with snapshot(filled) as connection:
        assert catalogue.contents(connection) == before


def test_a_migration_that_damages_a_row_more_is_undone(filled: Path, extend: Extend) -> None:
    extend(REBUILD_CONTAINERS.replace('"args": "args"', '"args": "substr(args, 2)"'))
    damage(filled.parent, "containers", "args", b"[", where=f"id = '{WEB}'")
    before = rows_of(filled)
    with pytest.raises(Conflict, match="would leave a damaged database: CHECK constraint failed in containers"):
        migrate.upgrade(filled)
    assert rows_of(filled) == before


def test_a_migration_that_leaves_orphans_is_undone(filled: Path, extend: Extend) -> None:
    extend('ROWS_CHANGE = ("container_labels",)\n' + ADD_AN_ORPHAN)
    before = rows_of(filled)
    with pytest.raises(Conflict, match=r"would leave a damaged database: \w+: row .* nothing was changed"):
        migrate.upgrade(filled)
    assert rows_of(filled) == before


def test_a_migration_that_loses_rows_unsaid_is_undone(filled: Path, extend: Extend) -> None:
    extend(REMOVE_EVENTS)
    before = rows_of(filled)
    with pytest.raises(
        Conflict, match="would change the number of rows of events from 2 to 1, and does not declare it"
    ):
        migrate.upgrade(filled)
    assert rows_of(filled) == before


def test_a_migration_may_change_the_number_of_rows_where_it_says_so(filled: Path, extend: Extend) -> None:
    extend('ROWS_CHANGE = ("events",)\n' + REMOVE_EVENTS)
    migrate.upgrade(filled)
    assert len(rows_of(filled)["events"]) == 1


def test_a_rehearsal_tells_what_runs_and_changes_nothing(filled: Path, extend: Extend) -> None:
    extend(ADD_A_COLUMN)
    before = rows_of(filled), schema_of(filled), sorted(filled.parent.iterdir())
    rehearsal = migrate.rehearse(filled, migrate.upgrade)
    assert [statement.partition(" (")[0] for statement in rehearsal.migration.statements[0][:2]] == [
        "ALTER TABLE events ADD COLUMN node TEXT",
        "CREATE TABLE nodes",
    ]
    assert rehearsal.losses == ()
    assert (rows_of(filled), schema_of(filled)) == before[:2]
    assert {entry.name for entry in filled.parent.iterdir()} - {entry.name for entry in before[2]} <= {
        "statesvc.db-wal",
        "statesvc.db-shm",
    }


def test_a_rehearsed_downgrade_tells_what_would_be_lost(filled: Path, extend: Extend) -> None:
    extend(ADD_A_COLUMN)
    migrate.upgrade(filled)
    execute(
        filled,
        "INSERT INTO events (time, type, action, actor_id, attributes, node) VALUES (0, '', '', '', '{}', 'here')",
        "INSERT INTO nodes VALUES ('here'), ('there')",
    )
    rehearsal = migrate.rehearse(filled, lambda there: migrate.downgrade(there, "-1"))
    assert sorted(rehearsal.losses) == [
        "column events.node, which holds a value in 1 rows",
        "table nodes with 2 rows",
    ]
    assert len(rows_of(filled)["nodes"]) == 2


def test_an_unknown_revision_is_refused_and_told(path: Path) -> None:
    with pytest.raises(InvalidParameter, match="no way to revision 7777"):
        migrate.upgrade(path, "7777")


def test_alembic_from_a_checkout_does_the_same(path: Path, tmp_path: Path) -> None:
    done = alembic(path, "upgrade", "head")
    assert done.returncode == 0, done.stderr
    migrate.upgrade(tmp_path / "by_statesvc.db")
    assert schema_of(path) == schema_of(tmp_path / "by_statesvc.db")
    assert migrate.written_by(path) == __version__
    assert f"{migrate.current(path)} (head)" in alembic(path, "current").stdout


def test_alembic_from_a_checkout_backs_up_before_a_change(filled: Path) -> None:
    before = rows_of(filled)
    done = alembic(filled, "downgrade", "base", yes=True)
    assert done.returncode == 0, done.stderr
    named = re.search(r"^backup: (\S+) \(revision \w+, \d+ rows, verified\)$", done.stdout, re.MULTILINE)
    assert named
    assert rows_of(Path(named[1])) == before
    assert schema_of(filled) == {}


@pytest.mark.parametrize("target", ["base", "-1"])
def test_alembic_from_a_checkout_tells_what_a_downgrade_loses_and_needs_a_yes(filled: Path, target: str) -> None:
    before, revision = rows_of(filled), migrate.current(filled)
    with DataRoot(filled.parent).lock():  # to tell changes nothing
        done = alembic(filled, "downgrade", target)
    assert (done.returncode, "nothing was changed: add -x yes=true to go on" in done.stderr) == (1, True), done.stderr
    printed = [line for line in done.stdout.splitlines() if line.startswith("-- ")]
    rehearsal = migrate.rehearse(filled, lambda there: migrate.downgrade(there, target))
    assert printed == ([f"-- would be lost: {loss}" for loss in rehearsal.losses] or ["-- nothing would be lost"])
    assert (rows_of(filled), migrate.current(filled)) == (before, revision)
    assert not (filled.parent / "backups").exists()
    assert not list(filled.parent.glob("rehearsal-*"))


def test_alembic_from_a_checkout_says_when_there_is_nothing_to_take_back(filled: Path) -> None:
    assert alembic(filled, "downgrade", "head").stdout == f"{migrate.current(filled)}: nothing to do\n"


def test_alembic_from_a_checkout_leaves_a_data_root_in_use_alone(filled: Path) -> None:
    with DataRoot(filled.parent).lock():
        done = alembic(filled, "downgrade", "base", yes=True)
        assert "in use by another statesvc" in done.stderr
        assert alembic(filled, "current").returncode == 0
    assert done.returncode == 1
    assert schema_of(filled) != {}


def test_alembic_stamps_a_database_with_the_revision_that_it_has_after_a_backup(filled: Path) -> None:
    revision = migrate.current(filled)
    execute(filled, "DELETE FROM alembic_version")
    done = alembic(filled, "stamp", "head")
    assert done.returncode == 0, done.stderr
    assert "backup: " in done.stdout
    assert migrate.current(filled) == revision


@pytest.mark.parametrize(
    ("revision", "stamp", "named"),
    [
        ("0001", "head", "table containers has []"),
        ("0006", "head", "trigger "),
        ("head", "0001", "does not belong there"),
        ("head", "base", "does not belong there"),
    ],
)
def test_alembic_refuses_a_stamp_with_a_schema_that_is_not_there(
    path: Path, revision: str, stamp: str, named: str
) -> None:
    migrate.upgrade(path, revision)
    before = migrate.current(path), schema_of(path)
    done = alembic(path, "stamp", stamp)
    assert done.returncode == 1
    for part in (named, "nothing was changed: a stamp changes no schema"):
        assert part in done.stderr
    assert (migrate.current(path), schema_of(path)) == before
    assert not (path.parent / "backups").exists()


def test_a_database_that_was_stamped_by_hand_is_refused_before_anything_is_begun(path: Path) -> None:
    newest = migrate.known_revisions()[-1]
    migrate.upgrade(path, "0001")
    execute(path, f"UPDATE alembic_version SET version_num = '{newest}'")
    with pytest.raises(Conflict, match=rf"the schema of .* is not that of {newest}: table \w+ .*: restore a backup"):
        migrate.refuse_altered(path)
    for stamped in ("0003", "0006"):
        execute(path, f"UPDATE alembic_version SET version_num = '{stamped}'")
        with pytest.raises(Conflict, match=rf"is not that of {stamped}: .*; nothing was changed"):
            migrate.bring_up_to_date(path, backups=backups_beside(path))
    execute(path, "DELETE FROM alembic_version")
    with pytest.raises(Conflict, match=r"is not that of base: .*does not belong there"):
        migrate.bring_up_to_date(path, backups=backups_beside(path))
    assert not (path.parent / "backups").exists()


def test_what_is_added_to_the_schema_does_not_stop_a_start_and_is_named(filled: Path) -> None:
    assert migrate.refuse_altered(filled) == ()
    execute(
        filled, "ALTER TABLE events ADD COLUMN mine TEXT", "CREATE VIEW mine AS SELECT 1", "DROP INDEX ix_events_time"
    )
    assert sorted(sentence.split(" has ")[0] for sentence in migrate.refuse_altered(filled)) == [
        "index ix_events_time is missing",
        "table events",
        "view mine does not belong there",
    ]


MADE_BY_OTHERS = (
    "CREATE VIEW running AS SELECT id FROM containers",
    "CREATE VIEW two AS SELECT * FROM running",
    "CREATE INDEX by_image ON containers (image)",
    "CREATE TABLE notes (about TEXT, note TEXT)",
    "CREATE INDEX by_note ON notes (note)",
    "CREATE TRIGGER noted AFTER DELETE ON containers BEGIN DELETE FROM notes WHERE about = OLD.id; END",
    "CREATE VIEW broken AS SELECT * FROM gone",
    "CREATE TRIGGER through INSTEAD OF INSERT ON two BEGIN SELECT 1; END",
    """CREATE VIEW "a ""quoted"" one" AS SELECT 1""",
)


@pytest.mark.parametrize("revision", migrate.known_revisions()[:-1])
def test_what_an_admin_made_outlives_every_upgrade_and_downgrade(path: Path, revision: str) -> None:
    migrate.upgrade(path, revision)
    execute(path, *MADE_BY_OTHERS, "INSERT INTO notes VALUES ('x', 'y')")
    mine = {key: clauses for key, clauses in schema_of(path).items() if key not in migrate.schema_at(revision)}
    assert len(mine) == len(MADE_BY_OTHERS)
    done = migrate.bring_up_to_date(path, backups=backups_beside(path))
    assert sorted(done.put_back) == sorted(f"{kind} {name}" for kind, name in mine if kind != "table")
    assert schema_of(path) == migrate.schema_at(done.after) | mine
    migrate.downgrade(path, revision)
    assert schema_of(path) == migrate.schema_at(revision) | mine
    assert rows_of(path)["notes"] == [{"about": "x", "note": "y"}]


@pytest.mark.parametrize(
    ("made", "kind"),
    [
        ("CREATE INDEX mine ON events (peer_uid)", "index"),
        ("CREATE TRIGGER mine AFTER INSERT ON events BEGIN SELECT NEW.peer_uid; END", "trigger"),
        ("CREATE TRIGGER mine AFTER UPDATE OF time ON events BEGIN DELETE FROM quarantine; END", "trigger"),
        ("CREATE VIEW mine AS SELECT peer_uid FROM events", "view"),
    ],
)
def test_what_an_admin_made_and_does_not_fit_is_named_and_nothing_is_changed(path: Path, made: str, kind: str) -> None:
    migrate.upgrade(path)
    execute(path, made)
    before = schema_of(path)
    with pytest.raises(
        Conflict, match=rf"the {kind} mine, .* does not fit the new schema: .*DROP {kind.upper()} .mine"
    ):
        migrate.downgrade(path, "0001")
    assert schema_of(path) == before


def test_a_column_that_an_admin_added_stops_the_migration_that_would_lose_it(filled: Path, extend: Extend) -> None:
    execute(filled, "ALTER TABLE containers ADD COLUMN mine TEXT", "UPDATE containers SET mine = 'x'")
    extend(ADD_A_COLUMN)
    migrate.upgrade(filled)
    lost = "op.execute('ALTER TABLE containers DROP COLUMN mine')"
    extend(f"def upgrade():\n    {lost}\n\ndef downgrade():\n    pass\n")
    with pytest.raises(Conflict, match=r"would lose what was added to table containers, 'mine TEXT'; nothing was"):
        migrate.upgrade(filled)
    assert {row["mine"] for row in rows_of(filled)["containers"]} == {"x"}


def test_an_object_of_an_admin_with_the_name_of_a_later_one_is_named_before_anything_is_begun(path: Path) -> None:
    migrate.upgrade(path, "0003")
    execute(path, "CREATE VIEW v_containers AS SELECT 1")
    with pytest.raises(Conflict, match=r"view v_containers does not belong there; nothing was changed"):
        migrate.bring_up_to_date(path, backups=backups_beside(path))
    assert not (path.parent / "backups").exists()


def test_alembic_refuses_to_print_sql_that_nothing_ran(path: Path) -> None:
    done = alembic(path, "upgrade", "head", "--sql")
    assert done.returncode == 1
    assert "statesvc db upgrade --dry-run" in done.stderr
