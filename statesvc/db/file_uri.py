"""The name by which SQLite opens a database file: a URI in which every byte of the path stands for itself."""

import os
from pathlib import Path
from typing import Literal

from statesvc.db.index_room import has_room
from statesvc.errors import InvalidParameter

# SQLite's limit of a path is 512 bytes, and its journal has 8 more than the database.
LONGEST_PATH = 504


def file_uri(path: Path, mode: Literal["ro", "rw", "rwc"], *, brief: bool = False) -> str:
    """Return the URI that opens exactly this file, whatever is in its path: `?`, `#`, percent signs, quotes, spaces.

    With "ro" and "rw" SQLite opens what is there, and makes no file. A file on a file system that is mounted
    read-only is opened without a lock and without a log, as SQLite can make neither there; for a `brief` look also one
    on a full disk.
    Raises InvalidParameter for a path that SQLite cannot open.
    """
    whole = path.absolute()
    size = len(os.fsencode(whole))
    if size > LONGEST_PATH:
        raise InvalidParameter(
            f"the path {whole} has {size} bytes, and SQLite opens none of more than {LONGEST_PATH}: "
            "choose a shorter path"
        )
    return f"{whole.as_uri()}?mode={mode}" + (
        "&immutable=1" if mode != "rwc" and _is_immutable(whole, brief=brief) else ""
    )


def _is_immutable(path: Path, *, brief: bool) -> bool:
    """Return whether nothing can change the file: its disk is read-only or full, and no log waits beside it."""
    try:
        if path.with_name(f"{path.name}-wal").exists():
            return False
        return bool(os.statvfs(path).f_flag & os.ST_RDONLY) or (brief and not has_room(path))
    except OSError:
        return False
