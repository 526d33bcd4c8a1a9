"""What `statesvc db` and plain Alembic print of migrations and backups, and the agreement that a downgrade needs."""

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from statesvc.cli.data_root_access import held
from statesvc.errors import Conflict
from statesvc.host.data_root import DataRoot

if TYPE_CHECKING:
    from statesvc.db.schema.backup import Backup, Backups
    from statesvc.db.schema.migrate import Migration, Rehearsal


def downgrade(
    path: Path, go: "Callable[[Path, Backups | None], Migration]", *, backups: "Backups", yes: bool, word: str
) -> None:
    """Rehearse a downgrade on a copy and print what would be lost; do it if the caller agreed to that.

    `go` downgrades a database, and backs it up first if it is given backups. Without the agreement this raises
    Conflict, which names the `word` that gives it; nothing is changed then, so a service may hold the data root.
    """
    from statesvc.db.schema import migrate

    with held(DataRoot(path.parent)) if yes else nullcontext():
        rehearsal = migrate.rehearse(path, lambda there: go(there, None))
        if not rehearsal.migration.steps:
            print(nothing_to_do(rehearsal.migration))
            return
        print_losses(rehearsal)
        if not yes:
            raise Conflict(f"nothing was changed: add {word} to go on")
        print_done(go(path, backups))


def print_done(migration: "Migration") -> None:
    """Print the steps that were done, and the backup that was taken before."""
    if not migration.steps:
        print(nothing_to_do(migration))
        return
    if migration.backup:
        print_backup(migration.backup)
    for step in migration.steps:
        print(f"{step.before} -> {step.after}  {step.what}")
    for made in migration.put_back:
        print(f"put back: {made}, which is not of statesvc")


def nothing_to_do(migration: "Migration") -> str:
    """Return the sentence about a database that is where it is to go."""
    return f"{migration.before or 'base'}: nothing to do"


def print_backup(taken: "Backup") -> None:
    """Print where a backup is, and what it holds."""
    print(f"backup: {taken.path} (revision {taken.revision}, {taken.rows} rows, verified)")
    print_damaged_rows(taken)


def print_damaged_rows(copied: "Backup") -> None:
    """Print how many rows are damaged in a copy."""
    if copied.damaged_rows:
        print(f"rows damaged in it: {len(copied.damaged_rows)}, copied unchanged; statesvc check lists them")


def print_statements(migration: "Migration") -> None:
    """Print every statement that ran."""
    if not migration.steps:
        print(f"-- {nothing_to_do(migration)}")
    for step, statements in zip(migration.steps, migration.statements, strict=True):
        print(f"-- {step.before} -> {step.after}  {step.what}")
        for statement in statements:
            print(f"{statement};")


def print_losses(rehearsal: "Rehearsal") -> None:
    """Print what would be lost."""
    for loss in rehearsal.losses:
        print(f"-- would be lost: {loss}")
    if not rehearsal.losses:
        print("-- nothing would be lost")
