"""`statesvc runtimes`: the runtimes in force, the versions before, what lags behind, a reload."""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from statesvc.errors import InvalidParameter, Unavailable

app = typer.Typer(help="The runtimes of containers, and their versions.", no_args_is_help=True)

DataRoot = Annotated[Optional[Path], typer.Option("--data-root", help="Folder of the database.")]  # noqa: UP045
AsJson = Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")]
_PATH = "/statesvc/v1/runtimes"


@app.command("list")
def list_(*, data_root: DataRoot = None, as_json: AsJson = False) -> None:
    """Show the version in force and its runtimes."""

    async def here(services: Any) -> Any:
        from statesvc.api.runtimes import in_force_document

        return in_force_document(*await services.runtime_history.in_force())

    told = _ask(data_root, _PATH, here)
    if as_json:
        return _print_json(told)
    print(f"version {told['Version']} of {told['LoadedAt']}, from {told['Source']}")
    rows = [(one["Name"], one["Origin"], _runs(one), one["ScriptDigest"] or "") for one in told["Runtimes"]]
    return _table(("NAME", "ORIGIN", "RUNS", "SCRIPT"), rows)


@app.command()
def history(
    *,
    before: Annotated[Optional[int], typer.Option("--from", help="Compare this version …")] = None,  # noqa: UP045
    after: Annotated[Optional[int], typer.Option("--to", help="… with this one.")] = None,  # noqa: UP045
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many versions to show.")] = 50,
    data_root: DataRoot = None,
    as_json: AsJson = False,
) -> None:
    """Show the versions of the configuration, the newest first; with --from and --to, what changed between two."""
    if (before is None) != (after is None):
        raise InvalidParameter("--from and --to go together: name the two versions to compare")
    if before is not None and after is not None:
        return _show_changes(before, after, data_root, as_json=as_json)

    async def here(services: Any) -> Any:
        from statesvc.api.runtimes import history_document

        return history_document(await services.runtime_history.versions(limit))

    told = _ask(data_root, f"{_PATH}/history?limit={limit}", here)
    if as_json:
        return _print_json(told)
    rows = [
        (f"{one['Version']}{' *' if one['InForce'] else ''}", one["LoadedAt"], str(one["Containers"]), one["Source"])
        for one in told["Versions"]
    ]
    return _table(("VERSION", "LOADED", "CONTAINERS", "SOURCE"), rows)


@app.command()
def drift(*, data_root: DataRoot = None, as_json: AsJson = False) -> None:
    """Show the containers that are not run as new ones would be. Exit code 1 if there are any."""

    async def here(services: Any) -> Any:
        from statesvc.api.runtimes import drift_document

        return drift_document(await services.runtime_history.drift())

    told = _ask(data_root, f"{_PATH}/drift", here)
    if as_json:
        _print_json(told)
    else:
        rows = [
            (one["Name"], one["State"], one["Runtime"]["Name"], "\n".join(one["Reasons"])) for one in told["Containers"]
        ]
        _table(("CONTAINER", "STATE", "RUNTIME", "WHY"), rows)
    if told["Containers"]:
        raise typer.Exit(1)


@app.command()
def reload(*, data_root: DataRoot = None, as_json: AsJson = False) -> None:
    """Let the service read its configuration again: as a whole, or not at all. When this answers, it is in force."""
    from statesvc.cli.read_settings import read_settings
    from statesvc.cli.service import post
    from statesvc.host.lock import holder

    root = read_settings(data_root=data_root).data_root
    _, socket = holder(root)
    if not socket:
        raise Unavailable(f"no service holds the data root {root}: one that starts reads the configuration")
    told = post(socket, f"{_PATH}/reload", b"")
    if as_json:
        _print_json(told)
    else:
        print(f"version {told['Version']} is in force" + ("" if told["Changed"] else ": nothing has changed"))


def _show_changes(before: int, after: int, data_root: Path | None, *, as_json: bool) -> None:
    async def here(services: Any) -> Any:
        from statesvc.api.runtimes import changes_document

        return changes_document(await services.runtime_history.changes(before, after))

    told = _ask(data_root, f"{_PATH}/changes?before={before}&after={after}", here)
    if as_json:
        return _print_json(told)
    rows: list[tuple[str, ...]] = [(name, "added", "", "") for name in told["Added"]]
    rows += [(name, "removed", "", "") for name in told["Removed"]]
    rows += [(name, "changed", _runs(pair["Before"]), _runs(pair["After"])) for name, pair in told["Changed"].items()]
    rows += [(name, "setting", "", "") for name in told["Settings"]]
    return _table(("NAME", "WHAT", "BEFORE", "AFTER"), rows)


def _runs(runtime: Any) -> str:
    """Say what a runtime runs: its binary with the arguments, or the type of its shim."""
    import shlex

    if runtime["Type"]:
        return str(runtime["Type"])
    return shlex.join([runtime["Binary"] or runtime["Path"], *runtime["Args"]])


def _ask(data_root: Path | None, path: str, here: Callable[[Any], Awaitable[Any]]) -> Any:
    from statesvc.cli import logs
    from statesvc.cli.data_root_access import read_here_or_there
    from statesvc.cli.read_settings import read_settings
    from statesvc.cli.service import get

    settings = read_settings(data_root=data_root, hosts=())
    logs.configure("warning", settings.log_format)
    return read_here_or_there(settings, here, lambda socket: get(socket, path))


def _print_json(told: Any) -> None:
    import json

    print(json.dumps(told, indent=2))


def _table(titles: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from statesvc.services.imports.report import printable

    table = Table(box=None, pad_edge=False)
    for title in titles:
        table.add_column(title, overflow="fold")
    for row in rows:
        # As Text, since what a user wrote must not be read as markup.
        table.add_row(*(Text("\n".join(map(printable, cell.split("\n")))) for cell in row))
    Console(highlight=False).print(table)
