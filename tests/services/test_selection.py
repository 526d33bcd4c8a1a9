import time
from typing import Any

import pytest

from statesvc.app import Services
from statesvc.domain.documents import Config, ContainerCreate
from statesvc.errors import InvalidParameter, NotOffered
from statesvc.services.selection import ListQuery

pytestmark = pytest.mark.anyio


async def listed(services: Services, **filters: tuple[str, ...]) -> list[str]:
    found = await services.containers.listed(ListQuery(all=True, filters=filters))
    return sorted(row.names.strip('"/') for row in found.rows)


@pytest.fixture
async def three(services: Services) -> Services:
    for name, labels in (("web", {"tier": "front"}), ("db", {"tier": "back"}), ("a" * 40, None)):
        await services.containers.create(name, ContainerCreate(config=Config(Cmd=["x"], Labels=labels)))
    return services


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ({"name": ("^/web$",)}, ["web"]),
        ({"name": ("b",)}, ["db", "web"]),
        ({"label": ("tier",)}, ["db", "web"]),
        ({"label": ("tier=back",)}, ["db"]),
        ({"status": ("exited",)}, []),
        ({"status": ("created",), "name": ("db",)}, ["db"]),
        ({"health": ("none",), "name": ("db",)}, ["db"]),
        ({"before": ("db",)}, ["web"]),
        ({"since": ("web",)}, ["a" * 40, "db"]),
        ({"ancestor": ("nosuch",)}, []),
        ({"volume": ("v",)}, []),
        ({"network": ("bridge",), "name": ("db",)}, ["db"]),
    ],
    ids=lambda value: "" if isinstance(value, list) else "+".join(value),
)
async def test_filters_choose_what_they_say(three: Services, filters: dict[str, Any], names: list[str]) -> None:
    assert await listed(three, **filters) == names


async def test_a_pattern_that_would_backtrack_for_ever_is_answered_at_once(three: Services) -> None:
    started = time.monotonic()
    assert await listed(three, name=("(a+)+b$",)) == []
    assert time.monotonic() - started < 10  # Python's own engine needs longer than the universe has


@pytest.mark.parametrize("pattern", ["(", "a**", "(?=a)", r"\1", "\ud800"])
async def test_what_is_no_pattern_to_go_is_refused(three: Services, pattern: str) -> None:
    with pytest.raises(InvalidParameter, match="not a regular expression"):
        await listed(three, name=(pattern,))


@pytest.mark.parametrize("filters", [{"status": ("bogus",)}, {"health": ("x",)}, {"exited": ("x",)}, {"before": ("",)}])
async def test_a_value_that_no_filter_understands_is_refused(three: Services, filters: dict[str, Any]) -> None:
    with pytest.raises(InvalidParameter):
        await listed(three, **filters)


async def test_a_filter_to_come_says_so(three: Services) -> None:
    with pytest.raises(NotOffered, match="publish"):
        await listed(three, publish=("80",))
