"""Which events a stream shows (moby daemon/events/filter.go).

Keys that Docker does not know are ignored, as it does.
"""

from statesvc.domain.event import Event
from statesvc.domain.filters import Filters
from statesvc.domain.limits import LIMITS
from statesvc.errors import InvalidParameter

_NAMED = ("container", "plugin", "volume", "network", "daemon", "service", "node", "secret", "config")
# These actions carry a detail behind a colon, which a filter may leave out.
_DETAILED = ("health_status", "exec_create", "exec_start")


class EventFilter:
    """What a stream asks for, prepared once. Two of the same filters are equal.

    Raises InvalidParameter for more values than are compared with every event.
    """

    def __init__(self, filters: Filters) -> None:
        if sum(map(len, filters.values())) > (most := LIMITS.event_filter_values):
            raise InvalidParameter(f"invalid filter: the filters of events have more than {most:,} values")
        self._key = frozenset(filters.items())
        self._hash = hash(self._key)
        self._is_local = "local" in filters.get("scope", ("local",))
        self._types = frozenset(filters["type"]) if "type" in filters else None
        self._actions = frozenset(filters["event"]) if "event" in filters else None
        self._named = [filters[kind] for kind in _NAMED if kind in filters]
        self._images = frozenset(filters["image"]) if "image" in filters else None
        self._labels = [label.partition("=") for label in filters.get("label", ())]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, EventFilter) and self._key == other._key

    def __hash__(self) -> int:
        return self._hash

    def includes(self, event: Event) -> bool:
        """Return whether the event passes every filter."""
        return (
            self._is_local
            and (self._types is None or event.type in self._types)
            and (self._actions is None or _is_action(self._actions, event.action))
            and all(_is_named(wanted, event) for wanted in self._named)
            and (self._images is None or not self._images.isdisjoint(_images(event)))
            and all(_is_labelled(key, value if equals else None, event) for key, equals, value in self._labels)
        )


def _is_action(wanted: frozenset[str], action: str) -> bool:
    word, colon, _ = action.partition(": ")
    return action in wanted or bool(colon and word in _DETAILED and word in wanted)


def _is_named(wanted: tuple[str, ...], event: Event) -> bool:
    return event.actor_id.startswith(wanted) or event.attributes.get("name", "").startswith(wanted)


def _images(event: Event) -> tuple[str, ...]:
    name = event.attributes.get("name" if event.type == "image" else "image", "")
    return event.actor_id, name, _without_tag(event.actor_id), _without_tag(name)


def _without_tag(text: str) -> str:
    before, colon, after = text.partition("@")[0].rpartition(":")
    return before if colon and "/" not in after else text


def _is_labelled(key: str, value: str | None, event: Event) -> bool:
    return key in event.attributes and value in {None, event.attributes[key]}
