"""Access of commands to a data root: through the service that holds it, or by opening the data root in this process."""

import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from statesvc.errors import Conflict
from statesvc.host.data_root import LOG_LOST, DataRoot

if TYPE_CHECKING:
    from statesvc.app import Services
    from statesvc.client import Client
    from statesvc.settings import Settings

Answer = TypeVar("Answer")


def here_or_there(
    settings: "Settings",
    here: "Callable[[Services], Awaitable[Answer]]",
    there: "Callable[[Client], Answer]",
    *,
    dry_run: bool = False,
    log_level: str = "warning",
) -> Answer:
    """Return the result of `there` with the service that holds the data root, or of `here` if no service does.

    Raises Conflict if another process holds the data root and serves nothing, and as `opened_here` does.
    """
    root = DataRoot(settings.data_root)
    if not root.is_held():
        try:
            return opened_here(settings, here, dry_run=dry_run, log_level=log_level)
        except Conflict:
            if not root.is_held():  # otherwise a service has started meanwhile: ask it
                raise
    return there(client(root))


def read_here_or_there(
    settings: "Settings", here: "Callable[[Services], Awaitable[Answer]]", there: "Callable[[Client], Answer]"
) -> Answer:
    """As `here_or_there`, for commands that only read: creates no database, and migrates none.

    Raises NotFound if there is none, Conflict if no service holds it and it has another schema than the newest.
    """
    root = DataRoot(settings.data_root)
    if not root.is_held():
        _refuse_another_schema(root)
    return here_or_there(settings, here, there)


def opened_here(
    settings: "Settings",
    here: "Callable[[Services], Awaitable[Answer]]",
    *,
    dry_run: bool = False,
    log_level: str = "warning",
) -> Answer:
    """Return the result of `here` with the services of the data root; the configuration in force stays.

    A dry run without a database uses a temporary one. Raises Conflict if another process holds the data
    root.
    """
    import asyncio

    from statesvc.cli import logs

    logs.configure(log_level, settings.log_format)
    with _root_to_open(DataRoot(settings.data_root), dry_run=dry_run) as path:
        return asyncio.run(_opened(settings.model_copy(update={"data_root": path}), here))


@contextmanager
def held(root: DataRoot) -> Iterator[None]:
    """Hold the data root for a command that changes it, without leftovers; print to stderr what was found.

    Raises Conflict if another process holds it, Unavailable if it cannot be used.
    """
    from statesvc.db.schema.restore import leftovers_removed

    with root.lock() as lock:
        if lock.log_lost:
            print(f"statesvc: {LOG_LOST}", file=sys.stderr)
        for path in leftovers_removed(root.database, root.backups):
            print(f"statesvc: removed {path}, which a killed command had left", file=sys.stderr)
        yield


def client(root: DataRoot) -> "Client":
    """Return a client of the service that holds the data root. Raises Conflict if its holder serves nothing."""
    from statesvc.client import Client

    socket = root.holder().socket
    if not socket:
        raise root.in_use()
    return Client(socket)


async def _opened(settings: "Settings", here: "Callable[[Services], Awaitable[Answer]]") -> Answer:
    from statesvc.app import opened

    async with opened(settings, put_in_force=False) as services:
        return await here(services)


def _refuse_another_schema(root: DataRoot) -> None:
    from statesvc.db.schema import migrate

    path, newest = root.existing_database(), migrate.known_revisions()[-1]
    revision = migrate.refuse_newer(path)
    if revision != newest:
        raise Conflict(f"the schema of {path} is {revision or 'none'}, not {newest}: run statesvc db upgrade first")


@contextmanager
def _root_to_open(root: DataRoot, *, dry_run: bool) -> Iterator[Path]:
    root.refuse_links()
    if dry_run and not root.database.exists():
        with tempfile.TemporaryDirectory(prefix="statesvc-dry-run-") as empty:
            yield Path(empty)
    else:
        yield root.path
