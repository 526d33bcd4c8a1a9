"""An entry of the journal: what happened to which object, when, and which client asked for it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from statesvc.domain.asker import Asker

# Actions that Docker does not have: /events leaves them out.
OWN_ACTIONS = frozenset({"unlink"})


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened.

    `seq` is its place in the journal (0 until it is written), `time` nanoseconds since 1970. An event about a container
    carries the revision that the change made, and the `values` of the container's narrow columns after it, None once it
    is removed. The journal adds values and asker when it writes the event.
    """

    type: str
    action: str
    actor_id: str
    time: int
    attributes: Mapping[str, str] = field(default_factory=dict)
    revision: int | None = None
    seq: int = 0
    values: Mapping[str, object] | None = None
    asker: Asker | None = None
