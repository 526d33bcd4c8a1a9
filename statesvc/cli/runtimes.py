"""`statesvc runtimes`: shows runtimes, versions of the configuration, and drift; reloads the configuration."""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from statesvc.cli.options import DataRootOption, JsonOption, read_settings
from statesvc.domain.printable import printable
from statesvc.errors import InvalidParameter, Unavailable
from statesvc.host.data_root import DataRoot

if TYPE_CHECKING:
    from statesvc.app import Services
    from statesvc.client import Client, JsonObject

app = typer.Typer(help="The runtimes of containers, and the versions of their configuration.", no_args_is_help=True)


@app.command("list")
def list_(*, data_root: DataRootOption = None, as_json: JsonOption = False) -> None:
    """Show the version in force and its runtimes."""

    async def here(services: "Services") -> "JsonObject":
        from statesvc.api.runtimes import in_force_document

        return in_force_document(*await services.runtime_history.in_force())

    document = _ask(data_root, here, lambda client: client.runtimes.in_force())
    if as_json:
        return _print_json(document)
    print(f"version {document['Version']} of {document['LoadedAt']}, from {document['Source']}")
    rows = [
        (runtime["Name"], runtime["Origin"], _runs(runtime), runtime["ScriptDigest"] or "")
        for runtime in document["Runtimes"]
    ]
    return _table(("NAME", "ORIGIN", "RUNS", "SCRIPT"), rows)


@app.command()
def history(
    *,
    before: Annotated[int | None, typer.Option("--from", help="Compare this version …")] = None,
    after: Annotated[int | None, typer.Option("--to", help="… with this one.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many versions to show.")] = 50,
    data_root: DataRootOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the versions of the configuration, newest first; with --from and --to, the changes between two."""
    if (before is None) != (after is None):
        raise InvalidParameter("--from and --to go together: name the two versions to compare")
    if before is not None and after is not None:
        return _show_changes(before, after, data_root, as_json=as_json)

    async def here(services: "Services") -> "JsonObject":
        from statesvc.api.runtimes import history_document

        return history_document(await services.runtime_history.versions(limit))

    document = _ask(data_root, here, lambda client: client.runtimes.history(limit=limit))
    if as_json:
        return _print_json(document)
    rows = [
        (
            f"{version['Version']}{' *' if version['InForce'] else ''}",
            version["LoadedAt"],
            str(version["Containers"]),
            version["Source"],
        )
        for version in document["Versions"]
    ]
    return _table(("VERSION", "LOADED", "CONTAINERS", "SOURCE"), rows)


@app.command()
def drift(*, data_root: DataRootOption = None, as_json: JsonOption = False) -> None:
    """Show the containers whose runtime differs from what a new one would get. Exit code 1 if there are any."""

    async def here(services: "Services") -> "JsonObject":
        from statesvc.api.runtimes import drift_document

        return drift_document(await services.runtime_history.drift())

    document = _ask(data_root, here, lambda client: client.runtimes.drift())
    if as_json:
        _print_json(document)
    else:
        rows = [
            (drifted["Name"], drifted["State"], drifted["Runtime"]["Name"], "\n".join(drifted["Reasons"]))
            for drifted in document["Containers"]
        ]
        _table(("CONTAINER", "STATE", "RUNTIME", "WHY"), rows)
    if document["Containers"]:
        raise typer.Exit(1)


@app.command()
def reload(*, data_root: DataRootOption = None, as_json: JsonOption = False) -> None:
    """Have the service read its configuration again, as a whole or not at all; it is in force when this returns."""
    from statesvc.cli.data_root_access import client

    root = DataRoot(read_settings(data_root=data_root, hosts=()).data_root)
    if not root.is_held():
        raise Unavailable(
            f"no service holds the data root {root.path}: a service reads its configuration when it starts"
        )
    document = client(root).runtimes.reload()
    if as_json:
        _print_json(document)
    else:
        print(f"version {document['Version']} is in force" + ("" if document["Changed"] else ": nothing has changed"))


def _show_changes(before: int, after: int, data_root: Path | None, *, as_json: bool) -> None:
    async def here(services: "Services") -> "JsonObject":
        from statesvc.api.runtimes import changes_document

        return changes_document(await services.runtime_history.changes(before, after))

    changes = _ask(data_root, here, lambda client: client.runtimes.changes(before, after))
    if as_json:
        return _print_json(changes)
    rows: list[tuple[str, ...]] = [(name, "added", "", "") for name in changes["Added"]]
    rows += [(name, "removed", "", "") for name in changes["Removed"]]
    rows += [
        (name, "changed", _runs(pair["Before"]), _runs(pair["After"])) for name, pair in changes["Changed"].items()
    ]
    rows += [(name, "setting", "", "") for name in changes["Settings"]]
    return _table(("NAME", "WHAT", "BEFORE", "AFTER"), rows)


def _runs(runtime: "JsonObject") -> str:
    """Return the command of a runtime: its binary with the arguments, or the type of its shim."""
    import shlex

    if runtime["Type"]:
        return str(runtime["Type"])
    return shlex.join([runtime["Binary"] or runtime["Path"], *runtime["Args"]])


def _ask(
    data_root: Path | None,
    here: "Callable[[Services], Awaitable[JsonObject]]",
    there: "Callable[[Client], JsonObject]",
) -> "JsonObject":
    from statesvc.cli.data_root_access import read_here_or_there

    return read_here_or_there(read_settings(data_root=data_root, hosts=()), here, there)


def _print_json(document: "JsonObject") -> None:
    import json

    print(json.dumps(document, indent=2))


def _table(titles: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for title in titles:
        table.add_column(title, overflow="fold")
    for row in rows:
        # As Text, since what a user wrote must not be read as markup.
        table.add_row(*(Text("\n".join(map(printable, cell.split("\n")))) for cell in row))
    Console(highlight=False).print(table)
