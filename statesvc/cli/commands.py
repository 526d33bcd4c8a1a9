"""The commands and their flags; the flags follow dockerd where it has them."""

from pathlib import Path
from typing import Annotated, Optional

import typer

from statesvc import __version__
from statesvc.cli import db, export, import_, runtimes, sql
from statesvc.cli.check import check
from statesvc.cli.read_settings import read_settings
from statesvc.cli.validate import validate

app = typer.Typer(
    name="statesvc",
    help="The durable state plane of a container engine, in one SQLite database.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

DataRoot = Annotated[Optional[Path], typer.Option("--data-root", help="Folder of the database.")]  # noqa: UP045
LogLevel = Annotated[Optional[str], typer.Option("--log-level", "-l", help="debug, info, warning or error.")]  # noqa: UP045


def _version(wanted: bool) -> None:  # noqa: FBT001 - typer's way
    if wanted:
        print(f"statesvc {__version__}")
        raise typer.Exit


@app.callback()
def statesvc(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """The durable state plane of a container engine, in one SQLite database."""


@app.command()
def serve(
    hosts: Annotated[Optional[list[str]], typer.Option("--host", "-H", help="Address to serve: unix://PATH.")] = None,  # noqa: UP045
    data_root: DataRoot = None,
    config_file: Annotated[Optional[Path], typer.Option("--config-file", help="Docker's daemon.json.")] = None,  # noqa: UP045
    host_facts: Annotated[
        Path | None, typer.Option("--host-facts", help="Facts to use instead of this host's.")
    ] = None,
    log_level: LogLevel = None,
    log_format: Annotated[Optional[str], typer.Option("--log-format", help="text or json.")] = None,  # noqa: UP045
) -> None:
    """Serve the Docker Engine API until SIGTERM."""
    from statesvc.app import serve as run
    from statesvc.cli import logs

    settings = read_settings(
        hosts=tuple(hosts) if hosts else None,
        data_root=data_root,
        config_file=config_file,
        host_facts=host_facts,
        log_level=log_level,
        log_format=log_format,
    )
    logs.configure(settings.log_level, settings.log_format)
    run(settings)


app.add_typer(import_.app, name="import")
app.add_typer(db.app, name="db")
app.add_typer(export.app, name="export")
app.add_typer(runtimes.app, name="runtimes")
app.command()(validate)
app.command(epilog=sql.EPILOG)(sql.sql)
app.command()(check)
