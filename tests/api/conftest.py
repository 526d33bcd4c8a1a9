"""What each test of the HTTP service proves by the way: it goes on, and met no bug."""

from collections.abc import Iterator

import pytest
from service import Service


@pytest.fixture(autouse=True)
def goes_on(request: pytest.FixtureRequest) -> Iterator[None]:
    """After a test with the shared service, that still answers, and has logged no trace meanwhile."""
    if "service" not in request.fixturenames:
        yield
        return
    service: Service = request.getfixturevalue("service")
    before = len(service.log_text)
    yield
    assert service.answers()
    assert "Traceback" not in service.log_text[before:]
