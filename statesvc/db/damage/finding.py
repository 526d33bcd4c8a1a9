"""What a check of the store finds: a row that is not as it must be, and what a repair would do about it."""

from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong.

    `code` is stable; table, key and column are "" where it is about no row; `repair` is "" where nothing can be done.
    """

    code: str
    table: str
    key: str
    column: str
    message: str
    repair: str
    container_id: str | None = None
    reason: str = ""

    def told(self) -> dict[str, object]:
        """Return the finding as it is handed out."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Mark:
    """A mark on a row that cannot be read: which row and column, why, and since when."""

    table: str
    key: str
    column: str
    container_id: str | None
    reason: str
    since: int

    def told(self) -> dict[str, object]:
        """Return the mark as it is handed out; what was found in the row is not told."""
        return asdict(self)
