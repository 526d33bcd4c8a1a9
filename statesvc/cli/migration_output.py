"""What people are told of migrations and backups, and asked before a downgrade: by `statesvc db` and plain Alembic."""

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from statesvc.errors import Conflict


def downgrade(path: Path, go: Callable[[Path, Any], Any], *, backups: Any, yes: bool, word: str) -> None:
    """Rehearse a downgrade on a copy and tell what would be lost; do it if that was agreed to.

    `go` downgrades a database, and backs it up first if it is given backups. Raises Conflict without the agreement,
    which is given by the `word`; nothing is changed then, so a service may hold the data root.
    """
    from statesvc.db.schema import migrate
    from statesvc.host.lock import DataRootLock

    with DataRootLock(path.parent) if yes else nullcontext():
        rehearsal = migrate.rehearse(path, lambda there: go(there, None))
        if not rehearsal.migration.steps:
            print(nothing_to_do(rehearsal.migration))
            return
        print_losses(rehearsal)
        if not yes:
            raise Conflict(f"nothing was changed: say {word} to go on")
        print_done(go(path, backups))


def print_done(migration: Any) -> None:
    """Tell the steps that were done, and the backup that was taken before."""
    if not migration.steps:
        print(nothing_to_do(migration))
        return
    if migration.backup:
        print_backup(migration.backup)
    for step in migration.steps:
        print(f"{step.before} -> {step.after}  {step.what}")


def nothing_to_do(migration: Any) -> str:
    """Return the sentence about a database that is where it is to go."""
    return f"{migration.before or 'base'}: nothing to do"


def print_backup(taken: Any) -> None:
    """Tell where a backup is, and what it holds."""
    print(f"backup: {taken.path} (revision {taken.revision}, {taken.rows} rows, verified)")
    print_damaged_rows(taken)


def print_damaged_rows(copied: Any) -> None:
    """Tell how many rows are damaged in a copy."""
    if copied.damaged_rows:
        print(f"rows damaged in it: {len(copied.damaged_rows)}, copied as they are; statesvc check tells which")


def print_statements(migration: Any) -> None:
    """Tell every statement that ran."""
    if not migration.steps:
        print(f"-- {nothing_to_do(migration)}")
    for step, statements in zip(migration.steps, migration.statements, strict=True):
        print(f"-- {step.before} -> {step.after}  {step.what}")
        for statement in statements:
            print(f"{statement};")


def print_losses(rehearsal: Any) -> None:
    """Tell what would be lost."""
    for loss in rehearsal.losses:
        print(f"-- would be lost: {loss}")
    if not rehearsal.losses:
        print("-- nothing would be lost")
