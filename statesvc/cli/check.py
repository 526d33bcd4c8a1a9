"""`statesvc check`: checks the whole store, down to every document. For people and for monitoring."""

from typing import TYPE_CHECKING, Annotated

import typer

from statesvc.cli.options import DataRootOption, JsonOption, read_settings
from statesvc.errors import InvalidParameter
from statesvc.host.data_root import DataRoot

if TYPE_CHECKING:
    from statesvc.services.damage.check import CheckResult
    from statesvc.settings import Settings


def check(
    data_root: DataRootOption = None,
    *,
    schema: Annotated[
        bool, typer.Option("--schema", help="Check only the file, constraints, references and schema.")
    ] = False,
    repair: Annotated[
        bool, typer.Option("--repair", help="Repair what can be repaired; the service must be stopped.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Check the file, the schema, every row, and the scripts of containers; the service may be running.

    --repair backs up the database, writes damaged rows again from other rows, quarantines the rest, and checks again.
    With --schema an older schema is not an error.

    Exit code 0: nothing is wrong. 1: something is wrong, and printed. 3: there is no database. 4: it is newer than
    this statesvc, or lacks tables of its schema. 5: it cannot be read.
    """
    from statesvc.host.scripts import ScriptFolder
    from statesvc.services.damage import check as checks

    if schema and repair:
        raise InvalidParameter("--schema checks no rows, and --repair repairs rows: use only one of them")
    settings = read_settings(data_root=data_root, hosts=())
    root = DataRoot(settings.data_root)
    database = root.existing_database()
    if repair:
        _repair(settings, quiet=as_json)
    result = checks.check_schema(database) if schema else checks.check(database, ScriptFolder(root.scripts))
    _print(result, as_json=as_json)
    if not result.healthy:
        raise typer.Exit(1)


def _repair(settings: "Settings", *, quiet: bool) -> None:
    import asyncio

    from statesvc.app import repaired
    from statesvc.cli import logs

    logs.configure("warning", settings.log_format)
    backup, mended, swept = asyncio.run(repaired(settings))
    if quiet:
        return
    print(f"backup: {backup.path} (revision {backup.revision}, {backup.rows} rows)")
    for sentence in mended.done:
        print(f"repaired: {sentence}")
    for mark in mended.marked:
        print(f"marked: {mark.table}{'.' + mark.column if mark.column else ''} of {mark.key} {mark.reason}")
    for what in ("removed_scripts", "removed_files", "restored_files"):
        for name in getattr(swept, what):
            print(f"{what.replace('_', ' ')}: {name}")


def _print(result: "CheckResult", *, as_json: bool) -> None:
    if as_json:
        import json

        from statesvc.api.damage import result_document

        print(json.dumps(result_document(result), indent=2))
        return
    for finding in result.findings:
        print(f"{finding.code}: {finding.message}" + (f" (--repair: {finding.repair})" if finding.repair else ""))
    older = (
        f" (schema {result.revision or 'none'}, the newest is {result.newest})"
        if result.revision != result.newest
        else ""
    )
    print("healthy" + older if result.healthy else f"{len(result.findings)} findings")
