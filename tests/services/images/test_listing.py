"""Which images a list shows: each filter as Docker reads it."""

import hashlib
import json
from collections.abc import Mapping

import pytest

from statesvc.app import Services
from statesvc.db import images
from statesvc.db.images import Image
from statesvc.db.sqlite import Connection
from statesvc.domain.times import SECOND, parse
from statesvc.errors import InvalidParameter, NotFound

pytestmark = pytest.mark.anyio

DIGEST = f"@sha256:{'d' * 64}"
# By name: the day in March 2024 of its creation, None for an image that does not know it; labels; references.
RECORDED: Mapping[str, tuple[int | None, dict[str, str] | None, list[str]]] = {
    "a": (1, {"own": "a"}, ["docker.io/team/a:1"]),
    "b": (5, {"own": "b", "k": "v"}, ["docker.io/team/b:1", "docker.io/team/b:2", "docker.io/library/tool:latest"]),
    "digest": (2, {}, [f"docker.io/team/a{DIGEST}"]),
    "bare": (3, {"own": "bare"}, []),
    "timeless": (None, None, ["registry.example:5000/deep/path/x:1"]),
}


def record(conn: Connection) -> dict[str, str]:
    ids = {}
    for name, (day, labels, references) in RECORDED.items():
        config = {"rootfs": {"type": "layers"}, "comment": name}
        raw = json.dumps(config | ({"config": {"Labels": labels}} if labels is not None else {})).encode()
        ids[name] = f"sha256:{hashlib.sha256(raw).hexdigest()}"
        created = None if day is None else parse(f"2024-03-0{day}T10:00:00Z")
        images.put(conn, Image(ids[name], raw, 0, created, None))
        for reference in references:
            images.tag(conn, reference, ids[name], None)
    return ids


async def listed(services: Services, filters: Mapping[str, tuple[str, ...]]) -> dict[str, list[str]]:
    """Return the references of the images that are shown, by their names."""
    await services.database.write(record)
    shown = [image.recorded for image in await services.images.listed(filters)]
    return {image.parsed.comment: [*image.repo_tags, *image.repo_digests] for image in shown}


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ({}, "a b digest bare timeless"),
        ({"dangling": ("true",)}, "digest bare"),
        ({"dangling": ("1",)}, "digest bare"),
        ({"dangling": ("false",)}, "a b digest timeless"),
        ({"label": ("own",)}, "a b bare"),
        ({"label": ("own=b",)}, "b"),
        ({"label": ("k", "own=a")}, ""),
        ({"label": ()}, "a b digest bare"),
        ({"before": ("team/b:1",)}, "a digest bare"),
        ({"before": ("tool",)}, "a digest bare"),
        ({"before": ("docker.io/library/tool:latest",)}, "a digest bare"),
        ({"before": (f"team/a{DIGEST}",)}, "a"),
        ({"before": ("team/b:1", f"team/a{DIGEST}")}, "a"),
        ({"before": ("registry.example:5000/deep/path/x:1",)}, "a b digest bare timeless"),
        ({"since": ("team/a:1",)}, "b digest bare"),
        ({"since": ("team/a:1", f"team/a{DIGEST}")}, "b bare"),
        ({"since": ("team/a:1",), "before": ("team/b:2",)}, "digest bare"),
        ({"until": ("2024-03-02T10:00:00Z",)}, "a"),
        ({"until": ("2024-03-02T10:00:01Z", "2024-03-04")}, "a digest"),
        ({"until": ("1s",)}, "a b digest bare"),
        ({"until": ("0",)}, ""),
    ],
    ids=str,
)
async def test_a_filter_leaves_what_it_leaves_in_docker(
    services: Services, filters: Mapping[str, tuple[str, ...]], names: str
) -> None:
    services.site.clock.now = parse("2024-04-01T00:00:00Z")  # type: ignore[attr-defined]
    assert sorted(await listed(services, filters)) == sorted(names.split())


@pytest.mark.parametrize(
    ("filters", "shown"),
    [
        ({"reference": ("team/a:1",)}, {"a": ["team/a:1"]}),
        ({"reference": ("team/b",)}, {"b": ["team/b:1", "team/b:2"]}),
        ({"reference": ("team/b:[^1]",)}, {"b": ["team/b:2"]}),
        ({"reference": ("team/a:1", "team/b:2")}, {"a": ["team/a:1"], "b": ["team/b:2"]}),
        ({"reference": ("team/a",)}, {"a": ["team/a:1"], "digest": [f"team/a{DIGEST}"]}),
        ({"reference": ("team/?:1",)}, {"a": ["team/a:1"], "b": ["team/b:1"]}),
        ({"reference": ("*",)}, {"b": ["tool:latest"]}),
        ({"reference": ("tool",)}, {"b": ["tool:latest"]}),
        ({"reference": ("docker.io/library/tool",)}, {}),
        ({"reference": ("*/deep/*/x",)}, {"timeless": ["registry.example:5000/deep/path/x:1"]}),
        ({"reference": ()}, {}),
        ({"reference": ("team/*",), "dangling": ("true",)}, {"digest": [f"team/a{DIGEST}"]}),
        ({"reference": ("*" * 500 + "/" + "*a" * 100,)}, {}),
    ],
    ids=lambda value: str(value)[:60],
)
async def test_a_reference_shows_what_it_matches_and_no_other_names(
    services: Services, filters: Mapping[str, tuple[str, ...]], shown: dict[str, list[str]]
) -> None:
    assert await listed(services, filters) == shown


async def test_before_and_since_find_an_image_by_any_name_of_it(services: Services) -> None:
    ids = await services.database.write(record)
    for name in (ids["bare"], ids["bare"].removeprefix("sha256:"), ids["bare"][7:19], ids["bare"][:19]):
        assert sorted(await listed(services, {"since": (name,)})) == ["b"]


@pytest.mark.parametrize("key", ["before", "since"])
async def test_an_image_that_is_not_recorded_is_not_found(services: Services, key: str) -> None:
    with pytest.raises(NotFound, match="No such image: nosuch:latest"):
        await listed(services, {key: ("nosuch",)})
    with pytest.raises(InvalidParameter, match="invalid reference format"):
        await listed(services, {key: ("no such",)})


@pytest.mark.parametrize(
    ("filters", "message"),
    [
        ({"dangling": ("x",)}, r"invalid filter 'dangling=\[x\]'"),
        ({"dangling": ("true", "false")}, r"invalid filter 'dangling=\[false true\]'"),
        ({"dangling": ("True",)}, r"invalid filter 'dangling=\[True\]'"),
        ({"until": ("x",)}, 'failed to parse value as time or duration: "x"'),
        ({"reference": ("[",)}, "syntax error in pattern"),
        ({"reference": ("a" * 2_000_000,)}, "a pattern is too long"),
    ],
    ids=lambda value: str(value)[:60],
)
async def test_a_value_that_a_filter_does_not_understand_is_refused(
    services: Services, filters: Mapping[str, tuple[str, ...]], message: str
) -> None:
    with pytest.raises(InvalidParameter, match=message):
        await listed(services, filters)


async def test_the_newest_comes_first(services: Services) -> None:
    assert list(await listed(services, {"until": (str(parse("2024-03-04T00:00:00Z") // SECOND),)})) == [
        "bare",
        "digest",
        "a",
    ]
