"""An entry of the journal: what happened to which object, when, and which client asked for it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from statesvc.domain.asker import Asker

# The actions of containers that Docker has (moby api/types/events), without the details behind a colon.
_DOCKERS = frozenset(
    """archive-path attach checkpoint commit copy create destroy detach die exec_create exec_detach exec_die exec_start
    export extract-to-dir health_status kill oom pause prune rename resize restart start stop top unpause
    update""".split()
)


def is_dockers(event: "Event") -> bool:
    """Return whether Docker has such an event, too: `GET /events` leaves the others out."""
    return event.type != "container" or event.action.partition(":")[0] in _DOCKERS


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
