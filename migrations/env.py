"""Runs migrations: in one transaction with foreign keys off, after a backup, checked before the commit.

statesvc holds the lock of the data root and passes a connection in `config.attributes`. For `alembic -x database=PATH`
in a checkout the connection is made here, with the same lock, backup, checks, and question before a downgrade.
"""

from functools import partial
from pathlib import Path

from alembic import context
from alembic.util import load_python_file
from sqlalchemy import Connection

from statesvc.db.schema import migrate, migration_guard
from statesvc.db.schema.backup import Backups
from statesvc.db.sqlite import make_engine
from statesvc.errors import StateError

# In the folder of this file, in a checkout as in an installed package. It adds `op.rebuild_table`.
load_python_file(str(Path(__file__).parent), "rebuild.py")


def options() -> dict:
    """Return Alembic's options for the command: `fn` plans the steps, `dont_mutate` is set if it only reads."""
    context.configure(dialect_name="sqlite")
    return context.get_context().opts


def run(connection: Connection, *, plan, **watched) -> None:
    """Carry out the command's plan, or leave the database unchanged."""
    guarded = migration_guard.guarded(connection, plan, **watched)
    context.configure(connection=connection, transactional_ddl=True, render_as_batch=True, fn=guarded)
    with context.begin_transaction():
        context.run_migrations()


def look(path: Path) -> None:
    """Run a command that only reads; a service may be running."""
    if not path.exists():
        raise SystemExit(f"there is no database {path}")
    with make_engine(path, busy_timeout_ms=5_000, query_only=True, checkpoints=False).connect() as connection:
        context.configure(connection=connection)
        context.run_migrations()


def planned(path: Path, plan) -> list:
    """Return the steps that the command is going to take."""
    if not path.exists():
        return []
    with make_engine(path, busy_timeout_ms=5_000, query_only=True, checkpoints=False).connect() as connection:
        context.configure(connection=connection)
        found = context.get_context()
        return list(plan(found.get_current_heads(), found))


def change(path: Path, *, yes: bool) -> None:
    """Run a command that changes the database, with the lock, question, backup and checks of `statesvc db`."""
    from statesvc.cli import migration_output
    from statesvc.host.clock import wall_clock
    from statesvc.host.data_root import DataRoot
    from statesvc.settings import Settings

    root = DataRoot(path.parent)
    backups, plan = Backups(root.backups, Settings().backups_kept, wall_clock), options()["fn"]
    migrate.refuse_newer(path)
    steps = planned(path, plan)
    stamped = migration_guard.stamped(steps)
    for revision in stamped:
        migrate.refuse_stamp(path, revision)

    def go(there: Path, backups: Backups | None) -> migrate.Migration:
        return migrate.carried_out(there, partial(run, plan=plan), backups=backups, stamping=bool(stamped))

    if migration_guard.takes_back(steps):  # only then data can be lost
        migration_output.downgrade(path, go, backups=backups, yes=yes, word="-x yes=true")
        return
    with root.lock():
        migration_output.print_done(go(path, backups))


def begin() -> None:
    """Run migrations on the connection of statesvc, or on the database that -x names."""
    attributes = context.config.attributes
    if context.is_offline_mode():
        raise SystemExit("there is no --sql here: statesvc db upgrade --dry-run migrates a copy and prints what ran")
    if "connection" in attributes:
        given = {name: attributes[name] for name in ("connection", "before_change", "on_step", "after_change")}
        run(**given, plan=options()["fn"])
        return
    arguments = context.get_x_argument(as_dictionary=True)
    if not arguments.get("database"):
        raise SystemExit("name the database: alembic -x database=PATH …")
    path = Path(arguments["database"]).absolute()
    try:
        if options().get("dont_mutate"):
            look(path)
        else:
            change(path, yes=arguments.get("yes") == "true")
    except StateError as error:
        raise SystemExit(f"alembic: {error.message}") from None


begin()
