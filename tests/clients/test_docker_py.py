"""docker-py: the library that most Python programs use."""

import io
import json
import tarfile
from collections.abc import Iterator

import docker
import pytest
from docker.errors import APIError, ImageLoadError, ImageNotFound, NotFound
from service import CONFORMANCE, Service, now

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


def a_tar_of(word: str) -> io.BytesIO:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        entry = tarfile.TarInfo(word)
        tar.addfile(entry)
    archive.seek(0)
    return archive


def imported(client: docker.DockerClient, repository: str, *changes: str) -> str:
    answer = client.api.import_image_from_data(
        a_tar_of(repository.replace("/", "-")).read(), repository=repository, tag="1", changes=list(changes)
    )
    return json.loads(answer.splitlines()[-1])["status"]


def test_ping_answers(client: docker.DockerClient) -> None:
    assert client.ping()


def test_version_tells_engine_and_api(client: docker.DockerClient) -> None:
    answer = client.version()
    assert (answer["Version"], answer["ApiVersion"], answer["MinAPIVersion"]) == ("28.5.2", "1.51", "1.24")


def test_info_counts_containers_and_images(own_client: docker.DockerClient) -> None:
    own_client.containers.create(IMAGE)
    answer = own_client.info()
    assert (answer["Containers"], answer["ContainersRunning"], answer["Images"]) == (1, 0, 15)


def test_a_created_container_is_as_asked(client: docker.DockerClient) -> None:
    made = client.containers.create(
        IMAGE, ["sleep", "1"], name="py-made", environment={"A": "b"}, labels={"tier": "web"}, hostname="box", tty=True
    )
    assert (made.name, made.status, made.labels) == ("py-made", "created", {"tier": "web"})
    config = made.attrs["Config"]
    assert (config["Env"], config["Hostname"], config["Tty"], config["Cmd"]) == (["A=b"], "box", True, ["sleep", "1"])


def test_a_container_is_found_by_id_short_id_and_name(client: docker.DockerClient) -> None:
    made = client.containers.create(IMAGE, name="py-found")
    assert {client.containers.get(by).id for by in (made.id, made.short_id, "py-found")} == {made.id}


def test_a_container_knows_its_image(client: docker.DockerClient) -> None:
    assert IMAGE in client.containers.create(IMAGE).image.tags


def test_list_needs_all_for_what_does_not_run(client: docker.DockerClient) -> None:
    made = client.containers.create(IMAGE)
    assert made not in client.containers.list()
    assert made in client.containers.list(all=True)


@pytest.mark.parametrize(
    "filters",
    [
        pytest.param({"name": "py-listed"}, id="name"),
        pytest.param({"label": "py.kind=listed"}, id="label"),
        pytest.param({"label": ["py.kind", "py.other"]}, id="labels"),
    ],
)
def test_list_filters(own_client: docker.DockerClient, filters: dict[str, object]) -> None:
    made = own_client.containers.create(IMAGE, name="py-listed", labels={"py.kind": "listed", "py.other": ""})
    own_client.containers.create(IMAGE, name="py-other")
    assert own_client.containers.list(all=True, filters=filters) == [made]


def test_rename_takes_effect(client: docker.DockerClient) -> None:
    made = client.containers.create(IMAGE, name="py-before")
    made.rename("py-after")
    made.reload()
    assert made.name == "py-after"


def test_rename_to_a_taken_name_is_a_conflict(client: docker.DockerClient) -> None:
    client.containers.create(IMAGE, name="py-owner")
    made = client.containers.create(IMAGE, name="py-wants")
    with pytest.raises(APIError) as refusal:
        made.rename("py-owner")
    assert refusal.value.status_code == 409


def test_create_with_a_taken_name_is_a_conflict(client: docker.DockerClient) -> None:
    owner = client.containers.create(IMAGE, name="py-taken")
    with pytest.raises(APIError, match=owner.id) as refusal:
        client.containers.create(IMAGE, name="py-taken")
    assert refusal.value.status_code == 409


def test_a_removed_container_is_not_found(client: docker.DockerClient) -> None:
    made = client.containers.create(IMAGE)
    made.remove()
    with pytest.raises(NotFound, match="No such container"):
        client.containers.get(made.id)


def test_create_from_a_missing_image_is_not_found(client: docker.DockerClient) -> None:
    with pytest.raises(ImageNotFound):
        client.containers.create("nowhere/nothing:1")


def test_start_needs_an_engine(client: docker.DockerClient) -> None:
    with pytest.raises(APIError, match="no engine is connected") as refusal:
        client.containers.create(IMAGE).start()
    assert refusal.value.status_code == 501


def test_pull_is_not_offered(client: docker.DockerClient) -> None:
    with pytest.raises(APIError, match="docker load"):
        client.images.pull("alpine", tag="latest")


def test_load_returns_the_image(own_client: docker.DockerClient) -> None:
    archive = (CONFORMANCE / "images" / "cf_rich_1.tar.gz").read_bytes()
    assert [image.tags for image in own_client.images.load(archive)] == [["cf/rich:1"]]


def test_a_broken_archive_is_an_error_of_loading(client: docker.DockerClient) -> None:
    with pytest.raises(ImageLoadError, match="this is not a tar archive"):
        client.images.load(b"this is no archive" * 100)


def test_an_image_tells_its_history(client: docker.DockerClient) -> None:
    imported(client, "py/history")
    (step,) = client.images.get("py/history:1").history()
    assert (step["Comment"], step["Tags"]) == ("Imported from -", ["py/history:1"])


def test_what_needs_a_registry_or_layers_is_not_offered(client: docker.DockerClient) -> None:
    image = client.images.get("busybox:latest")
    for ask in (lambda: next(image.save()), lambda: client.images.push("busybox"), lambda: client.images.search("x")):
        with pytest.raises(APIError) as refusal:
            ask()
        assert refusal.value.status_code == 501


def test_images_are_listed_by_name(client: docker.DockerClient) -> None:
    assert [image.tags for image in client.images.list("cf/labelled")] == [["cf/labelled:2.0"]]


def test_an_image_tells_its_configuration(client: docker.DockerClient) -> None:
    image = client.images.get(IMAGE)
    assert (image.attrs["Config"]["Cmd"], image.attrs["Os"]) == (["sh"], "linux")


def test_an_unknown_image_is_not_found(client: docker.DockerClient) -> None:
    with pytest.raises(ImageNotFound):
        client.images.get("nowhere/nothing:1")


def test_tag_adds_a_reference(client: docker.DockerClient) -> None:
    image = client.images.get("cf/empty:1")
    assert image.tag("py/tagged", tag="2")
    assert client.images.get("py/tagged:2").id == image.id


def test_import_applies_changes(client: docker.DockerClient) -> None:
    image = imported(client, "py/imported", 'CMD ["x"]', "ENV A=b")
    config = client.images.get(image).attrs["Config"]
    assert (config["Cmd"], config["Env"]) == (["x"], ["A=b"])


def test_a_removed_image_is_not_found(client: docker.DockerClient) -> None:
    imported(client, "py/removed")
    client.images.remove("py/removed:1")
    with pytest.raises(ImageNotFound):
        client.images.get("py/removed:1")


def test_an_image_in_use_stays(client: docker.DockerClient) -> None:
    imported(client, "py/used", 'CMD ["x"]')
    client.containers.create("py/used:1")
    with pytest.raises(APIError) as refusal:
        client.images.remove("py/used:1")
    assert refusal.value.status_code == 409


def test_events_of_a_span_are_told(own_client: docker.DockerClient) -> None:
    since = now()
    made = own_client.containers.create(IMAGE, name="py-told")
    made.remove()
    answer = own_client.api.events(since=since, until=now(), filters={"type": "container"}, decode=True)
    assert [(event["Action"], event["Actor"]["ID"]) for event in answer] == [("create", made.id), ("destroy", made.id)]


def test_events_are_told_live(own_client: docker.DockerClient) -> None:
    stream = own_client.events(decode=True, filters={"event": "create"})
    try:
        own_client.containers.create(IMAGE, name="py-live")
        assert next(stream)["Actor"]["Attributes"]["name"] == "py-live"
    finally:
        stream.close()
