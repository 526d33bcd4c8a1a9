"""`make docs`: print docs/api.md, from the routes of a service on a temporary data root."""

import asyncio
import sys
import tempfile
from pathlib import Path

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


if __name__ == "__main__":
    logs.configure("error", "text")
    sys.stdout.write(document())
