"""POST /statesvc/v1/import: what it refuses. What it does is in tests/cli/test_import.py."""

import pytest
from service import Service

BAD = {
    "another engine": {"Engine": "rkt", "Path": "/x"},
    "a relative path": {"Engine": "docker", "Path": "x"},
    "no path": {"Engine": "docker"},
    "a zero byte": {"Engine": "docker", "Path": "/x\0y"},
    "the spelling of before, which would not be dry": {"Engine": "docker", "Path": "/nowhere", "dry_run": True},
    "a wrong type": {"Engine": "docker", "Path": "/x", "DryRun": "yes"},
}


@pytest.mark.parametrize("body", BAD.values(), ids=BAD)
def test_the_service_refuses_what_it_cannot_import(service: Service, body: object) -> None:
    answer = service.call("POST", "/statesvc/v1/import", body)
    assert answer.status == 400
    assert answer.json()["errors"]
