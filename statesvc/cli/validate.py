"""`statesvc validate`: what would become of a create request, with nothing created."""

import asyncio
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Optional

import typer

from statesvc.errors import Conflict, InvalidParameter


def validate(
    *,
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="A create body, or what docker inspect prints; - for stdin.")
    ],
    data_root: Annotated[Optional[Path], typer.Option("--data-root", help="Folder of the database.")] = None,  # noqa: UP045
    config_file: Annotated[Optional[Path], typer.Option("--config-file", help="Docker's daemon.json.")] = None,  # noqa: UP045
    host_facts: Annotated[
        Path | None, typer.Option("--host-facts", help="Facts to use instead of this host's.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the verdict as JSON.")] = False,
) -> None:
    """Judge a create request: every mistake, every warning, the documents that would be stored.

    With --host-facts or --config-file it is judged for that machine, else by the service that holds the data root, or
    here. Exit code 1: the request would be refused.
    """
    body = create_body(_read(file))
    judgement = _judge(body, data_root, config_file, host_facts)
    if as_json:
        print(json.dumps(judgement, indent=2))
    else:
        _show(judgement)
    if not judgement["Valid"]:
        raise typer.Exit(1)


def _read(file: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise InvalidParameter(f"{file} cannot be read: {error.strerror}") from None


def create_body(written: bytes) -> bytes:
    """Return the create body that a text stands for: itself, or what an inspected container was created with."""
    from statesvc.validation import namespaces

    try:
        parsed = json.loads(written)
    except ValueError:
        return written  # the judge says what is wrong with it
    if isinstance(parsed, list) and len(parsed) == 1:
        parsed = parsed[0]
    if not isinstance(parsed, dict) or not isinstance(parsed.get("Config"), dict) or "State" not in parsed:
        return written
    host, settings = parsed.get("HostConfig") or {}, parsed.get("NetworkSettings") or {}
    if not isinstance(host, dict) or not isinstance(settings, dict):
        return written
    networks = settings.get("Networks")
    inspected = {"HostConfig": host, "NetworkingConfig": {"EndpointsConfig": networks}}
    never_asked = namespaces.never_asked(str(host.get("NetworkMode")), str(host.get("UTSMode")))
    return json.dumps(parsed["Config"] | never_asked | inspected).encode()


def _judge(body: bytes, data_root: Path | None, config_file: Path | None, host_facts: Path | None) -> Any:
    from statesvc.cli import logs
    from statesvc.cli.read_settings import read_settings
    from statesvc.cli.service import post
    from statesvc.cli.throw_away import root_to_open
    from statesvc.host.lock import holder

    settings = read_settings(data_root=data_root, config_file=config_file, host_facts=host_facts, hosts=())
    # What is opened for the judgement alone is nobody's news.
    logs.configure("warning", settings.log_format)
    try:
        with root_to_open(settings.data_root, dry_run=True) as root:
            opening = settings.model_copy(update={"data_root": root})
            return asyncio.run(_judge_here(opening, body, settings.data_root.absolute()))
    except Conflict:
        _, socket = holder(settings.data_root)
        if not socket or config_file or host_facts:
            raise
    return post(socket, "/statesvc/v1/containers/validate", body)


async def _judge_here(settings: Any, body: bytes, data_root: Path) -> Any:
    from statesvc.api.validation import judgement_document
    from statesvc.app import opened
    from statesvc.services.containers.service import Containers

    async with opened(settings, put_in_force=False) as services:
        # Binds are judged by the data root that was asked for, also where a throw-away one is opened in its place.
        site = replace(services.site, data_root=data_root)
        containers = Containers(services.database, site, services.images, services.keys, services.damage)
        return judgement_document(await containers.judge(body))


def _show(judgement: Any) -> None:
    print("valid" if judgement["Valid"] else f"refused: {judgement['Message']}")
    for problem in judgement["Errors"]:
        print(f"  error    {problem['Code']:<24} {problem['Field']:<32} {problem['Message']}")
    for warning in judgement["Warnings"]:
        print(f"  warning  {warning}")
    if judgement["Valid"]:
        print(json.dumps({key: judgement[key] for key in ("Config", "HostConfig", "NetworkingConfig")}, indent=2))
