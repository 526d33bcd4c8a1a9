"""Which events a stream shows (moby daemon/events/filter.go).

Keys that Docker does not know are ignored, as it does.
"""

from statesvc.domain.event import Event
from statesvc.domain.filters import Filters

_NAMED = ("container", "plugin", "volume", "network", "daemon", "service", "node", "secret", "config")
# These actions carry a detail behind a colon, which a filter may leave out.
_DETAILED = ("health_status", "exec_create", "exec_start")


def includes(filters: Filters, event: Event) -> bool:
    """Return whether the event passes every filter."""
    return (
        _is_action(filters, event.action)
        and event.type in filters.get("type", (event.type,))
        and "local" in filters.get("scope", ("local",))
        and all(_is_named(filters[kind], event) for kind in _NAMED if kind in filters)
        and _is_image(filters, event)
        and all(_is_labelled(label, event) for label in filters.get("label", ()))
    )


def _is_action(filters: Filters, action: str) -> bool:
    wanted = filters.get("event")
    if wanted is None:
        return True
    return action in wanted or any(action.startswith(f"{word}: ") for word in wanted if word in _DETAILED)


def _is_named(wanted: tuple[str, ...], event: Event) -> bool:
    name = event.attributes.get("name", "")
    return any(event.actor_id.startswith(text) or name.startswith(text) for text in wanted)


def _is_image(filters: Filters, event: Event) -> bool:
    wanted = filters.get("image")
    if wanted is None:
        return True
    name = event.attributes.get("name" if event.type == "image" else "image", "")
    known = {event.actor_id, name, _without_tag(event.actor_id), _without_tag(name)}
    return any(text in known for text in wanted)


def _without_tag(text: str) -> str:
    before, colon, after = text.partition("@")[0].rpartition(":")
    return before if colon and "/" not in after else text


def _is_labelled(label: str, event: Event) -> bool:
    key, equals, value = label.partition("=")
    return key in event.attributes and (not equals or event.attributes[key] == value)
