"""Calls through python-on-whales, which runs the `docker` command line and reads what it prints.

Runs in the environment of python-on-whales.
"""

import json
import os
import traceback
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from python_on_whales import DockerClient, DockerException
from python_on_whales.exceptions import NoSuchContainer, NoSuchImage

docker = DockerClient()
IMAGE = "alpine:3.10"
CALLS: list[tuple[str, Callable[[], object]]] = []


def call(made: Callable[[], object]) -> None:
    """Have a call made, under the name of its function."""
    CALLS.append((made.__name__, made))


def refused(kind: type[Exception], made: Callable[[], object], *words: str) -> None:
    """Assert that a call raises an error with the words."""
    try:
        made()
    except kind as error:
        missing = [word for word in words if word not in str(error)]
        if missing:
            raise AssertionError(f"{error} does not say {missing}") from error
    else:
        raise AssertionError(f"no {kind.__name__} was raised")


@call
def version() -> None:
    assert docker.version().server.version == "28.5.2"


@call
def system_info() -> None:
    info = docker.system.info()
    assert info.images > 0
    assert info.containers == 0


@call
def system_disk_free() -> None:
    assert docker.system.disk_free().images.total_count > 0


@call
def container_create() -> None:
    made = docker.container.create(
        IMAGE, ["sleep", "60"], name="web", labels={"tier": "front"}, publish=[(8080, 80)], envs={"A": "1"},
        volumes=[("/tmp", "/data", "ro")], restart="always", memory="64m", hostname="www", tty=True,
        healthcheck=True, health_cmd="true", health_interval=timedelta(seconds=3),
    )  # fmt: skip
    assert made.name == "web"
    assert made.state.status == "created"


@call
def container_inspect_reads_every_field() -> None:
    web = docker.container.inspect("web")
    assert web.config.labels["tier"] == "front"
    assert "A=1" in web.config.env
    assert int(web.host_config.port_bindings["80/tcp"][0].host_port) == 8080
    assert web.host_config.memory == 64 * 1024 * 1024
    assert web.host_config.restart_policy.name == "always"
    assert web.mounts[0].destination == "/data"
    assert web.network_settings.networks is not None
    assert web.config.healthcheck.interval == 3_000_000_000
    assert web.state.started_at.year == 1
    assert web.created.year > 2000
    assert web.image != IMAGE


@call
def container_create_with_a_taken_name() -> None:
    refused(DockerException, lambda: docker.container.create(IMAGE, name="web"), "already in use")


@call
def container_create_of_an_unknown_image() -> None:
    refused(DockerException, lambda: docker.container.create("nosuch", pull="never"), "No such image: nosuch:latest")


@call
def container_exists() -> None:
    assert docker.container.exists("web")
    assert not docker.container.exists("nosuch")


@call
def container_inspect_of_an_unknown_one() -> None:
    refused(NoSuchContainer, lambda: docker.container.inspect("nosuch"))


@call
def container_list() -> None:
    assert docker.container.list() == []
    assert [one.name for one in docker.container.list(all=True)] == ["web"]


@call
def container_list_with_filters() -> None:
    assert len(docker.container.list(all=True, filters=[("label", "tier=front"), ("status", "created")])) == 1
    assert docker.container.list(all=True, filters=[("label", "tier=back")]) == []


@call
def container_rename() -> None:
    docker.container.rename("web", "www")
    docker.container.rename("www", "web")


@call
def container_update() -> None:
    docker.container.update("web", memory="128m", memory_swap="256m")
    assert docker.container.inspect("web").host_config.memory == 128 * 1024 * 1024


@call
def container_logs() -> None:
    assert docker.container.logs("web") == ""


@call
def container_diff() -> None:
    assert docker.container.diff("web") == {}


@call
def container_stats() -> None:
    assert docker.container.stats(all=True)[0].container_name == "web"


@call
def container_wait_of_one_that_never_ran() -> None:
    assert docker.container.wait("web") == 0


@call
def container_stop_of_one_that_is_not_running() -> None:
    docker.container.stop("web")


@call
def container_kill_of_one_that_is_not_running() -> None:
    refused(DockerException, lambda: docker.container.kill("web"), "is not running")


@call
def container_start() -> None:
    docker.container.start("web")


@call
def container_execute() -> None:
    docker.container.execute("web", ["true"])


@call
def container_run() -> None:
    assert docker.run(IMAGE, ["echo", "hello"], remove=True) == "hello"


@call
def container_copy() -> None:
    docker.container.copy(("web", "/bin"), "bin")


@call
def container_export() -> None:
    docker.container.export("web", "web.tar")


@call
def container_commit() -> None:
    docker.container.commit("web", tag="whales/commit")


@call
def container_remove() -> None:
    docker.container.remove("web", force=True, volumes=True)
    assert not docker.container.exists("web")


@call
def container_prune() -> None:
    made = docker.container.create(IMAGE)
    docker.container.prune()
    assert not docker.container.exists(made.id)


@call
def image_list() -> None:
    assert IMAGE in [tag for image in docker.image.list() for tag in image.repo_tags]
    assert len(docker.image.list("alpine")) == 2
    assert docker.image.list(filters=[("dangling", "true")]) == []


@call
def image_inspect_reads_every_field() -> None:
    image = docker.image.inspect(IMAGE)
    assert image.os == "linux"
    assert image.architecture == "amd64"
    assert image.config.cmd == ["sh"]
    assert image.root_fs.type == "layers"
    assert image.size > 0
    assert image.exists()


@call
def image_inspect_of_an_unknown_one() -> None:
    refused(NoSuchImage, lambda: docker.image.inspect("nosuch"))


@call
def image_tag_and_remove() -> None:
    docker.image.tag(IMAGE, "whales/tagged:1")
    docker.image.remove("whales/tagged:1")
    assert not docker.image.exists("whales/tagged:1")


@call
def image_load() -> None:
    assert docker.image.load(json.loads(os.environ["ARCHIVES"])[IMAGE]) == [IMAGE]


@call
def image_import() -> None:
    made = docker.image.import_(json.loads(os.environ["ARCHIVES"])[IMAGE], tag="whales/imported:1")
    assert made.repo_tags == ["whales/imported:1"]


@call
def image_save() -> None:
    docker.image.save(IMAGE, output="alpine.tar")


@call
def image_pull() -> None:
    docker.image.pull(IMAGE, quiet=True)


@call
def image_prune() -> None:
    docker.image.prune()


@call
def legacy_image_build() -> None:
    Path("Dockerfile").write_text(f"FROM {IMAGE}\n")
    docker.legacy_build(".")


@call
def network_list() -> None:
    assert sorted(one.name for one in docker.network.list()) == ["bridge", "host", "none"]


@call
def network_inspect_reads_every_field() -> None:
    bridge = docker.network.inspect("bridge")
    assert (bridge.driver, bridge.scope) == ("bridge", "local")
    assert bridge.created.year > 2000
    assert bridge.ipam.driver == "default"


@call
def network_create() -> None:
    docker.network.create("whales")


@call
def volume_list() -> None:
    assert docker.volume.list() == []


@call
def volume_create() -> None:
    docker.volume.create("whales")


@call
def volume_prune() -> None:
    docker.volume.prune()


@call
def plugin_list() -> None:
    assert docker.plugin.list() == []


@call
def swarm_is_not_there() -> None:
    refused(DockerException, docker.service.list, "not a swarm manager")


@call
def context_list() -> None:
    assert docker.context.list()


def main() -> None:
    """Make the calls; print an outcome for each."""
    for name, made in CALLS:
        outcome = {"name": name.replace("_", " ")}
        try:
            made()
        except Exception as error:
            line = traceback.extract_tb(error.__traceback__)[-1].line
            outcome["failure"] = f"{type(error).__name__}: {error} ({line})"
        print(json.dumps(outcome), flush=True)


main()
