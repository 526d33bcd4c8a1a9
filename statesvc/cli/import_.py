"""`statesvc import`: state of other engines into the database, and a report of each object."""

from pathlib import Path
from typing import Annotated, Any, Optional

import typer

app = typer.Typer(help="Import the state of another engine.", no_args_is_help=True)


@app.callback()
def import_() -> None:
    """Import the state of another engine."""


@app.command()
def docker(
    *,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Data root of a Docker Engine, as /var/lib/docker.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Report what an import would do; change nothing.")] = False,
    data_root: Annotated[Optional[Path], typer.Option("--data-root", help="Folder of the database.")] = None,  # noqa: UP045
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Import containers and images from the data root of a Docker Engine.

    What is in the database already stays as it is. Exit code 1: something was not imported; the report says why.
    """
    report = _import("docker", folder.absolute(), data_root, dry_run=dry_run)
    if as_json:
        import orjson

        print(orjson.dumps(report, option=orjson.OPT_INDENT_2).decode())
    else:
        from statesvc.cli.import_report import show

        show(report)
    if not report["Complete"]:
        raise typer.Exit(1)


def _import(engine: str, folder: Path, data_root: Path | None, *, dry_run: bool) -> Any:
    from statesvc.cli import logs
    from statesvc.cli.data_root_access import here_or_there
    from statesvc.cli.read_settings import read_settings
    from statesvc.cli.service import post
    from statesvc.cli.throw_away import root_to_open

    async def here(services: Any) -> Any:
        from statesvc.api.imports import report_document

        return report_document(await services.importers[engine].run(folder, dry_run=dry_run))

    # Without hosts: this process holds the data root and serves nothing.
    settings = read_settings(data_root=data_root, hosts=())
    logs.configure(settings.log_level, settings.log_format)
    body = {"Engine": engine, "Path": str(folder), "DryRun": dry_run}
    with root_to_open(settings.data_root, dry_run=dry_run) as root:
        opening = settings.model_copy(update={"data_root": root})
        return here_or_there(opening, here, lambda socket: post(socket, "/statesvc/v1/import", body))
