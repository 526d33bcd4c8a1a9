"""What a check of the database finds, and the marks on rows that cannot be read."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong.

    `code` is stable; table, key and column are "" if it is not about a row; `repair` is what a repair would do, "" if
    nothing can be done.
    """

    code: str
    table: str
    key: str
    column: str
    message: str
    repair: str
    container_id: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """A mark on a row that cannot be read: which row and column, why, and since when."""

    table: str
    key: str
    column: str
    container_id: str | None
    reason: str
    since: int
