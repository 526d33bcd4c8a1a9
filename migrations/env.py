"""How migrations run: in one transaction, with foreign keys off, backed up before and checked before they are committed.

A connection comes from statesvc (`config.attributes`), which has taken the data-root lock, or is made here for
`alembic -x database=PATH` from a checkout, with the same lock, backup and checks.
"""

from pathlib import Path

from alembic import context
from alembic.util import load_python_file
from sqlalchemy import Connection

from statesvc.db import migrate, transition
from statesvc.db.backup import Backups
from statesvc.db.engine import make_engine
from statesvc.errors import StateError

# Beside this file, in a checkout and in an installed package: it teaches `op` to rebuild a table.
load_python_file(str(Path(__file__).parent), "rebuild.py")


def options(connection: Connection | None = None) -> dict:
    """Return what the command has told Alembic: `fn` plans the steps, `dont_mutate` says that it only looks."""
    context.configure(connection=connection, dialect_name="sqlite")
    return context.get_context().opts


def run(connection: Connection, *, before_change, on_step) -> None:
    """Carry out the command's plan, or leave the database as it was."""
    plan = transition.guarded(connection, options(connection)["fn"], before_change=before_change, on_step=on_step)
    context.configure(connection=connection, transactional_ddl=True, render_as_batch=True, fn=plan)
    with context.begin_transaction():
        context.run_migrations()


def look(path: Path) -> None:
    """Run a command that changes nothing, also beside a running service."""
    if not path.exists():
        raise SystemExit(f"there is no database {path}")
    with make_engine(path, busy_timeout_ms=5_000, query_only=True, checkpoints=False).connect() as connection:
        context.configure(connection=connection)
        context.run_migrations()


def change(path: Path) -> None:
    """Do what `statesvc db` does: the same lock, refusal, backup and checks."""
    from statesvc.app import BACKUPS, wall_clock
    from statesvc.host.lock import DataRootLock
    from statesvc.settings import Settings

    backups = Backups(path.parent / BACKUPS, Settings().backups_kept, wall_clock)
    with DataRootLock(path.parent):
        migrate.refuse_newer(path)
        path.touch(mode=0o600)
        with migrate.connected(path) as connection:
            run(
                connection,
                before_change=lambda: print(f"backup: {backups.take(path).path}"),
                on_step=lambda step: print(f"{step.before} -> {step.after}  {step.what}"),
            )


def begin() -> None:
    """Find out who asks."""
    attributes = context.config.attributes
    if context.is_offline_mode():
        raise SystemExit("there is no --sql here: statesvc db upgrade --dry-run migrates a copy and prints what ran")
    if "connection" in attributes:
        run(**{name: attributes[name] for name in ("connection", "before_change", "on_step")})
        return
    path = context.get_x_argument(as_dictionary=True).get("database")
    if not path:
        raise SystemExit("name the database: alembic -x database=PATH …")
    try:
        (look if options().get("dont_mutate") else change)(Path(path).absolute())
    except StateError as error:
        raise SystemExit(f"alembic: {error.message}") from None


begin()
