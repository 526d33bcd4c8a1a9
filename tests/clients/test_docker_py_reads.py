"""docker-py: what it asks of containers beyond create, inspect and remove."""

from collections.abc import Iterator

import docker
import pytest
from docker.errors import APIError, NotFound
from service import Service

IMAGE = "busybox:latest"


@pytest.fixture
def client(service: Service) -> Iterator[docker.DockerClient]:
    made = docker.DockerClient(base_url=service.address)
    yield made
    made.close()


@pytest.fixture
def own_client(own_service: Service) -> Iterator[docker.DockerClient]:
    made = docker.DockerClient(base_url=own_service.address)
    yield made
    made.close()


@pytest.mark.parametrize(
    "filters",
    [
        {"status": "created", "name": "py-filtered"},
        {"ancestor": "busybox", "name": "py-filtered"},
        {"volume": "py-data"},
        {"network": "py-net"},
        {"health": "none", "name": "py-filtered"},
        {"is-task": False, "volume": "/data"},
    ],
    ids=str,
)
def test_list_filters(client: docker.DockerClient, filters: dict[str, object]) -> None:
    found = [one for one in client.containers.list(all=True) if one.name == "py-filtered"]
    made = found or [client.containers.create(IMAGE, name="py-filtered", volumes=["py-data:/data"], network="py-net")]
    assert client.containers.list(all=True, filters=filters) == made


def test_list_looks_before_and_after_a_container(own_client: docker.DockerClient) -> None:
    made = [own_client.containers.create(IMAGE) for _ in range(3)]
    assert own_client.containers.list(all=True, filters={"since": made[1].id}) == [made[2]]
    assert own_client.containers.list(all=True, filters={"before": made[1].id}) == [made[0]]
    assert own_client.containers.list(limit=2) == [made[2], made[1]]


@pytest.mark.parametrize("condition", ["not-running", None])
def test_wait_tells_the_exit_code(client: docker.DockerClient, condition: str | None) -> None:
    assert client.containers.create(IMAGE).wait(condition=condition) == {"StatusCode": 0}


def test_wait_is_over_when_the_container_is_gone(client: docker.DockerClient) -> None:
    made = client.containers.create(IMAGE)
    url = client.api._url("/containers/{0}/wait", made.id)
    response = client.api._post(url, params={"condition": "removed"}, stream=True)
    assert response.status_code == 200  # the headers are there: the wait has begun
    made.remove()
    assert response.json() == {"StatusCode": 0}


def test_wait_refuses_another_condition(client: docker.DockerClient) -> None:
    with pytest.raises(APIError, match='invalid condition: "bogus"'):
        client.containers.create(IMAGE).wait(condition="bogus")


def test_the_log_of_one_that_never_ran_is_empty(client: docker.DockerClient) -> None:
    made = client.containers.create(IMAGE)
    assert made.logs() == b""
    assert list(made.logs(stream=True, follow=True)) == []


def test_figures_are_zero_and_nothing_has_changed(client: docker.DockerClient) -> None:
    made = client.containers.create(IMAGE)
    assert made.stats(stream=False)["id"] == made.id
    assert made.diff() is None


@pytest.mark.parametrize(
    ("ask", "status"),
    [
        (lambda one: one.kill(), 409),
        (lambda one: one.pause(), 409),
        (lambda one: one.unpause(), 409),
        (lambda one: one.top(), 409),
        (lambda one: one.exec_run("true"), 409),
        (lambda one: one.resize(10, 20), 409),
        (lambda one: one.start(), 501),
        (lambda one: one.restart(), 501),
        (lambda one: one.commit("py/committed"), 501),
        (lambda one: next(one.export()), 501),
        (lambda one: one.get_archive("/etc"), 501),
        (lambda one: one.put_archive("/", b""), 501),
    ],
    ids="kill pause unpause top exec resize start restart commit export get put".split(),
)
def test_the_state_refuses_before_an_engine_is_missed(client: docker.DockerClient, ask: object, status: int) -> None:
    made = client.containers.create(IMAGE)
    with pytest.raises(APIError) as refusal:
        ask(made)  # type: ignore[operator]
    assert refusal.value.status_code == status


def test_stop_of_what_is_stopped_is_done(client: docker.DockerClient) -> None:
    client.containers.create(IMAGE).stop(timeout=1)


def test_prune_tells_what_it_removed(own_client: docker.DockerClient) -> None:
    made = own_client.containers.create(IMAGE, labels={"gone": "1"})
    kept = own_client.containers.create(IMAGE)
    answer = own_client.containers.prune(filters={"label": "gone"})
    assert answer == {"ContainersDeleted": [made.id], "SpaceReclaimed": 0}
    assert own_client.containers.list(all=True) == [kept]


def test_df_counts(own_client: docker.DockerClient) -> None:
    own_client.containers.create(IMAGE, volumes=["py-df:/data"])
    usage = own_client.df()
    assert len(usage["Containers"]) == 1
    assert [volume["UsageData"] for volume in usage["Volumes"]] == [{"Size": -1, "RefCount": 1}]
    assert usage["LayersSize"] > 0


def test_volumes_and_networks_are_what_containers_name(client: docker.DockerClient) -> None:
    client.containers.create(IMAGE, volumes=["py-volume:/data"], network="py-network")
    assert client.volumes.get("py-volume").attrs["Labels"] == {"statesvc": "derived"}
    assert "py-volume" in {volume.name for volume in client.volumes.list()}
    assert client.networks.get("bridge").attrs["Driver"] == "bridge"
    assert {network.name for network in client.networks.list()} >= {"bridge", "host", "none", "py-network"}
    with pytest.raises(APIError) as refusal:
        client.volumes.get("py-volume").remove()
    assert refusal.value.status_code == 409
    with pytest.raises(NotFound):
        client.networks.get("py-nowhere")
