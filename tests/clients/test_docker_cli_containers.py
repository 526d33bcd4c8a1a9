"""docker create, ps, inspect, rename and rm."""

import json
import re
from typing import Any

import pytest
from docker_cli import DockerCli

IMAGE = "busybox:latest"
HEX64 = re.compile(r"[0-9a-f]{64}")


def lines(text: str) -> list[str]:
    return text.splitlines()


def inspected(docker: DockerCli, name: str) -> Any:
    return json.loads(docker("inspect", name))[0]


def test_create_prints_the_id(docker: DockerCli) -> None:
    assert HEX64.fullmatch(docker("create", "--name", "cli-id", IMAGE))


def test_a_container_without_a_name_gets_a_generated_one(docker: DockerCli) -> None:
    container = docker("create", IMAGE)
    assert re.fullmatch(r"/[a-z]+_[a-z]+\d?", docker("inspect", "--format", "{{.Name}}", container))


def test_create_keeps_what_the_options_say(docker: DockerCli) -> None:
    docker(
        "create", "--name", "cli-options", "-e", "GREETING=hello there", "-e", "EMPTY=", "--label", "tier=web",
        "-l", "bare", "--hostname", "box", "-w", "/srv", "--user", "1:2", "--restart", "on-failure:3", "-m", "64m",
        "-p", "8080:80", "-v", "/tmp:/scratch:ro", "--entrypoint", "/bin/sh", IMAGE, "-c", "echo a b",
    )  # fmt: skip
    document = inspected(docker, "cli-options")
    config, host = document["Config"], document["HostConfig"]
    assert sorted(config["Env"][:2]) == ["EMPTY=", "GREETING=hello there"]
    assert config["Labels"] == {"bare": "", "tier": "web"}
    assert (config["Hostname"], config["WorkingDir"], config["User"]) == ("box", "/srv", "1:2")
    assert (document["Path"], document["Args"]) == ("/bin/sh", ["-c", "echo a b"])
    assert host["RestartPolicy"] == {"Name": "on-failure", "MaximumRetryCount": 3}
    assert host["Memory"] == 64 * 1024 * 1024
    assert host["PortBindings"] == {"80/tcp": [{"HostIp": "", "HostPort": "8080"}]}
    assert host["Binds"] == ["/tmp:/scratch:ro"]


def test_a_taken_name_is_refused_with_the_id_of_its_owner(docker: DockerCli) -> None:
    owner = docker("create", "--name", "cli-taken", IMAGE)
    complaint = docker.refused("create", "--name", "cli-taken", IMAGE)
    assert f'The container name "/cli-taken" is already in use by container "{owner}"' in complaint


def test_create_from_a_missing_image_says_how_to_load_it(docker: DockerCli) -> None:
    complaint = docker.refused("create", "--name", "cli-missing", "nowhere/nothing:1")
    assert "pulling" in complaint
    assert "is not offered" in complaint
    assert "docker load" in complaint


def test_create_from_a_missing_image_leaves_no_name_behind(docker: DockerCli) -> None:
    docker.refused("create", "--name", "cli-left", "nowhere/nothing:1")
    docker("create", "--name", "cli-left", IMAGE)


def test_start_says_that_no_engine_is_connected(docker: DockerCli) -> None:
    docker("create", "--name", "cli-start", IMAGE)
    assert "no engine is connected" in docker.refused("start", "cli-start")


def test_ps_hides_what_does_not_run(docker: DockerCli) -> None:
    docker("create", "--name", "cli-hidden", IMAGE)
    assert "cli-hidden" not in docker("ps")


def test_ps_all_shows_a_table(docker: DockerCli) -> None:
    container = docker("create", "--name", "cli-table", IMAGE, "sleep", "1 2")
    row = next(line for line in lines(docker("ps", "-a")) if "cli-table" in line)
    columns = re.split(r"\s{2,}", row)
    assert [columns[0], columns[1], columns[4], columns[5]] == [container[:12], IMAGE, "Created", "cli-table"]
    assert columns[2].startswith('"sleep')


@pytest.mark.parametrize(
    ("form", "shown"),
    [
        pytest.param("{{.Names}}", "cli-form", id="names"),
        pytest.param("{{.Image}}", IMAGE, id="image"),
        pytest.param("{{.State}} {{.Status}}", "created Created", id="state"),
        pytest.param('{{.Label "tier"}}', "db", id="one-label"),
        pytest.param("{{.Labels}}", "case=form,tier=db", id="labels"),
        pytest.param("{{.Command}}", '"sh"', id="command"),
        pytest.param("{{.Mounts}}|{{.Ports}}|{{.Networks}}", "||bridge", id="nothing"),
    ],
)
def test_ps_format_shows(own_docker: DockerCli, form: str, shown: str) -> None:
    own_docker("create", "--name", "cli-form", "-l", "tier=db", "-l", "case=form", IMAGE)
    shown_by_docker = own_docker("ps", "-a", "--format", form)
    assert ",".join(sorted(shown_by_docker.split(","))) == shown


def test_ps_shows_whole_ids_on_request(docker: DockerCli) -> None:
    container = docker("create", IMAGE)
    assert container in lines(docker("ps", "-aq", "--no-trunc"))


@pytest.mark.parametrize(
    ("chosen_by", "found"),
    [
        pytest.param(["name=filter-a"], ["filter-a"], id="name"),
        pytest.param(["name=^/filter-a$"], ["filter-a"], id="anchored-name"),
        pytest.param(["name=filter"], ["filter-b", "filter-a"], id="part-of-a-name"),
        pytest.param(["label=side"], ["filter-b", "filter-a"], id="label-key"),
        pytest.param(["label=side=left"], ["filter-a"], id="label-value"),
        pytest.param(["label=side", "label=only"], ["filter-b"], id="two-labels"),
        pytest.param(["status=created"], ["filter-b", "filter-a"], id="status"),
        pytest.param(["status=running"], [], id="another-status"),
        pytest.param(["ancestor=busybox"], ["filter-b", "filter-a"], id="ancestor"),
        pytest.param(["since=filter-a"], ["filter-b"], id="since"),
        pytest.param(["before=filter-b"], ["filter-a"], id="before"),
    ],
)
def test_ps_filters(own_docker: DockerCli, chosen_by: list[str], found: list[str]) -> None:
    own_docker("create", "--name", "filter-a", "-l", "side=left", IMAGE)
    own_docker("create", "--name", "filter-b", "-l", "side=right", "-l", "only", IMAGE)
    flags = [part for one in chosen_by for part in ("--filter", one)]
    assert lines(own_docker("ps", "-a", *flags, "--format", "{{.Names}}")) == found


def test_ps_filters_by_id(docker: DockerCli) -> None:
    container = docker("create", IMAGE)
    assert docker("ps", "-aq", "--no-trunc", "--filter", f"id={container[:20]}") == container


def test_ps_refuses_a_filter_it_does_not_know(docker: DockerCli) -> None:
    assert "invalid filter" in docker.refused("ps", "--filter", "colour=red")


def test_ps_last_shows_the_newest_first(own_docker: DockerCli) -> None:
    for name in ("one", "two", "three"):
        own_docker("create", "--name", name, IMAGE)
    assert lines(own_docker("ps", "-n", "2", "--format", "{{.Names}}")) == ["three", "two"]


@pytest.mark.parametrize(
    "of",
    [
        pytest.param(lambda container: container, id="full-id"),
        pytest.param(lambda container: container[:12], id="short-id"),
    ],
)
def test_inspect_finds_by_id(docker: DockerCli, of: Any) -> None:
    container = docker("create", IMAGE)
    assert docker("inspect", "--format", "{{.Id}}", of(container)) == container


def test_inspect_formats_what_is_nested(docker: DockerCli) -> None:
    docker("create", "--name", "cli-nested", "-e", "A=1", IMAGE)
    form = "{{.Name}} {{.State.Status}} {{index .Config.Env 0}} {{.HostConfig.NetworkMode}} {{json .Config.Cmd}}"
    assert docker("inspect", "--format", form, "cli-nested") == '/cli-nested created A=1 bridge ["sh"]'


def test_inspect_with_size_shows_sizes(docker: DockerCli) -> None:
    docker("create", "--name", "cli-size", IMAGE)
    assert docker("inspect", "--size", "--format", "{{.SizeRw}}", "cli-size") == "0"


def test_inspect_of_something_unknown_says_so(docker: DockerCli) -> None:
    assert "no such object: cli-unknown" in docker.refused("inspect", "cli-unknown").lower()


def test_rename_gives_another_name(docker: DockerCli) -> None:
    container = docker("create", "--name", "cli-before", IMAGE)
    docker("rename", "cli-before", "cli-after")
    assert docker("inspect", "--format", "{{.Id}}", "cli-after") == container


def test_rename_frees_the_old_name_at_once(docker: DockerCli) -> None:
    docker("create", "--name", "cli-old", IMAGE)
    docker("rename", "cli-old", "cli-new")
    docker("create", "--name", "cli-old", IMAGE)


def test_rename_to_a_taken_name_is_refused(docker: DockerCli) -> None:
    owner = docker("create", "--name", "cli-owner", IMAGE)
    docker("create", "--name", "cli-wants", IMAGE)
    assert f'already in use by container "{owner}"' in docker.refused("rename", "cli-wants", "cli-owner")


def test_rename_to_the_same_name_is_refused(docker: DockerCli) -> None:
    docker("create", "--name", "cli-same", IMAGE)
    assert "same name as its current name" in docker.refused("rename", "cli-same", "cli-same")


def test_rm_removes_several(docker: DockerCli) -> None:
    names = ["cli-rm-1", "cli-rm-2", "cli-rm-3"]
    for name in names:
        docker("create", "--name", name, IMAGE)
    assert lines(docker("rm", *names)) == names
    assert docker("ps", "-aq", "--filter", "name=cli-rm-") == ""


def test_rm_goes_on_after_one_that_is_missing(docker: DockerCli) -> None:
    docker("create", "--name", "cli-rm-there", IMAGE)
    done = docker.try_("rm", "cli-rm-missing", "cli-rm-there")
    assert (done.returncode, done.stdout) == (1, "cli-rm-there\n")
    assert "No such container: cli-rm-missing" in done.stderr


def test_rm_frees_the_name(docker: DockerCli) -> None:
    docker("create", "--name", "cli-again", IMAGE)
    docker("rm", "-f", "-v", "cli-again")
    docker("create", "--name", "cli-again", IMAGE)
