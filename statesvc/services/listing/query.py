"""The query and the result of a list of containers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from statesvc.db.containers.listed_row import ListedRow
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
    """The parameters of a list.

    Without `all`, a limit or a status filter, only live containers are listed. `size` adds the sizes of their images.
    """

    all: bool = False
    limit: int = 0
    filters: Filters = field(default_factory=dict)
    size: bool = False


@dataclass(frozen=True, slots=True)
class Listed:
    """The rows of a list, and what belongs to them.

    `images` maps each image name in the rows to the ID it resolves to now ("" for none), `sizes` image IDs to sizes.
    `damaged` maps the ID of every damaged container, listed or not, to the reason.
    """

    rows: Sequence[ListedRow]
    images: Mapping[str, str]
    sizes: Mapping[str, int] = field(default_factory=dict)
    damaged: Mapping[str, str] = field(default_factory=dict)
