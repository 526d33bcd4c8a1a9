"""Reaching a data root: the database itself, or the service that holds it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any


def here_or_there(settings: Any, here: Callable[[Any], Awaitable[Any]], there: Callable[[str], Any]) -> Any:
    """Return what `here` makes of the services of an open data root; if a service holds it, what `there` gets of it.

    `there` is given the socket. The configuration in force stays as it is. Raises Conflict if another process holds the
    data root and serves nothing.
    """
    from statesvc.errors import Conflict
    from statesvc.host.lock import holder

    try:
        return asyncio.run(_opened(settings, here))
    except Conflict:
        _, socket = holder(settings.data_root)
        if not socket:
            raise
    return there(socket)


def read_here_or_there(settings: Any, here: Callable[[Any], Awaitable[Any]], there: Callable[[str], Any]) -> Any:
    """As `here_or_there`, for a question: it makes no database, and migrates none.

    Raises NotFound if there is none, Conflict if it has another schema than the newest.
    """
    from statesvc.app import DATABASE
    from statesvc.db.schema import migrate
    from statesvc.errors import Conflict, NotFound

    path, newest = settings.data_root.absolute() / DATABASE, migrate.known_revisions()[-1]
    if not path.exists():
        raise NotFound(f"there is no database {path}")
    revision = migrate.refuse_newer(path)
    if revision != newest:
        raise Conflict(f"the schema of {path} is {revision or 'none'}, not {newest}: run statesvc db upgrade first")
    return here_or_there(settings, here, there)


async def _opened(settings: Any, here: Callable[[Any], Awaitable[Any]]) -> Any:
    from statesvc.app import opened

    async with opened(settings, put_in_force=False) as services:
        return await here(services)
