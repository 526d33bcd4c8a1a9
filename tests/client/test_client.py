"""The client of the service's own API, against the real service."""

import threading
from pathlib import Path

import pytest
from docker_root import unpack_sample
from service import Service, running

from statesvc.client import Client
from statesvc.errors import Conflict, InvalidParameter, NotFound, Unavailable


@pytest.fixture
def client(service: Service) -> Client:
    return Client(service.socket, timeout=20)


def test_the_health_of_the_store_is_answered(client: Client) -> None:
    assert client.health()["Healthy"] is True


def test_a_container_and_its_image_are_inspected(service: Service, client: Client) -> None:
    created = service.create("inspected-by-client")
    shown = client.container("inspected-by-client")
    assert (shown["Id"], shown["Name"]) == (created, "/inspected-by-client")
    assert client.image(shown["Image"])["Id"] == shown["Image"]
    assert client.image("busybox:latest")["Id"] == shown["Image"]


@pytest.mark.parametrize("reference", ["no-such", "no/such", "no such?#"])
def test_a_container_that_is_not_there_is_not_found(client: Client, reference: str) -> None:
    with pytest.raises(NotFound, match="No such container"):
        client.container(reference)


def test_an_image_that_is_not_there_is_not_found(client: Client) -> None:
    with pytest.raises(NotFound, match="no/such"):
        client.image("no/such:latest")
    with pytest.raises(InvalidParameter, match="invalid reference format"):
        client.image("no such?#")


def test_any_request_can_be_sent(service: Service, client: Client) -> None:
    created = client.call(
        "POST", "/containers/create", {"Image": "busybox"}, query={"name": "called", "platform": None}
    )
    with pytest.raises(Conflict, match="already in use"):
        client.call("POST", "/containers/create", {"Image": "busybox"}, query={"name": "called"})
    assert client.call("DELETE", f"/containers/{created['Id']}") is None


def test_a_request_is_validated_and_creates_nothing(client: Client) -> None:
    verdict = client.validate({"Image": "busybox"}, name="only-validated")
    assert verdict["Valid"] is True
    with pytest.raises(NotFound):
        client.container("only-validated")


def test_a_wrong_parameter_is_raised_with_its_problems(client: Client) -> None:
    with pytest.raises(InvalidParameter) as raised:
        client.import_state("cri-o", "relative")
    assert [problem.field.lower() for problem in raised.value.problems] == ["/engine", "/path"]
    assert raised.value.problems[1].value == "relative"


def test_the_state_of_a_docker_engine_is_imported(service: Service, client: Client, tmp_path: Path) -> None:
    folder = unpack_sample(tmp_path / "docker")
    assert client.import_state("docker", folder, dry_run=True)["DryRun"] is True
    with pytest.raises(NotFound):
        client.import_state("docker", tmp_path / "none")


def test_the_journal_behind_a_snapshot_is_read_event_by_event(service: Service, client: Client) -> None:
    seen = client.snapshot()
    created = service.create("journalled")
    events = list(client.events(after=seen["Seq"], follow=False, filters={"container": [created]}))
    assert [(event["Action"], event["Actor"]) for event in events] == [("create", created)]
    assert list(client.events(after=seen["Seq"], until=seen["Seq"])) == []
    names = {name for entry in client.snapshot()["Containers"] for name in entry["Names"]}
    assert "/journalled" in names


def test_a_follower_sees_what_happens_and_may_leave(service: Service, client: Client) -> None:
    events = client.events(after=client.snapshot()["Seq"], filters={"type": ["container"]}, timeout=20)
    service.create("followed-1")
    first = next(events)
    threading.Timer(0.1, service.create, ("followed-2",)).start()
    second = next(events)
    assert [event["Attributes"]["name"] for event in (first, second)] == ["followed-1", "followed-2"]
    events.close()
    assert service.answers()


def test_a_journal_without_events_is_given_up_after_the_timeout(client: Client) -> None:
    with pytest.raises(Unavailable, match="timed out"):
        next(client.events(after=client.snapshot()["Seq"], filters={"container": ["none"]}, timeout=0.1))


def test_a_follower_comes_to_an_end_with_the_service(own_service: Service) -> None:
    client = Client(own_service.socket)
    newest = client.snapshot()["Seq"]
    followed = client.events(after=newest - 2)
    first = next(followed)
    assert own_service.stop() == 0
    assert [event["Seq"] for event in (first, *followed)] == [newest - 1, newest]


def test_the_agent_is_noted_in_the_journal(service: Service) -> None:
    client = Client(service.socket, agent="my-engine/1.0")
    created = client.call("POST", "/containers/create", {"Image": "busybox"})["Id"]
    (event,) = client.events(after=0, follow=False, filters={"container": [created]})
    assert event["Asker"]["Agent"] == "my-engine/1.0"


def test_the_runtimes_their_versions_and_a_reload(tmp_path: Path) -> None:
    config = tmp_path / "daemon.json"
    config.write_text('{"runtimes": {"mine": {"path": "/bin/true"}}}')
    with running(tmp_path / "data", "--config-file", str(config)) as service:
        runtimes = Client(service.socket).runtimes
        assert "mine" in [one["Name"] for one in runtimes.in_force()["Runtimes"]]
        config.write_text("{}")
        assert runtimes.reload()["Version"] == 2
        assert [one["Version"] for one in runtimes.history(limit=1)["Versions"]] == [2]
        assert runtimes.changes(1, 2)["Removed"] == ["mine"]
        assert runtimes.drift() == {"Containers": []}
        with pytest.raises(NotFound):
            runtimes.changes(1, 99)
        config.write_text('{"labls": []}')
        with pytest.raises(InvalidParameter, match="did you mean 'labels'") as raised:
            runtimes.reload()
        assert raised.value.problems
