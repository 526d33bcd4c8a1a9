"""The row of a container in a list; only `listing.py` reads such rows."""

from typing import NamedTuple


class ListedRow(NamedTuple):
    """A container in a list. `names` is the comma-joined JSON of all its names, `status` its health."""

    id: str
    names: str
    image: str
    image_id: str
    state: str
    exit_code: int
    started_at: int | None
    finished_at: int | None
    status: str | None
    summary: str
    rowid: int
