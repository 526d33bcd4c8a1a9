"""`make docs`: print docs/api.md or docs/openapi.yaml, from the routes of a service on a temporary data root.

python tests/support/api_document.py markdown|openapi
"""

import asyncio
import sys
import tempfile
from pathlib import Path

import yaml

from statesvc.api import openapi
from statesvc.api.document import markdown
from statesvc.api.routing import Route
from statesvc.app import opened
from statesvc.cli import logs
from statesvc.settings import Settings


def routes() -> list[Route]:
    """Return every route of the API."""
    return asyncio.run(_routes())


async def _routes() -> list[Route]:
    with tempfile.TemporaryDirectory(prefix="statesvc-routes-") as folder:
        async with opened(Settings(data_root=Path(folder), hosts=())) as services:
            return services.routes()


def document() -> str:
    """Return docs/api.md."""
    return markdown(routes())


def description() -> str:
    """Return docs/openapi.yaml."""
    head = "# Made by `make docs` from the routes in statesvc/api and the documents in statesvc/domain/documents.\n"
    return head + yaml.dump(openapi.description(routes()), sort_keys=False, allow_unicode=True, width=120, Dumper=Plain)


class Plain(yaml.SafeDumper):
    """Writes what is meant twice twice, and no anchors."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - PyYAML's signature
        """Return that there are none."""
        return True


if __name__ == "__main__":
    logs.configure("error", "text")
    sys.stdout.write({"markdown": document, "openapi": description}[sys.argv[1]]())
