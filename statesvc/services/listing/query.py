"""What a list of containers is asked for, and what it answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from statesvc.db.containers.listing import ListedRow
from statesvc.domain.filters import Filters

__all__ = ["ACCEPTED", "ListQuery", "Listed", "ListedRow"]

ACCEPTED = frozenset(
    {
        "ancestor", "before", "exited", "id", "isolation", "label", "name", "status", "health", "since", "volume",
        "network", "is-task", "publish", "expose",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ListQuery:
    """What a list is asked for.

    Without `all`, a limit or a status only live containers are shown; `size` asks for the sizes of their images.
    """

    all: bool = False
    limit: int = 0
    filters: Filters = field(default_factory=dict)
    size: bool = False


@dataclass(frozen=True, slots=True)
class Listed:
    """The rows of a list; for each image text among them the ID it means now ("" for none), and sizes by image ID.

    `damaged` gives the reason for each container that cannot be read, for all that there are.
    """

    rows: Sequence[ListedRow]
    images: Mapping[str, str]
    sizes: Mapping[str, int] = field(default_factory=dict)
    damaged: Mapping[str, str] = field(default_factory=dict)
