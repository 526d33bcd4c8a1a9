"""The revision of a database, and its migration to another. Alembic is imported only when there is something to do."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.exc import DBAPIError

from statesvc import __version__
from statesvc.db.failures import unavailable
from statesvc.db.schema import altered, catalogue
from statesvc.db.schema.backup import Backup, Backups, copy, disk_errors, make_file
from statesvc.db.schema.migration_guard import Step
from statesvc.db.schema.unfinished import REHEARSAL, remove_abandoned, unfinished_folder
from statesvc.db.schema.written_by import read_version
from statesvc.db.sqlite import WHOLE_FILE_CACHE, bare, check_sqlite_version, driver, make_engine, snapshot
from statesvc.errors import Conflict, InvalidParameter, Unavailable
from statesvc.faults import Point, passed

_RESTORE = "restore a backup, or undo what was changed by hand (statesvc check --schema lists it)"
# The rows of each table, and the values in each of its columns.
_Held = tuple[dict[str, int], dict[str, dict[str, int]]]
_REVISION_FILE = re.compile(r"(\d{4})_\w+\.py")
# What lies beside a database that was in use, whether it ended well or not.
_MADE_LATER = ("reserve", "idempotency.key", "backups", "runtimes")
_NO_CHANGE = re.compile(r"\s*(SELECT|PRAGMA|EXPLAIN)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Migration:
    """A migration that was carried out: its steps, the statements they ran, and the backup that was taken before.

    `put_back` names the objects that others made, which were set aside meanwhile.
    """

    before: str | None
    after: str | None
    steps: tuple[Step, ...]
    statements: tuple[tuple[str, ...], ...]
    backup: Backup | None
    put_back: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """A migration of a copy, and the rows and values that it lost."""

    migration: Migration
    losses: tuple[str, ...]


def scripts() -> Path:
    """Return the folder of the migrations: inside an installed package, beside the package in a checkout."""
    package = Path(__file__).resolve().parents[2]
    installed = package / "migrations"
    return installed if installed.is_dir() else package.parent / "migrations"


def known_revisions() -> list[str]:
    """Return the revisions this program knows, oldest first."""
    found = (_REVISION_FILE.fullmatch(entry.name) for entry in (scripts() / "versions").iterdir())
    return sorted(match[1] for match in found if match)


def history() -> list[Step]:
    """Return the step to each revision this program knows, oldest first."""
    from alembic.script import ScriptDirectory  # noqa: PLC0415 - as below

    walked = ScriptDirectory(str(scripts())).walk_revisions()
    return [Step(str(one.down_revision or "base"), one.revision, one.doc.strip()) for one in reversed(list(walked))]


def schema_at(revision: str | None) -> altered.Schema:
    """Return the schema that the migrations build up to a revision."""
    return _schema_at(scripts(), revision) if revision else {}


@cache
def _schema_at(folder: Path, revision: str) -> altered.Schema:
    # Not by Alembic's commands: this may be asked for while one runs, which has set what is global in Alembic.
    from alembic.operations import Operations  # noqa: PLC0415 - as above
    from alembic.runtime.migration import MigrationContext  # noqa: PLC0415
    from alembic.script import ScriptDirectory  # noqa: PLC0415
    from alembic.util import load_python_file  # noqa: PLC0415

    load_python_file(str(folder), "rebuild.py")
    steps = reversed(list(ScriptDirectory(str(folder)).walk_revisions("base", revision)))
    with create_engine("sqlite://", module=driver).connect() as connection:
        with Operations.context(MigrationContext.configure(connection)):
            for step in steps:
                step.module.upgrade()
        return catalogue.described(bare(connection))


def refuse_stamp(path: Path, revision: str | None) -> None:
    """Raise Conflict for a stamp with a revision whose schema the database does not have: a stamp makes none."""
    do = "a stamp changes no schema, `statesvc db upgrade` and `statesvc db downgrade` do"
    found = altered.compared(path, schema_at(revision))
    altered.refuse(path, revision, found.broken + found.lacking, do)


def refuse_altered(path: Path) -> tuple[str, ...]:
    """Return what differs in the schema of a database of the newest revision, a sentence each.

    Raises Conflict if tables are missing or lack something: a stamp by hand may have given it the revision.
    """
    found = altered.compared(path, altered.newest_schema())
    altered.refuse(path, known_revisions()[-1], found.broken, _RESTORE)
    return found.lacking + found.added


def current(path: Path) -> str | None:
    """Return the revision of the database, None if it is empty or not there.

    Raises Unavailable if it cannot be read.
    """
    if not path.exists():
        return None
    with snapshot(path) as connection:
        return catalogue.revision(connection)


def written_by(path: Path) -> str | None:
    """Return the version of the statesvc that last migrated the database, None if the file does not name it."""
    with snapshot(path) as connection:
        return read_version(connection)


def refuse_newer(path: Path) -> str | None:
    """Return the revision of the database.

    Raises Conflict if it is newer than this program, InvalidParameter if it is another program's.
    """
    before, known = current(path), known_revisions()
    if before is None and path.exists():
        _refuse_foreign(path)
    if before is not None and before not in known:
        writer = written_by(path)
        wanted = f"statesvc {writer} or newer" if writer else "the version of statesvc that wrote it, or a newer one"
        raise Conflict(
            f"the database {path} has schema {before}, which is newer than this statesvc {__version__} (it knows up to "
            f"{known[-1]}): install {wanted}; nothing was changed"
        )
    return before


def _refuse_foreign(path: Path) -> None:
    with snapshot(path) as connection:
        if catalogue.tables(connection) and not catalogue.has_revisions(connection):
            raise InvalidParameter(f"{path} is not a database of statesvc")


def bring_up_to_date(path: Path, *, backups: Backups | None = None) -> Migration:
    """Give the database the newest schema, or leave it as it was. A database that has another one is backed up first.

    Raises Conflict if the database is newer than this program. The caller holds the data-root lock.
    """
    check_sqlite_version(tuple(driver.sqlite_version_info))
    _refuse_emptied(path)
    before, newest = refuse_newer(path), known_revisions()[-1]
    if before == newest:
        _settle(path, backups)
        return Migration(before, newest, (), (), None)
    return upgrade(path, newest, backups=backups)


def upgrade(path: Path, revision: str = "head", *, backups: Backups | None = None) -> Migration:
    """Apply the migrations up to a revision, in one transaction.

    The caller holds the data-root lock; only a copy needs no backups.
    """
    return _run(path, "upgrade", revision, backups)


def downgrade(path: Path, revision: str, *, backups: Backups | None = None) -> Migration:
    """Take back the migrations down to a revision ("base" for all), in one transaction."""
    return _run(path, "downgrade", revision, backups)


def rehearse(path: Path, migrate: Callable[[Path], Migration]) -> Rehearsal:
    """Migrate a copy of the database, which may be in use; return what ran and what was lost. The copy is deleted."""
    refuse_newer(path)
    with disk_errors(path.parent), unfinished_folder(path.parent, prefix=REHEARSAL) as folder:
        remove_abandoned(path.parent)
        there = folder / path.name
        if path.exists():
            copy(path, there)
        else:
            make_file(there)
        before = _values(there)
        migration = migrate(there)
        return Rehearsal(migration, tuple(_losses(before, _values(there))))


@contextmanager
def connected(path: Path) -> Iterator[Connection]:
    """Yield a connection for a migration, which begins by taking the write lock. Raises Unavailable if it cannot."""
    # Foreign keys must be off before BEGIN: a rebuilt parent table would empty its children.
    # The next program to open the database makes the checkpoints: Litestream may be in charge of them.
    engine = make_engine(path, busy_timeout_ms=5_000, query_only=False, foreign_keys=False, checkpoints=False)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql(f"PRAGMA {WHOLE_FILE_CACHE}")
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    try:
        opened = engine.connect()
    except (DBAPIError, driver.Error) as error:
        raise unavailable(error) or error from error
    with opened.execution_options(isolation_level="SERIALIZABLE") as connection:
        yield connection


@dataclass(slots=True)
class _Record:
    """Records the steps and statements of a migration while Alembic runs it."""

    take_backup: Callable[[], Backup] | None
    found: altered.Altered
    backup: Backup | None = None
    aside: tuple[altered.Object, ...] = ()
    steps: list[Step] = field(default_factory=list)
    statements: list[list[str]] = field(default_factory=list)

    def before_change(self, connection: driver.Connection) -> Backup | None:
        self.backup = self.take_backup() if self.take_backup else None
        self.aside = altered.set_aside(connection, self.found.made_by_others)
        passed(Point.MIGRATE_BACKED_UP)
        return self.backup

    def after_change(self, connection: driver.Connection) -> None:
        altered.put_back(connection, self.aside)
        self.found.refuse_loss(connection)

    def on_step(self, step: Step) -> None:
        self.steps.append(step)
        self.statements.append([])
        passed(Point.MIGRATE_STEP)

    def on_statement(self, _conn: object, _cursor: object, statement: str, *_: object) -> None:
        if self.statements and not _NO_CHANGE.match(statement):
            self.statements[-1].append(statement.strip())


def carried_out(
    path: Path, run: Callable[..., None], *, backups: Backups | None = None, stamping: bool = False
) -> Migration:
    """Let `run` migrate a database in one transaction; return what was done.

    `run` gets a connection, and calls `before_change` before the first step, `on_step` at each, and `after_change`
    after the last. Raises Conflict if the database is newer than this program or its schema was altered, Unavailable if
    it cannot be migrated; it is then as it was. The caller holds the data-root lock.
    """
    _refuse_emptied(path)
    before = refuse_newer(path)
    _refuse_log_alone(path)
    with disk_errors(path):
        make_file(path)
    # A stamp changes no schema, and its caller has compared the one that is there with the stamp's.
    found = altered.Altered() if stamping else altered.compared(path, schema_at(before))
    altered.refuse(path, before, found.broken, _RESTORE)
    record = _Record(partial(backups.take_for_migration, path) if backups else None, found)
    try:
        with connected(path) as connection:
            event.listen(connection, "before_cursor_execute", record.on_statement)
            try:
                run(
                    connection,
                    before_change=record.before_change,
                    on_step=record.on_step,
                    after_change=record.after_change,
                )
            except DBAPIError as error:
                raise unavailable(error) or Unavailable(f"the migration failed and was undone: {error.orig}") from error
            passed(Point.MIGRATE_COMMITTED)
            after = catalogue.revision(bare(connection))
    finally:
        _settle(path, backups)
    statements, put_back = tuple(map(tuple, record.statements)), tuple(map(str, record.aside))
    return Migration(before, after, tuple(record.steps), statements, record.backup, put_back)


def _settle(path: Path, backups: Backups | None) -> None:
    # What the disk refuses now is done at the next start; it must not hide the outcome of the migration.
    if backups:
        with suppress(Unavailable, OSError):
            backups.settle(path)


def _refuse_log_alone(path: Path) -> None:
    """Refuse to make a database beside the log of one that is gone: it would be the end of what the log holds."""
    log = path.with_name(f"{path.name}-wal")
    if not path.exists() and log.exists() and log.stat().st_size:
        raise Conflict(
            f"there is no database {path}, but its log {log} is there: put the database back, or restore a backup "
            "(statesvc db restore FILE keeps the log); nothing was changed"
        )


def _refuse_emptied(path: Path) -> None:
    """Refuse an empty file that was a database, before SQLite opens it: it would remove the log beside it.

    A first start that was killed leaves an empty file, too, but nothing of what is made once a database is there.
    """
    if not path.exists() or path.stat().st_size:
        return
    made_later = (path.with_name(f"{path.name}-wal"), *map(path.parent.joinpath, _MADE_LATER))
    if found := next((one for one in made_later if _has_content(one)), None):
        raise Conflict(
            f"the database {path} is empty, but {found} shows that it was in use: restore a backup (statesvc db "
            "restore FILE), or move the data root away to begin a new one; nothing was changed"
        )


def _has_content(path: Path) -> bool:
    if path.is_dir():
        return any(path.iterdir())
    return path.exists() and path.stat().st_size > 0


def _run(path: Path, command: str, revision: str, backups: Backups | None) -> Migration:
    return carried_out(path, partial(_run_alembic, command=command, revision=revision), backups=backups)


def _run_alembic(connection: Connection, *, command: str, revision: str, **attributes: object) -> None:
    from alembic import command as commands  # noqa: PLC0415 - costs 100 ms, and a start rarely needs it
    from alembic.config import Config  # noqa: PLC0415
    from alembic.util import CommandError  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(scripts()).replace("%", "%%"))
    config.attributes.update(connection=connection, **attributes)
    try:
        getattr(commands, command)(config, revision)
    except CommandError as error:
        raise InvalidParameter(f"there is no way to revision {revision}: {error}") from None


def _values(path: Path) -> _Held:
    with snapshot(path) as connection:
        return catalogue.row_counts(connection), catalogue.value_counts(connection)


def _losses(before: _Held, after: _Held) -> Iterator[str]:
    (rows, values), (rows_left, values_left) = before, after
    for table, count in rows.items():
        if table not in rows_left:
            if count:
                yield f"table {table} with {count} rows"
            continue
        if rows_left[table] < count:
            yield f"{count - rows_left[table]} of {count} rows of table {table}"
        for column, held in values[table].items():
            if held and column not in values_left[table]:
                yield f"column {table}.{column}, which holds a value in {held} rows"
