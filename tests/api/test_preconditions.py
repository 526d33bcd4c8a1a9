"""A client that changes a container which has changed since it looked gets an error, and changes nothing."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from service import Answer, Service, now


@pytest.fixture
def web(service: Service) -> str:
    return service.create()


def etag(service: Service, container: str) -> str:
    return service.call("GET", f"/containers/{container}/json").headers["etag"]


def change(service: Service, container: str, kind: str, if_match: str) -> Answer:
    method, path, body = {
        "rename": ("POST", f"/containers/{container}/rename?name={container[:12]}x", None),
        "update": ("POST", f"/containers/{container}/update", {"Memory": 67_108_864, "MemorySwap": -1}),
        "delete": ("DELETE", f"/containers/{container}", None),
    }[kind]
    return service.call(method, path, body, headers={"If-Match": if_match})


KINDS = pytest.mark.parametrize("kind", ["rename", "update", "delete"])


@pytest.mark.parametrize(
    "path", ["/v1.45/containers/{}/json", "/v1.30/containers/{}/json", "/containers/{}/json?size=1"]
)
def test_inspect_tells_the_revision(service: Service, web: str, path: str) -> None:
    assert service.call("GET", path.format(web)).headers["etag"] == '"1"'
    assert change(service, web, "rename", "*").status == 204
    assert service.call("GET", path.format(web)).headers["etag"] == '"2"'


@KINDS
@pytest.mark.parametrize("form", ["{}", "*", '"99", {}', '{},"99"', ' , "a,b",{} ,', 'W/"1",{}'])
def test_what_has_not_changed_is_changed(service: Service, web: str, kind: str, form: str) -> None:
    assert change(service, web, kind, form.format(etag(service, web))).status in {200, 204}


@KINDS
@pytest.mark.parametrize("tag", ['"2"', 'W/"1"', '"abc"', '""', '"01"', '"2", "3"', '"99999999999999999999"'])
def test_what_has_another_revision_stays_and_the_answer_names_both(
    service: Service, web: str, kind: str, tag: str
) -> None:
    answer = change(service, web, kind, tag)
    assert answer.is_refusal(412)
    assert f"container {web} is at revision 1, not at " in answer.message
    assert etag(service, web) == '"1"'
    if tag == '"2", "3"':
        assert answer.message.endswith("not at 2 or 3")


@KINDS
@pytest.mark.parametrize("tag", ["1", '"1', "W/1", '"1" "2"', "**", '*, "1"', "", ",", 'w/"1"'])
def test_a_header_that_is_no_list_of_tags_is_refused(service: Service, web: str, kind: str, tag: str) -> None:
    assert change(service, web, kind, tag).is_refusal(400)
    assert etag(service, web) == '"1"'


@pytest.mark.parametrize("tag", ["*", '"1"'])
def test_what_is_not_there_is_not_found(service: Service, tag: str) -> None:
    assert change(service, "0" * 64, "delete", tag).is_refusal(404)


def test_of_many_who_looked_at_once_one_changes(service: Service, web: str) -> None:
    def rename(n: int) -> int:
        path = f"/containers/{web}/rename?name={web[:12]}-{n}"
        return service.call("POST", path, headers={"If-Match": '"1"'}).status

    with ThreadPoolExecutor(8) as threads:
        assert sorted(threads.map(rename, range(16))) == [204] + [412] * 15


def test_removing_the_name_of_a_link_counts_for_the_parent_and_is_told_by_the_journal(service: Service) -> None:
    child = service.create()
    parent = service.create("the_parent", HostConfig={"Links": [f"{child}:db"]})
    path = "/containers/the_parent/db?link=1"
    assert service.call("DELETE", path, headers={"If-Match": '"7"'}).is_refusal(412)
    assert service.call("DELETE", path, headers={"If-Match": '"1"'}).status == 204
    assert etag(service, parent) == '"2"'
    answer = service.call("GET", "/statesvc/v1/events", query={"follow": 0, "filters": f'{{"container":["{parent}"]}}'})
    assert [line.split(b'"Action":"')[1].split(b'"')[0] for line in answer.body.splitlines()] == [b"create", b"unlink"]
    docker_s = service.call("GET", "/events", query={"since": 0, "until": now(), "filters": '{"event":["unlink"]}'})
    assert (docker_s.status, docker_s.body) == (200, b"")
