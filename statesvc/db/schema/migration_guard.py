"""Backup and checks around the steps of a migration, in its one transaction; `migrations/env.py` calls this.

The backup is taken after the write lock, so that nothing can come between the two. Each step must keep the rows of each
table, unless its revision names the table in ROWS_CHANGE. The end is checked before it is committed: rows that were
damaged before may be so still, as the program of the newest schema serves around them and repairs them.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import Connection

from statesvc import __version__
from statesvc.db.schema import catalogue
from statesvc.db.schema.backup import Backup
from statesvc.db.schema.written_by import write_version
from statesvc.db.sqlite import bare, driver
from statesvc.errors import Conflict
from statesvc.faults import Point, passed

if TYPE_CHECKING:
    from alembic.runtime.migration import RevisionStep, StampStep


@dataclass(frozen=True, slots=True)
class Step:
    """One revision applied or taken back: from where to where, and what it does."""

    before: str
    after: str
    what: str


def guarded(
    connection: Connection,
    plan: Callable[..., Iterable["RevisionStep | StampStep"]],
    *,
    before_change: Callable[[driver.Connection], Backup | None],
    on_step: Callable[[Step], None],
    after_change: Callable[[driver.Connection], None],
) -> Callable[..., Iterator["RevisionStep | StampStep"]]:
    """Return Alembic's plan with backup, row counts and the last checks around it.

    `before_change` is called under the write lock; it returns the backup that it took, which is verified.
    `after_change` is called before the last checks.
    Alembic carries out a step when the next is asked for. Raises Conflict, on which it rolls back.
    """

    def steps(heads: object, context: object) -> Iterator["RevisionStep | StampStep"]:
        pending, raw = list(plan(heads, context)), bare(connection)
        known = catalogue.Damage()
        if pending and (catalogue.tables(raw) or catalogue.revision(raw)):
            backup = before_change(raw)
            known = catalogue.Damage(rows=backup.damaged_rows) if backup else catalogue.damage(raw)
        raw.execute("PRAGMA ignore_check_constraints=ON")  # steps copy damaged rows, and add constraints beside them
        for step in pending:
            on_step(_step_of(step))
            counts = catalogue.row_counts(raw)
            yield step
            _refuse_lost_rows(step, counts, catalogue.row_counts(raw))
        if pending:
            after_change(raw)
            raw.execute("PRAGMA ignore_check_constraints=OFF")
            _refuse_damage(catalogue.damage(raw).beyond(known))
            write_version(raw, __version__)
            passed(Point.MIGRATE_CHECKED)

    return steps


def takes_back(steps: Iterable["RevisionStep | StampStep"]) -> bool:
    """Return whether any of Alembic's steps undoes a revision. A stamp undoes nothing."""
    return any(step.is_downgrade and getattr(step, "revision", None) for step in steps)


def stamped(steps: Iterable["RevisionStep | StampStep"]) -> tuple[str | None, ...]:
    """Return the revision that Alembic's steps write without carrying it out, None for base; empty if they do not."""
    last = list(steps)[-1:]
    return tuple(",".join(step.to_revisions) or None for step in last if not getattr(step, "revision", None))


def _step_of(step: "RevisionStep | StampStep") -> Step:
    before, after = (",".join(revisions) or "base" for revisions in (step.from_revisions, step.to_revisions))
    return Step(before, after, (step.doc or "").strip())


def _refuse_lost_rows(step: "RevisionStep | StampStep", before: dict[str, int], after: dict[str, int]) -> None:
    revision = getattr(step, "revision", None)  # a stamp has none
    declared = set(getattr(getattr(revision, "module", None), "ROWS_CHANGE", ()))
    refused = _step_of(step)
    for table in sorted(before.keys() & after.keys() - declared):
        if before[table] != after[table]:
            raise Conflict(
                f"the migration {refused.before} -> {refused.after} would change the number of rows of {table} "
                f"from {before[table]} to {after[table]}, and does not declare it; nothing was changed"
            )


def _refuse_damage(new: tuple[str, ...]) -> None:
    if new:
        raise Conflict(f"the migration would leave a damaged database: {'; '.join(new[:5])}; nothing was changed")
