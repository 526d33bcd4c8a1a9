"""`statesvc db`: the schema of the database and its copies. What changes the database needs the service stopped."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from statesvc.cli import migration_output
from statesvc.errors import NotFound

app = typer.Typer(help="Migrate, check, back up and restore the database.", no_args_is_help=True)

DataRoot = Annotated[Optional[Path], typer.Option("--data-root", help="Folder of the database.")]  # noqa: UP045
DryRun = Annotated[bool, typer.Option("--dry-run", help="Migrate a copy, print what ran, throw the copy away.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.callback()
def db() -> None:
    """Migrate, check, back up and restore the database."""


@app.command()
def upgrade(
    revision: Annotated[str, typer.Argument(help="Up to where: a revision, +1, or head.")] = "head",
    data_root: DataRoot = None,
    *,
    dry_run: DryRun = False,
) -> None:
    """Apply migrations, after a verified backup. Nothing is changed unless all of them succeed."""
    from statesvc.db.schema import migrate

    _migrate(data_root, dry_run, lambda path, backups: migrate.upgrade(path, revision, backups=backups))


@app.command(context_settings={"ignore_unknown_options": True})
def downgrade(
    revision: Annotated[str, typer.Argument(help="Down to where: a revision, -1, or base.")],
    data_root: DataRoot = None,
    *,
    dry_run: DryRun = False,
    yes: Annotated[bool, typer.Option("--yes", help="Lose what the downgrade loses.")] = False,
) -> None:
    """Take back migrations, after a verified backup. Tells what would be lost, and needs --yes to go on."""
    from statesvc.db.schema import migrate

    def go(path: Path, backups: Any) -> Any:
        return migrate.downgrade(path, revision, backups=backups)

    if dry_run:
        _migrate(data_root, dry_run, go)
        return
    settings, path = _existing(data_root)
    migration_output.downgrade(path, go, backups=_backups(settings), yes=yes, word="--yes")


@app.command()
def current(data_root: DataRoot = None) -> None:
    """Print the revision of the database, and the version of statesvc that wrote it."""
    from statesvc.db.schema import migrate

    _, path = _existing(data_root)
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
def history(data_root: DataRoot = None) -> None:
    """List the revisions that this statesvc knows, the newest first, and mark that of the database."""
    from statesvc.db.schema import migrate

    at = migrate.current(_database(_settings(data_root)))
    for step in reversed(migrate.history()):
        print(f"{'*' if step.after == at else ' '} {step.after}  {step.what}")


@app.command()
def check(data_root: DataRoot = None, *, as_json: AsJson = False) -> None:
    """Check file, constraints, references and schema; the service may run.

    Exit code 0: all is well. 1: something is wrong; it is printed. 3: there is no database. 4: it is newer than this
    statesvc. 5: it cannot be read.
    """
    from dataclasses import asdict

    from statesvc.db.schema.check import check as look

    _, path = _existing(data_root)
    found = look(path)
    if as_json:
        import json

        print(json.dumps(asdict(found) | {"sound": found.sound}, indent=2))
    else:
        print(f"revision {found.revision or 'none'}, newest {found.newest}")
        for kind, sentences in (("damage", found.damage), ("drift", found.drift)):
            print("\n".join(f"{kind}: {sentence}" for sentence in sentences) or f"{kind}: none")
    if not found.sound:
        raise typer.Exit(1)


@app.command()
def backup(
    file: Annotated[Optional[Path], typer.Argument(metavar="FILE", help="A file that is not there yet.")] = None,  # noqa: UP045
    data_root: DataRoot = None,
) -> None:
    """Copy the database to FILE, or into the data root's backups; the service may run.

    The copy is opened, checked and compared with what was copied before it gets its name.
    """
    from statesvc.db.schema.backup import copy

    settings, path = _existing(data_root)
    taken = copy(path, file.absolute()) if file else _backups(settings).take(path)
    migration_output.print_backup(taken)


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A backup.")], data_root: DataRoot = None
) -> None:
    """Put a copy of FILE in the place of the database, which is kept among the backups. The service must be stopped."""
    from statesvc.db.schema.restore import restore as put_back

    settings = _settings(data_root)
    settings.data_root.mkdir(parents=True, exist_ok=True, mode=0o700)
    with _held(settings):
        done = put_back(file.absolute(), _database(settings), backups=_backups(settings))
    print(f"restored: {file} (revision {done.backup.revision}, {done.backup.rows} rows, verified)")
    migration_output.print_damaged_rows(done.backup)
    if done.replaced:
        print(f"replaced: {done.replaced}")


def _migrate(data_root: Path | None, dry_run: bool, go: Callable[[Path, Any], Any]) -> None:  # noqa: FBT001
    from statesvc.db.schema import migrate

    settings = _settings(data_root)
    settings.data_root.mkdir(parents=True, exist_ok=True, mode=0o700)
    if dry_run:
        rehearsal = migrate.rehearse(_database(settings), lambda there: go(there, None))
        migration_output.print_statements(rehearsal.migration)
        migration_output.print_losses(rehearsal)
        return
    with _held(settings):
        migration_output.print_done(go(_database(settings), _backups(settings)))


def _settings(data_root: Path | None) -> Any:
    from statesvc.cli.read_settings import read_settings

    settings = read_settings(data_root=data_root, hosts=())
    return settings.model_copy(update={"data_root": settings.data_root.absolute()})


def _database(settings: Any) -> Path:
    from statesvc.app import DATABASE

    return Path(settings.data_root / DATABASE)


def existing_database(data_root: Path | None) -> Path:
    """Return the absolute path of the database. Raises NotFound if there is none."""
    return _existing(data_root)[1]


def _existing(data_root: Path | None) -> tuple[Any, Path]:
    settings = _settings(data_root)
    path = _database(settings)
    if not path.exists():
        raise NotFound(f"there is no database {path}")
    return settings, path


def _backups(settings: Any) -> Any:
    from statesvc.app import BACKUPS, wall_clock
    from statesvc.db.schema.backup import Backups

    return Backups(settings.data_root / BACKUPS, settings.backups_kept, wall_clock)


@contextmanager
def _held(settings: Any) -> Iterator[None]:
    from statesvc.host.lock import DataRootLock

    with DataRootLock(settings.data_root):
        yield
