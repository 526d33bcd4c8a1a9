"""`statesvc validate`: checks a create request as the service would, and creates nothing."""

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from statesvc.cli.options import ConfigFileOption, DataRootOption, HostFactsOption, JsonOption, read_settings
from statesvc.errors import InvalidParameter

if TYPE_CHECKING:
    from statesvc.app import Services
    from statesvc.client import JsonObject


def validate(
    *,
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="A create body, or what docker inspect prints; - for stdin.")
    ],
    data_root: DataRootOption = None,
    config_file: ConfigFileOption = None,
    host_facts: HostFactsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check a create request: every mistake, every warning, the documents that would be stored.

    With --host-facts or --config-file it is checked for that machine, else by the service that holds the data root, or
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
        return written  # the check names what is wrong with it
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


def _judge(body: bytes, data_root: Path | None, config_file: Path | None, host_facts: Path | None) -> "JsonObject":
    from statesvc.cli.data_root_access import here_or_there, opened_here

    settings = read_settings(data_root=data_root, config_file=config_file, host_facts=host_facts, hosts=())
    asked_for = settings.data_root.absolute()

    async def here(services: "Services") -> "JsonObject":
        from statesvc.api.validation import judgement_document
        from statesvc.services.containers.service import Containers

        # Binds are checked against the data root of the option, also where a throw-away one is opened in its place.
        site = replace(services.site, data_root=asked_for)
        containers = Containers(services.database, site, services.images, services.keys, services.damage)
        return judgement_document(await containers.judge(body))

    if config_file or host_facts:
        return opened_here(settings, here, dry_run=True)
    return here_or_there(settings, here, lambda client: client.validate(body), dry_run=True)


def _show(judgement: "JsonObject") -> None:
    print("valid" if judgement["Valid"] else f"refused: {judgement['Message']}")
    for problem in judgement["Errors"]:
        print(f"  error    {problem['Code']:<24} {problem['Field']:<32} {problem['Message']}")
    for warning in judgement["Warnings"]:
        print(f"  warning  {warning}")
    if judgement["Valid"]:
        print(json.dumps({key: judgement[key] for key in ("Config", "HostConfig", "NetworkingConfig")}, indent=2))
