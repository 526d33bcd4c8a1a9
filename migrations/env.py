"""How migrations run: in one transaction, with foreign keys off, backed up before and checked before they are committed.

A connection comes from statesvc (`config.attributes`), which has taken the data-root lock, or is made here for
`alembic -x database=PATH` from a checkout, with the same lock, question before a downgrade, backup and checks.
"""

from functools import partial
from pathlib import Path

from alembic import context
from alembic.util import load_python_file
from sqlalchemy import Connection

from statesvc.db.database import make_engine
from statesvc.db.schema import migrate, migration_guard
from statesvc.db.schema.backup import Backups
from statesvc.errors import StateError

# Beside this file, in a checkout and in an installed package: it teaches `op` to rebuild a table.
load_python_file(str(Path(__file__).parent), "rebuild.py")


def options() -> dict:
    """Return what the command has told Alembic: `fn` plans the steps, `dont_mutate` says that it only looks."""
    context.configure(dialect_name="sqlite")
    return context.get_context().opts


def run(connection: Connection, *, plan, before_change, on_step) -> None:
    """Carry out the command's plan, or leave the database as it was."""
    guarded = migration_guard.guarded(connection, plan, before_change=before_change, on_step=on_step)
    context.configure(connection=connection, transactional_ddl=True, render_as_batch=True, fn=guarded)
    with context.begin_transaction():
        context.run_migrations()


def look(path: Path) -> None:
    """Run a command that changes nothing, also beside a running service."""
    if not path.exists():
        raise SystemExit(f"there is no database {path}")
    with make_engine(path, busy_timeout_ms=5_000, query_only=True, checkpoints=False).connect() as connection:
        context.configure(connection=connection)
        context.run_migrations()


def takes_back(path: Path, plan) -> bool:
    """Say whether the command's plan undoes a revision, without which nothing is lost."""
    if not path.exists():
        return False
    with make_engine(path, busy_timeout_ms=5_000, query_only=True, checkpoints=False).connect() as connection:
        context.configure(connection=connection)
        found = context.get_context()
        return migration_guard.takes_back(plan(found.get_current_heads(), found))


def change(path: Path, *, yes: bool) -> None:
    """Do what `statesvc db` does: the same lock, refusals, question, backup and checks."""
    from statesvc.cli import migration_output
    from statesvc.host.clock import wall_clock
    from statesvc.host.data_root import DataRoot
    from statesvc.settings import Settings

    root = DataRoot(path.parent)
    backups, plan = Backups(root.backups, Settings().backups_kept, wall_clock), options()["fn"]

    def go(there: Path, backups: Backups | None) -> migrate.Migration:
        return migrate.carried_out(there, partial(run, plan=plan), backups=backups)

    migrate.refuse_newer(path)
    if takes_back(path, plan):
        migration_output.downgrade(path, go, backups=backups, yes=yes, word="-x yes=true")
        return
    with root.lock():
        migration_output.print_done(go(path, backups))


def begin() -> None:
    """Find out who asks."""
    attributes = context.config.attributes
    if context.is_offline_mode():
        raise SystemExit("there is no --sql here: statesvc db upgrade --dry-run migrates a copy and prints what ran")
    if "connection" in attributes:
        given = {name: attributes[name] for name in ("connection", "before_change", "on_step")}
        run(**given, plan=options()["fn"])
        return
    told = context.get_x_argument(as_dictionary=True)
    if not told.get("database"):
        raise SystemExit("name the database: alembic -x database=PATH …")
    path = Path(told["database"]).absolute()
    try:
        if options().get("dont_mutate"):
            look(path)
        else:
            change(path, yes=told.get("yes") == "true")
    except StateError as error:
        raise SystemExit(f"alembic: {error.message}") from None


begin()
