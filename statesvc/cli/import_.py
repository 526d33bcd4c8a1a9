"""`statesvc import`: imports the state of other engines, and reports on each object."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from statesvc.cli.options import DataRootOption, JsonOption, read_settings

if TYPE_CHECKING:
    from statesvc.app import Services
    from statesvc.client import JsonObject

app = typer.Typer(help="Import the state of another engine.", no_args_is_help=True)


@app.callback()
def import_() -> None:
    """Import the state of another engine."""


@app.command()
def docker(
    *,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Data root of a Docker Engine, as /var/lib/docker.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Report what an import would do; change nothing.")] = False,
    data_root: DataRootOption = None,
    as_json: JsonOption = False,
) -> None:
    """Import containers and images from the data root of a Docker Engine.

    Objects that are already in the database stay unchanged. Exit code 1: something was not imported; the report has the
    reasons.
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


def _import(engine: str, folder: Path, data_root: Path | None, *, dry_run: bool) -> "JsonObject":
    from statesvc.cli.data_root_access import here_or_there

    async def here(services: "Services") -> "JsonObject":
        from statesvc.api.imports import report_document

        return report_document(await services.importers[engine].run(folder, dry_run=dry_run))

    # Without hosts: this process holds the data root and serves nothing.
    settings = read_settings(data_root=data_root, hosts=())
    return here_or_there(
        settings,
        here,
        lambda client: client.import_state(engine, folder, dry_run=dry_run),
        dry_run=dry_run,
        log_level=settings.log_level,
    )
