"""`statesvc db`: the schema of the database and its copies. Commands that change it need the service stopped."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from statesvc.cli import check as checking
from statesvc.cli import migration_output
from statesvc.cli.data_root_access import held
from statesvc.cli.options import DataRootOption, JsonOption, read_settings
from statesvc.host.data_root import DataRoot

if TYPE_CHECKING:
    from statesvc.db.schema.backup import Backups
    from statesvc.db.schema.migrate import Migration

app = typer.Typer(help="Migrate, check, back up and restore the database.", no_args_is_help=True)

DryRun = Annotated[bool, typer.Option("--dry-run", help="Migrate a copy, print the statements, delete the copy.")]


@app.callback()
def db() -> None:
    """Migrate, check, back up and restore the database."""


@app.command()
def upgrade(
    revision: Annotated[str, typer.Argument(help="Target: a revision, +1, or head.")] = "head",
    data_root: DataRootOption = None,
    *,
    dry_run: DryRun = False,
) -> None:
    """Apply migrations, after a verified backup. Nothing is changed unless all of them succeed."""
    from statesvc.db.schema import migrate

    _migrate(data_root, dry_run, lambda path, backups: migrate.upgrade(path, revision, backups=backups))


@app.command(context_settings={"ignore_unknown_options": True})
def downgrade(
    revision: Annotated[str, typer.Argument(help="Target: a revision, -1, or base.")],
    data_root: DataRootOption = None,
    *,
    dry_run: DryRun = False,
    yes: Annotated[bool, typer.Option("--yes", help="Accept the loss of data.")] = False,
) -> None:
    """Undo migrations, after a verified backup. Prints what would be lost, and needs --yes to continue."""
    from statesvc.db.schema import migrate

    def go(path: Path, backups: "Backups | None") -> "Migration":
        return migrate.downgrade(path, revision, backups=backups)

    if dry_run:
        _migrate(data_root, dry_run, go)
        return
    root = _root(data_root)
    migration_output.downgrade(root.existing_database(), go, backups=_backups(root), yes=yes, word="--yes")


@app.command()
def current(data_root: DataRootOption = None) -> None:
    """Print the revision of the database, and the version of statesvc that wrote it."""
    from statesvc.db.schema import migrate

    path = _root(data_root).existing_database()
    revision, known = migrate.current(path), migrate.known_revisions()
    writer = migrate.written_by(path)
    place = (
        "newest"
        if revision == known[-1]
        else f"newest: {known[-1]}"
        if revision in known or not revision
        else "newer than this statesvc"
    )
    print(f"{revision or 'none'} ({place})" + (f", written by statesvc {writer}" if writer else ""))


@app.command()
def history(data_root: DataRootOption = None) -> None:
    """List the revisions that this statesvc knows, newest first, and mark the revision of the database."""
    from statesvc.db.schema import migrate

    root = _root(data_root)
    root.refuse_links()
    at = migrate.current(root.database)
    for step in reversed(migrate.history()):
        print(f"{'*' if step.after == at else ' '} {step.after}  {step.what}")


@app.command()
def check(data_root: DataRootOption = None, *, as_json: JsonOption = False) -> None:
    """Do what `statesvc check --schema` does."""
    checking.check(data_root, schema=True, as_json=as_json)


@app.command()
def backup(
    file: Annotated[Path | None, typer.Argument(metavar="FILE", help="A new file.")] = None,
    data_root: DataRootOption = None,
) -> None:
    """Copy the database to FILE, or into the data root's backups; the service may be running.

    The copy is checked and compared with the database before it gets its final name.
    """
    from statesvc.db.schema.backup import copy

    root = _root(data_root)
    path = root.existing_database()
    taken = copy(path, file.absolute()) if file else _backups(root).take(path)
    migration_output.print_backup(taken)


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A backup.")], data_root: DataRootOption = None
) -> None:
    """Replace the database by a copy of FILE, and keep the old one among the backups. The service must be stopped."""
    from statesvc.db.schema.restore import restore as put_back

    root = _root(data_root)
    root.make()
    with held(root):
        done = put_back(file.absolute(), root.database, backups=_backups(root))
    print(f"restored: {file} (revision {done.backup.revision}, {done.backup.rows} rows, verified)")
    migration_output.print_damaged_rows(done.backup)
    if done.replaced:
        print(f"replaced: {done.replaced}")


@app.command()
def compact(data_root: DataRootOption = None) -> None:
    """Give the free pages of the database back to the disk. The service must be stopped.

    The database is replaced by a copy without free pages, which is checked and compared with it before.
    """
    from statesvc.db.schema.compact import compact as compact_database

    root = _root(data_root)
    path = root.existing_database()
    with root.lock():
        done = compact_database(path)
    print(f"compacted: {path} ({done.before} -> {done.after} bytes, {done.rows} rows, verified)")


def _migrate(
    data_root: Path | None,
    dry_run: bool,  # noqa: FBT001
    go: "Callable[[Path, Backups | None], Migration]",
) -> None:
    from statesvc.db.schema import migrate

    root = _root(data_root)
    root.make()
    root.refuse_links()
    if dry_run:
        rehearsal = migrate.rehearse(root.database, lambda there: go(there, None))
        migration_output.print_statements(rehearsal.migration)
        migration_output.print_losses(rehearsal)
        return
    with held(root):
        migration_output.print_done(go(root.database, _backups(root)))


def _root(data_root: Path | None) -> DataRoot:
    return DataRoot(read_settings(data_root=data_root, hosts=()).data_root)


def _backups(root: DataRoot) -> "Backups":
    from statesvc.db.schema.backup import Backups
    from statesvc.host.clock import wall_clock

    return Backups(root.backups, read_settings(hosts=()).backups_kept, wall_clock)
