"""docs/api.md: made from the routes, complete, and its examples like real answers."""

import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from api_document import document, routes
from damage import lawless
from docker_root import DockerRoot
from service import Answer, Service, running

from statesvc.api.endpoint import MORE
from statesvc.api.errors import STATUS
from statesvc.api.routing import OWN, Route

DOCS = Path(__file__).parents[2] / "docs"
ROUTES = routes()
OWN_ROUTES = [route for route in ROUTES if route.path.startswith(OWN)]
DOCUMENTED = {f"{route.method} {route.path.removeprefix(OWN)}": route for route in OWN_ROUTES if route.endpoint}
PROTOCOL = re.compile(r"/statesvc/v1/(containers|execs)/\{name\}/[a-z-]+")
FIELD = re.compile(r"[A-Z][A-Za-z]*")


def test_the_document_is_what_the_routes_say() -> None:
    assert (DOCS / "api.md").read_text() == document(), "run `make docs`"


@pytest.mark.parametrize("route", OWN_ROUTES, ids=lambda route: f"{route.method} {route.path}")
def test_an_endpoint_is_documented_here_or_in_the_engine_protocol(route: Route) -> None:
    if route.endpoint is None:
        assert PROTOCOL.fullmatch(route.path)
        assert route.path.rpartition("/")[2] in (DOCS / "engine-protocol.md").read_text()


@pytest.mark.parametrize("route", DOCUMENTED.values(), ids=DOCUMENTED)
def test_a_handler_begins_with_its_method_path_and_query(route: Route) -> None:
    assert route.endpoint
    query = "&".join(f"{key}=" for key in route.endpoint.query)
    assert route.handler.__doc__
    assert (
        re.match(r"\S+ [^\s,:]+", route.handler.__doc__)[0] == f"{route.method} {route.path}{'?' * bool(query)}{query}"
    )
    assert set(route.endpoint.errors) <= set(STATUS.values())


@pytest.fixture(scope="module")
def asked(loaded_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Answer]]:
    """What a service answers that has something to say at each endpoint."""
    folder = tmp_path_factory.mktemp("api")
    root, config = folder / "data", folder / "daemon.json"
    shutil.copytree(loaded_root, root)
    foreign = DockerRoot(folder / "docker")
    foreign.container("imported")
    arguments = ("--config-file", str(config))
    _configure(config, logged="--one", gone="--x")
    with running(root, *arguments) as service:
        service.create("web", HostConfig={"Runtime": "logged"})
        service.create("hurt")
        service.call("POST", "/statesvc/v1/containers/web/prepare-start", {"Engine": "an engine"})
        service.call("POST", "/containers/web/rename", query={"name": "www"}, headers={"User-Agent": "an engine"})
    with lawless(root) as raw:
        raw.execute("UPDATE container_specs SET config = '{' WHERE container_id ="
                    " (SELECT container_id FROM container_names WHERE name = 'hurt')")  # fmt: skip
    with running(root, *arguments) as service:
        service.call("GET", "/containers/hurt/json")
        _configure(config, logged="--two", added="--y")
        yield {name: _ask(service, name, foreign.path) for name in ("POST runtimes/reload", *DOCUMENTED)}


def _configure(config: Path, **runtimes: str) -> None:
    written = {name: {"path": "/bin/true", "runtimeArgs": [argument]} for name, argument in runtimes.items()}
    config.write_text(json.dumps({"runtimes": written, "default-shm-size": str(len(json.dumps(written)) << 20)}))


def _ask(service: Service, name: str, foreign: Path) -> Answer:
    method, _, path = name.partition(" ")
    newest = service.call("GET", "/statesvc/v1/runtimes").json()["Version"]
    query = {
        "events": {"follow": 0},
        "runtimes/changes": {"before": newest - 1, "after": newest},
        "runtimes/history": {"limit": 2},
    }
    body = {"import": {"Engine": "docker", "Path": str(foreign), "DryRun": True}}
    endpoint = DOCUMENTED[name].endpoint
    assert endpoint
    at = OWN + path.replace("{name}", "www")
    return service.call(method, at, body.get(path, endpoint.body), query=query.get(path))


@pytest.mark.parametrize("name", DOCUMENTED)
def test_an_example_is_like_a_real_answer(asked: dict[str, Answer], name: str) -> None:
    endpoint, answer = DOCUMENTED[name].endpoint, asked[name]
    assert endpoint
    if endpoint.answer is None:
        assert (answer.status, answer.body) == (204, b"")
        return
    assert answer.status == 200, answer.body
    documents = [json.loads(line) for line in answer.body.splitlines()] if endpoint.lines else [answer.json()]
    assert [found for one in documents for found in differences(endpoint.answer, one)] == []


def differences(example: Any, real: Any, at: str = "") -> Iterator[str]:
    """Yield where the real document is not as the example has it: other fields, or values of another type.

    Null may stand in the place of any value; the keys of a map are not fields, and may be others.
    """
    if example is None or real is None or example == MORE:
        return
    if type(example) is not type(real):
        yield f"{at}: {real!r} is not like {example!r}"
    elif isinstance(example, dict):
        yield from _of_fields(example, real, at) if _is_document(example) else _of_values(example, real, at)
    elif isinstance(example, list) and example:
        for index, element in enumerate(real):
            yield from differences(example[0], element, f"{at}/{index}")


def _is_document(example: dict[str, Any]) -> bool:
    return all(map(FIELD.fullmatch, example.keys() - {MORE}))


def _of_fields(example: dict[str, Any], real: dict[str, Any], at: str) -> Iterator[str]:
    fields = example.keys() - {MORE}
    if not fields <= real.keys() or (MORE not in example and fields != real.keys()):
        yield f"{at}: {sorted(real)} are not {sorted(fields)}"
    for key in fields & real.keys():
        yield from differences(example[key], real[key], f"{at}/{key}")


def _of_values(example: dict[str, Any], real: dict[str, Any], at: str) -> Iterator[str]:
    values = [value for key, value in example.items() if key != MORE]
    if len({type(value) for value in values}) == 1:  # else the type of each value is its key's
        for key, value in real.items():
            yield from differences(values[0], value, f"{at}/{key}")


def test_answers_have_what_the_examples_show(asked: dict[str, Answer]) -> None:
    """Without it, a list that is always empty would be like any example."""
    assert asked["GET health"].json()["Marks"]
    assert asked["GET health"].json()["Swept"]
    assert len(asked["GET runtimes/history"].json()["Versions"]) == 2
    changes = asked["GET runtimes/changes"].json()
    assert (changes["Added"], changes["Removed"]) == (["added"], ["gone"])
    assert list(changes["Changed"]) == ["logged"]
    assert changes["Settings"] == ["default-shm-size"]
    assert asked["GET runtimes/drift"].json()["Containers"]
    assert asked["GET snapshot"].json()["Containers"]
    assert asked["POST import"].json()["Objects"]


@pytest.mark.parametrize("real", [{"A": 1}, {"A": 1, "B": [], "C": 1}, {"A": "1", "B": []}, {"A": 1, "B": ["x"]}])
def test_another_document_is_seen(real: dict[str, Any]) -> None:
    assert list(differences({"A": 1, "B": [2]}, real))
