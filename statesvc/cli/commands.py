"""The commands and their flags; the flags follow dockerd where it has them."""

from typing import Annotated

import typer

from statesvc import __version__
from statesvc.cli import db, export, import_, runtimes, sql
from statesvc.cli.check import check
from statesvc.cli.options import ConfigFileOption, DataRootOption, HostFactsOption, read_settings
from statesvc.cli.validate import validate

app = typer.Typer(
    name="statesvc",
    help="The durable state plane of a container engine, in one SQLite database.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


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
    hosts: Annotated[list[str] | None, typer.Option("--host", "-H", help="Address to serve: unix://PATH.")] = None,
    data_root: DataRootOption = None,
    config_file: ConfigFileOption = None,
    host_facts: HostFactsOption = None,
    log_level: Annotated[str | None, typer.Option("--log-level", "-l", help="debug, info, warning or error.")] = None,
    log_format: Annotated[str | None, typer.Option("--log-format", help="text or json.")] = None,
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
    output = logs.configure(settings.log_level, settings.log_format)
    try:
        run(settings, output)
    finally:
        output.close()


app.add_typer(import_.app, name="import")
app.add_typer(db.app, name="db")
app.add_typer(export.app, name="export")
app.add_typer(runtimes.app, name="runtimes")
app.command()(validate)
app.command(epilog=sql.EPILOG)(sql.sql)
app.command()(check)
