import gzip
import json
import sys

import pytest
from service import CONFORMANCE, Service

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd


def tags(service: Service, path: str = "/images/json", **query: object) -> list[str]:
    answer = service.call("GET", path, query=query)
    assert answer.status == 200, answer
    return sorted(tag for image in answer.json() for tag in image["RepoTags"])


def test_the_filter_by_reference_shows_only_the_names_that_match(service: Service) -> None:
    service.call("POST", "/images/busybox/tag", query={"repo": "other/name", "tag": "1"})
    assert tags(service, filters='{"reference":["other/*"]}') == ["other/name:1"]


def test_the_parameter_filter_is_a_reference_before_version_1_41(service: Service) -> None:
    service.call("POST", "/images/busybox/tag", query={"repo": "old/filter", "tag": "1"})
    assert tags(service, "/v1.40/images/json", filter="old/filter") == ["old/filter:1"]
    assert tags(service, "/v1.40/images/json", filter="old/*", filters='{"reference":["no/such"]}') == ["old/filter:1"]
    assert tags(service, "/v1.41/images/json", filter="old/filter") == tags(service, "/v1.41/images/json")


@pytest.mark.parametrize(
    ("filters", "status"),
    [({"before": ["nosuch"]}, 404), ({"dangling": ["x"]}, 400), ({"until": ["x"]}, 400), ({"is-task": ["1"]}, 400)],
    ids=str,
)
def test_a_filter_that_cannot_be_answered_is_refused(
    service: Service, filters: dict[str, list[str]], status: int
) -> None:
    assert service.call("GET", "/images/json", query={"filters": json.dumps(filters)}).is_refusal(status)


def test_an_archive_that_zstd_compressed_is_loaded(own_service: Service) -> None:
    assert own_service.call("DELETE", "/images/busybox:latest").status == 200
    archive = gzip.decompress((CONFORMANCE / "images/busybox_latest.tar.gz").read_bytes())
    answer = own_service.call(
        "POST", "/images/load", zstd.compress(archive), headers={"Content-Type": "application/x-tar"}
    )
    assert answer.status == 200, answer
    assert answer.json() == {"stream": "Loaded image: busybox:latest\n"}
    assert tags(own_service, filters='{"reference":["busybox"]}') == ["busybox:latest"]
