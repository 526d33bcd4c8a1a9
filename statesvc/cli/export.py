"""`statesvc export`: containers as commands of other programs."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from statesvc.cli.options import DataRootOption, read_settings
from statesvc.errors import NotFound

if TYPE_CHECKING:
    from statesvc.app import Services
    from statesvc.client import Client, JsonObject

app = typer.Typer(help="Export containers as commands of other programs.", no_args_is_help=True)


@app.callback()
def export() -> None:
    """Export containers as commands of other programs."""


@app.command()
def run(
    *,
    reference: Annotated[str, typer.Argument(metavar="REF", help="Name, ID or ID prefix of a container.")],
    data_root: DataRootOption = None,
) -> None:
    """Print the `docker create` command that creates a container again.

    It contains the values of environment variables and log options, which may be secrets. Settings that Docker's
    command line does not support are printed on stderr, each in a line that begins with #.
    """
    from statesvc.cli.docker_create import create_command

    inspected, image = _ask(reference, data_root)
    command = create_command(inspected, image or {})
    if image is None:
        print(f"# image {inspected['Image']} is gone: its settings are part of the command", file=sys.stderr)
    for remark in command.remarks:
        print(f"# {remark}", file=sys.stderr)
    print(command.shown())


def _ask(reference: str, data_root: Path | None) -> "tuple[JsonObject, JsonObject | None]":
    """Return the inspect document of the container, and the Config of its image, None if the image is gone."""
    from statesvc.cli.data_root_access import read_here_or_there

    return read_here_or_there(
        read_settings(data_root=data_root, hosts=()),
        lambda services: _here(services, reference),
        lambda client: _there(client, reference),
    )


async def _here(services: "Services", reference: str) -> "tuple[JsonObject, JsonObject | None]":
    from statesvc.api.inspection import render

    inspected = json.loads(render(await services.containers.inspect(reference)))
    try:
        parsed = (await services.images.inspect(inspected["Image"])).parsed
    except NotFound:
        return inspected, None
    return inspected, parsed.config.to_dict() if parsed.config else {}


def _there(client: "Client", reference: str) -> "tuple[JsonObject, JsonObject | None]":
    inspected = client.container(reference)
    try:
        return inspected, client.image(inspected["Image"])["Config"] or {}
    except NotFound:
        return inspected, None
