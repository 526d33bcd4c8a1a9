"""How many values the filters of events may have: each is compared with every event."""

import time

import pytest

from statesvc.domain.event import Event
from statesvc.domain.event_filters import EventFilter
from statesvc.domain.limits import LIMITS
from statesvc.errors import InvalidParameter

MOST = LIMITS.event_filter_values


def test_more_values_than_the_limit_are_refused_whatever_their_keys() -> None:
    half = tuple(str(number) for number in range(MOST // 2))
    EventFilter({"container": half, "image": half})
    with pytest.raises(InvalidParameter, match="more than 1,000 values"):
        EventFilter({"container": half, "image": half, "label": ("one",)})


@pytest.mark.parametrize("key", ["container", "event", "image", "label", "type"])
def test_a_page_is_compared_with_the_most_values_in_a_short_time(key: str) -> None:
    chosen = EventFilter({key: tuple(f"{number:064}" for number in range(MOST))})
    page = [Event("container", "exec_start: sh", "f" * 64, 1, {"name": "web", "image": "busybox"})] * 200
    begun = time.process_time()
    assert not any(chosen.includes(event) for event in page)
    assert time.process_time() - begun < 0.5


@pytest.mark.parametrize(
    ("filters", "included"),
    [
        ({"event": ("exec_start",)}, True),
        ({"event": ("exec_start: sh",)}, True),
        ({"event": ("exec",)}, False),
        ({"container": ("no", "we")}, True),
        ({"container": ()}, False),
        ({"image": ("team/busybox",)}, True),
        ({"image": ("busybox",)}, False),
        ({"label": ("tier", "name=web")}, True),
        ({"label": ("tier=",)}, False),
        ({"scope": ("swarm",)}, False),
    ],
)
def test_an_event_passes_every_filter(filters: dict[str, tuple[str, ...]], included: bool) -> None:
    attributes = {"name": "web", "image": "team/busybox:1", "tier": "front"}
    assert EventFilter(filters).includes(Event("container", "exec_start: sh", "f" * 64, 1, attributes)) is included
