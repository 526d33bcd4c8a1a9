"""One entry of the journal: what happened to what, when."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened.

    `seq` is its place in the journal (0 until it is written), `time` nanoseconds since 1970.
    """

    type: str
    action: str
    actor_id: str
    time: int
    attributes: Mapping[str, str] = field(default_factory=dict)
    revision: int | None = None
    seq: int = 0
