"""docker ps, logs, wait, top, stats, system df, volume and network, asked about imported containers of every state."""

import json
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from docker_cli import DockerCli
from docker_root import DockerRoot, an_id, unpack_sample
from service import Service, running

NETWORK = "c0ffee" + "0" * 58
LIVE = {
    "State": {"Running": True, "Pid": 4242, "StartedAt": "2024-05-01T10:00:01Z", "FinishedAt": "0001-01-01T00:00:00Z"}
}


@pytest.fixture(scope="module")
def lived(
    loaded_root: Path, docker_for: Callable[[Service], DockerCli], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[DockerCli]:
    """The command line for a service that has the sample, and a container with a published port on a user's network."""
    folder = tmp_path_factory.mktemp("lived")
    shutil.copytree(loaded_root, folder / "data")
    root = unpack_sample(folder / "docker")
    endpoint = {"NetworkID": NETWORK, "EndpointID": "e1", "IPAddress": "172.18.0.2", "IPPrefixLen": 16}
    ports = {"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8080"}], "53/udp": None}
    DockerRoot(root).container(
        "published",
        **LIVE,
        NetworkSettings={"Networks": {"front": endpoint}, "Ports": ports},
        host={"NetworkMode": "front"},
    )
    with running(folder / "data") as service:
        report = service.call("POST", "/statesvc/v1/import", {"Engine": "docker", "Path": str(root)})
        assert report.status == 200, report.body
        service.create("newest")
        yield docker_for(service)


def names(docker: DockerCli, *flags: str) -> list[str]:
    return docker("ps", "--format", "{{.Names}}", *flags).splitlines()


def test_ps_shows_what_lives(lived: DockerCli) -> None:
    living = {"unhealthy", "health", "runc-wrapped", "paused-one", "web-0", "web-1", "web-2", "published"}
    assert set(names(lived)) == living


@pytest.mark.parametrize(
    ("chosen_by", "found"),
    [
        pytest.param(["status=exited"], {"killed", "batch-fail", "batch-ok"}, id="status"),
        pytest.param(["status=paused", "status=exited", "name=one"], {"paused-one"}, id="statuses-and-name"),
        pytest.param(["exited=137"], {"killed"}, id="exited"),
        pytest.param(["exited=0", "exited=37"], {"batch-fail", "batch-ok"}, id="exited-two"),
        pytest.param(["health=starting"], {"web-0", "web-1", "web-2", "health", "unhealthy"}, id="health"),
        pytest.param(["health=none", "status=paused"], {"paused-one"}, id="no-health"),
        pytest.param(["name=^/web-[01]$"], {"web-0", "web-1"}, id="name"),
        pytest.param(["name=^web-4$"], {"web-4"}, id="exact-name"),
        pytest.param(["label=com.shop.role=web", "label=com.shop.replica=3"], {"web-3"}, id="labels"),
        pytest.param(["label=com.shop.role", "status=created"], {"db", "web-3", "web-4"}, id="label-and-status"),
        pytest.param(["volume=pgdata"], {"db"}, id="volume"),
        pytest.param(["volume=/etc/hostname"], {"binds"}, id="volume-source"),
        pytest.param(["network=front"], {"published"}, id="network"),
        pytest.param(["network=c0ffee"], {"published"}, id="network-id"),
        pytest.param(["network=host"], {"priv"}, id="network-host"),
        pytest.param(["publish=8080"], {"published"}, id="publish"),
        pytest.param(["publish=8000-9000/tcp"], {"published"}, id="publish-range"),
        pytest.param(["publish=8080/udp"], set(), id="publish-protocol"),
        pytest.param(["expose=53/udp"], {"published"}, id="expose"),
        pytest.param(["expose=80"], {"published"}, id="expose-port"),
        pytest.param(["is-task=true"], set(), id="is-task"),
        pytest.param(["is-task=false", "name=killed"], {"killed"}, id="is-no-task"),
        pytest.param(["since=web-3"], None, id="since"),
        pytest.param(["before=web-1"], {"web-0", "published"}, id="before"),
    ],
)
def test_ps_filters(lived: DockerCli, chosen_by: list[str], found: set[str] | None) -> None:
    flags = [part for one in chosen_by for part in ("--filter", one)]
    shown = set(names(lived, "-a", *flags))
    if found is None:
        assert {"web-4", "db", "killed"} <= shown
        assert not {"web-3", "web-2", "published"} & shown
    else:
        assert shown == found


@pytest.mark.parametrize(
    ("chosen_by", "complaint"),
    [
        ("status=bogus", "invalid filter 'status=bogus'"),
        ("health=bogus", "unrecognized filter value for health: bogus"),
        ("exited=x", "invalid filter 'exited=x'"),
        ("is-task=maybe", "invalid filter 'is-task=[maybe]'"),
        ("publish=80:80", "filter for 'publish' should not contain ':'"),
        ("since=nosuch", "No such container: nosuch"),
    ],
)
def test_ps_refuses_a_value_that_it_does_not_understand(lived: DockerCli, chosen_by: str, complaint: str) -> None:
    assert complaint in lived.refused("ps", "-a", "--filter", chosen_by)


@pytest.mark.parametrize(
    ("name", "form", "shown"),
    [
        ("killed", "{{.Status}}", r"Exited \(137\) .+ ago"),
        ("paused-one", "{{.State}}|{{.Status}}", r"paused\|Up .+ \(Paused\)"),
        ("web-0", "{{.Status}}", r"Up .+ \(health: starting\)"),
        ("published", "{{.Ports}}", r"53/udp, 0\.0\.0\.0:8080->80/tcp"),
        ("published", "{{.Networks}}", "front"),
        ("db$", "{{.Mounts}}", ",pgdata"),
        ("db$", "{{.LocalVolumes}}", "1"),
        ("killed", "{{.RunningFor}}|{{.CreatedAt}}", r".+ ago\|\d{4}-\d\d-\d\d .+"),
        ("newest", "{{.Size}}", r"0B \(virtual 1\.98MB\)"),
        ("newest", "table {{.ID}}\t{{.Image}}", r"CONTAINER ID +IMAGE *\n[0-9a-f]{12} +busybox:latest *"),
    ],
)  # fmt: skip
def test_ps_formats(lived: DockerCli, name: str, form: str, shown: str) -> None:
    assert re.fullmatch(shown, lived("ps", "-a", "--size", "--filter", f"name={name}", "--format", form))


def test_ps_last_shows_what_does_not_live_too(lived: DockerCli) -> None:
    assert names(lived, "-n", "3") == ["newest", "fill-12-11", "fill-12-10"]
    assert names(lived, "-l") == ["newest"]


@pytest.mark.parametrize(("name", "code"), [("killed", "137"), ("batch-ok", "0"), ("web-4", "0")])
def test_wait_tells_how_a_container_ended(lived: DockerCli, name: str, code: str) -> None:
    assert lived("wait", name) == code


def test_wait_goes_on_until_the_container_is_gone(own_docker: DockerCli) -> None:
    own_docker("create", "--name", "waited", "busybox:latest")
    # `docker wait` asks for the next stop, which one that does not run has behind it.
    assert own_docker("wait", "waited") == "0"


@pytest.mark.parametrize("name", ["web-4", "linked"])
def test_the_log_of_one_that_never_ran_is_empty(lived: DockerCli, name: str) -> None:
    assert lived("logs", name) == ""
    assert lived("logs", "--follow", name) == ""


@pytest.mark.parametrize(
    ("command", "complaint"),
    [
        (("start", "paused-one"), "cannot start a paused container, try unpause instead"),
        (("kill", "killed"), "is not running"),
        (("kill", "--signal", "NOPE", "web-0"), "invalid signal: NOPE"),
        (("pause", "killed"), "is not running"),
        (("pause", "paused-one"), "is already paused"),
        (("unpause", "web-0"), "is not paused"),
        (("top", "killed"), "is not running"),
        (("exec", "killed", "true"), "is not running"),
        (("exec", "paused-one", "true"), "is paused, unpause the container before exec"),
        (("rm", "web-0"), "container is running: stop the container before removing or force remove"),
        (("logs", "nosuch"), "No such container: nosuch"),
        (("exec", "web-0", "true"), "no engine is connected"),
        (("logs", "killed"), "no engine is connected"),
        (("top", "web-0"), "no engine is connected"),
        (("stop", "web-0"), "no engine is connected"),
        (("restart", "killed"), "no engine is connected"),
        (("pause", "web-0"), "no engine is connected"),
        (("unpause", "paused-one"), "no engine is connected"),
        (("cp", "killed:/etc/passwd", "-"), "no engine is connected"),
        (("export", "killed"), "no engine is connected"),
        (("commit", "killed"), "no engine is connected"),
        (("diff", "killed"), "no engine is connected"),
        (("volume", "create", "another"), "no engine is connected"),
        (("network", "create", "another"), "no engine is connected"),
    ],
    ids=" ".join,
)
def test_the_state_refuses_before_an_engine_is_missed(
    lived: DockerCli, command: tuple[str, ...], complaint: str
) -> None:
    assert complaint in lived.refused(*command)


@pytest.mark.parametrize(("command", "said"), [(("start", "web-0"), "web-0"), (("stop", "killed"), "killed")])
def test_what_is_so_already_is_done(lived: DockerCli, command: tuple[str, ...], said: str) -> None:
    assert lived(*command) == said


def test_nothing_has_changed_in_one_that_never_ran(lived: DockerCli) -> None:
    assert lived("diff", "linked") == ""


def test_stats_of_one_that_stands_still_are_zero(lived: DockerCli) -> None:
    assert lived("stats", "--no-stream", "--format", "{{.Name}} {{.CPUPerc}} {{.PIDs}}", "killed") == "killed 0.00% 0"


def test_info_counts_by_state(lived: DockerCli) -> None:
    form = "{{.Containers}} {{.ContainersRunning}} {{.ContainersPaused}} {{.ContainersStopped}}"
    counts = [int(count) for count in lived("info", "--format", form).split()]
    assert counts == [len(names(lived, "-a")), 7, 1, len(names(lived, "-a")) - 8]


def test_system_df_counts(lived: DockerCli) -> None:
    shown = lived("system", "df", "--format", "{{.Type}}={{.TotalCount}} {{.Active}}")
    rows = dict(line.split("=") for line in shown.splitlines())
    assert rows["Containers"] == f"{len(names(lived, '-a'))} 8"
    volumes = lived("volume", "ls", "-q").splitlines()
    assert rows["Local Volumes"] == f"{len(volumes)} {len(volumes)}"
    assert rows["Images"].split()[0] == str(len(lived("images", "-q").splitlines()))
    assert rows["Build Cache"] == "0 0"


def test_system_df_verbose_names_all(lived: DockerCli) -> None:
    shown = lived("system", "df", "--verbose")
    assert re.search(r"^pgdata +1 ", shown, re.MULTILINE)
    assert "killed" in shown
    assert "busybox" in shown


def test_volumes_are_listed_and_inspected(lived: DockerCli) -> None:
    assert {"pgdata", "cache"} <= set(lived("volume", "ls", "-q").splitlines())
    assert lived("volume", "ls", "-q", "--filter", "name=pgd") == "pgdata"
    assert lived("volume", "ls", "-q", "--filter", "dangling=true") == ""
    document = json.loads(lived("volume", "inspect", "pgdata"))[0]
    assert (document["Name"], document["Driver"], document["Labels"]) == ("pgdata", "local", {"statesvc": "derived"})
    assert document["Mountpoint"].endswith("/volumes/pgdata/_data")


def test_a_volume_in_use_stays(lived: DockerCli) -> None:
    assert "remove pgdata: volume is in use" in lived.refused("volume", "rm", "pgdata")
    assert lived("volume", "create", "pgdata") == "pgdata"
    assert "no such volume" in lived.refused("volume", "inspect", "nosuch")


def test_networks_are_listed_and_inspected(lived: DockerCli) -> None:
    rows = lived("network", "ls", "--no-trunc", "--format", "{{.Name}} {{.Driver}} {{.ID}}").splitlines()
    assert {row.rsplit(" ", 1)[0] for row in rows} == {"bridge bridge", "host host", "none null", "front "}
    assert f"front  {NETWORK}" in rows
    document = json.loads(lived("network", "inspect", "front"))[0]
    published = document["Containers"][an_id("published")]
    assert (published["Name"], published["IPv4Address"]) == ("published", "172.18.0.2/16")
    assert lived("network", "ls", "-q", "--no-trunc", "--filter", "type=custom") == NETWORK


@pytest.mark.parametrize(
    ("network", "complaint"),
    [("front", "has active endpoints"), ("bridge", "is a pre-defined network"), ("nosuch", "network nosuch not found")],
)
def test_a_network_stays(lived: DockerCli, network: str, complaint: str) -> None:
    assert complaint in lived.refused("network", "rm", network)


def test_inspect_finds_every_kind_of_object(lived: DockerCli) -> None:
    for name in ("killed", "pgdata", "front"):
        assert lived("inspect", "--format", "{{.Name}}", name).removeprefix("/") == name


def test_inspect_with_size_knows_what_never_ran(lived: DockerCli) -> None:
    assert lived("inspect", "--size", "--format", "{{.SizeRw}} {{.SizeRootFs}}", "newest") == "0 1982312"
    document = json.loads(lived("inspect", "--size", "killed"))[0]
    assert "SizeRw" not in document


def test_container_prune_removes_what_does_not_run(own_docker: DockerCli) -> None:
    kept = own_docker("create", "--label", "keep", "busybox:latest")
    gone = own_docker("create", "busybox:latest")
    shown = own_docker("container", "prune", "--force", "--filter", "label!=keep")
    assert gone in shown
    assert "Total reclaimed space: 0B" in shown
    assert own_docker("ps", "-aq", "--no-trunc") == kept
    assert own_docker("container", "prune", "--force", "--filter", "until=1h") == "Total reclaimed space: 0B"
    events = own_docker("events", "--since", "1h", "--until", "0s", "--filter", "event=prune", "--format", "{{json .}}")
    assert [json.loads(event)["Actor"]["Attributes"] for event in events.splitlines()] == [{"reclaimed": "0"}] * len(
        events.splitlines()
    )


def test_image_prune_removes_what_no_container_uses(own_docker: DockerCli) -> None:
    own_docker("create", "busybox:latest")
    assert own_docker("image", "prune", "--force") == "Total reclaimed space: 0B"
    assert "untagged: cf/rich:1" in own_docker("image", "prune", "--force", "--all")
    assert own_docker("images", "--format", "{{.Repository}}:{{.Tag}}") == "busybox:latest"


def test_system_prune_goes_through(own_docker: DockerCli) -> None:
    gone = own_docker("create", "--name", "pruned", "busybox:latest")
    assert gone in own_docker("system", "prune", "--force")
    assert own_docker("ps", "-aq") == ""
