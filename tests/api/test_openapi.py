"""docs/openapi.yaml: made from the routes, complete, and requests generated from it do no harm."""

import inspect
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from api_document import description, routes
from docker.transport import UnixHTTPAdapter
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from service import Service, resident_bytes, running

from statesvc.api import openapi
from statesvc.api.routing import TAR, Route

DOCUMENT = Path(__file__).parents[2] / "docs" / "openapi.yaml"
EXAMPLES = int(os.environ.get("OPENAPI_EXAMPLES", "10"))
SEED = int(os.environ.get("OPENAPI_SEED", "20261129"))
READS = re.compile(
    r'(?:call\.(?:text|flag|integer|number|values)\(|one_platform\(call, |\bin call\.query|_pair\()"([\w-]+)"'
)
ALLOWED = {*range(200, 500), 501, 503}
STREAMS = {"attach", "events", "logs", "stats", "wait"}
"""The last part of paths whose answers may go on for ever: only their heads are read."""
SECONDS = 5
MIB = 1024 * 1024

ROUTES = routes()
SCHEMA = schemathesis.openapi.from_dict(openapi.description(ROUTES))
SCHEMA.config.update(base_url="http://localhost")
OPERATIONS = [found.ok() for found in SCHEMA.get_all_operations()]


@schemathesis.serializer(TAR)
def as_it_is(_context: object, value: Any) -> bytes:
    return value.encode() if isinstance(value, str) else bytes(value)


def named(route: Route) -> str:
    return f"{route.method} {route.path}"


def test_the_document_is_made_from_the_routes() -> None:
    assert DOCUMENT.read_text() == description(), "run `make docs`"


@pytest.mark.parametrize("route", ROUTES, ids=named)
def test_every_parameter_and_body_that_a_handler_reads_is_described(route: Route) -> None:
    source = inspect.getsource(route.handler)
    assert set(READS.findall(source)) <= set(openapi.parameters(route))
    if "json_body()" in source or "_read(" in source:
        assert route.body is not None
    if isinstance(route.body, type) and "decode(" in source:
        assert route.body.__name__ in source


def cases(operation: Any) -> st.SearchStrategy[Any]:
    """Requests as the description has them, and some that break it, where there is anything to break."""
    valid = operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
    if not operation.body and not operation.query:
        return valid
    return st.one_of(valid, operation.as_strategy(generation_mode=GenerationMode.NEGATIVE))


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with running(tmp_path_factory.mktemp("openapi") / "data") as serving:
        serving.load_images()
        serving.create("web", Labels={"tier": "front"})
        yield serving


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    with requests.Session() as found:
        yield found


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: f"{operation.method} {operation.path}")
def test_requests_made_from_the_description_do_no_harm(
    service: Service, session: requests.Session, operation: Any
) -> None:
    session.mount("http://localhost", UnixHTTPAdapter(f"http+unix://{service.socket}", timeout=20))
    before = resident_bytes(service.process.pid)

    @seed(SEED)
    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=cases(operation), name=st.sampled_from([None, "web"]))
    def send(case: Any, name: str | None) -> None:
        if name and "name" in case.path_parameters:
            case.path_parameters["name"] = name
        begun = time.monotonic()
        with session.request(**case.as_transport_kwargs(), stream=True) as answer:
            assert answer.status_code in ALLOWED, answer.text
            if operation.path.rpartition("/")[2] not in STREAMS:
                assert answer.content is not None
        assert time.monotonic() - begun < SECONDS

    send()
    assert service.answers()
    assert resident_bytes(service.process.pid) - before < 64 * MIB
