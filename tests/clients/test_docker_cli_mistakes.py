"""What the `docker` command line shows of mistakes, and what it prints, judged again."""

import json
import subprocess
import sys

import pytest
from docker_cli import DockerCli
from service import Service

IMAGE = "busybox:latest"


def test_create_with_several_mistakes_shows_the_first_and_then_the_others(docker: DockerCli) -> None:
    complaint = docker.refused(
        "create", "--name", "mistaken", "-w", "srv", "--stop-signal", "NOPE", "-m", "1m", "--oom-score-adj", "2000",
        "--runtime", "nosuch", "--cap-add", "NOPE", "--volumes-from", "nosuch", IMAGE,
    )  # fmt: skip
    answer = complaint.partition("daemon: ")[2].strip()
    assert answer.split("; ") == [
        "the working directory 'srv' is invalid, it needs to be an absolute path",
        "invalid signal: NOPE",
        'invalid CapAdd: unknown capability: "CAP_NOPE"',
        "Minimum memory limit allowed is 6MB",
        "Invalid value 2000, range for oom score adj is [-1000, 1000]",
        "unknown or invalid runtime name: nosuch",
        "No such container: nosuch",
    ]
    assert "mistaken" not in docker("ps", "-a", "--format", "{{.Names}}")


def test_update_with_several_mistakes_shows_the_first_and_then_the_others(docker: DockerCli) -> None:
    docker("create", "--name", "unchanged", "-m", "64m", IMAGE)
    flags = ("--restart", "often", "-m", "1m", "--cpuset-cpus", "x")
    complaint = docker.refused("update", *flags, "unchanged").partition("daemon: ")[2]
    first, second, third = complaint.strip().split("; ", 1)[0], *complaint.strip().rsplit("; ", 2)[1:]
    assert first.startswith("invalid restart policy: unknown policy 'often'")
    assert second == "Minimum memory limit allowed is 6MB"
    assert third.startswith("Invalid value x for cpuset cpus")
    assert docker("inspect", "--format", "{{.HostConfig.Memory}}", "unchanged") == str(64 << 20)


def test_update_says_what_is_set_already(docker: DockerCli) -> None:
    docker("create", "--name", "limited", "--cpus", "1", IMAGE)
    complaint = docker.refused("update", "--cpu-period", "5000", "limited")
    assert "CPU Period cannot be updated as NanoCPUs has already been set" in complaint


def test_update_changes_several_limits_of_several_containers(docker: DockerCli) -> None:
    for name in ("grown-1", "grown-2"):
        docker("create", "--name", name, "-m", "64m", IMAGE)
    docker(
        "update", "-m", "128m", "--memory-swap", "-1", "--cpu-shares", "7", "--restart", "always", "grown-1", "grown-2"
    )
    form = (
        "{{.HostConfig.Memory}} {{.HostConfig.MemorySwap}} {{.HostConfig.CpuShares}} {{.HostConfig.RestartPolicy.Name}}"
    )
    answer = docker("inspect", "--format", form, "grown-1", "grown-2").splitlines()
    assert answer == [f"{128 << 20} -1 7 always"] * 2


@pytest.mark.parametrize("mistake", ["=hunter2", "-e=hunter2"], ids=["nameless", "flag"])
def test_the_value_of_a_nameless_entry_is_not_shown(docker: DockerCli, mistake: str) -> None:
    done = docker.try_("create", "-e", mistake, "-m", "1m", IMAGE)
    assert "Minimum memory limit" in done.stderr or "invalid environment" in done.stderr
    assert "hunter2" not in done.stderr.partition("daemon: ")[2]


def test_what_inspect_prints_is_judged_as_it_was_created(own_docker: DockerCli, own_service: Service) -> None:
    own_docker(
        "create", "--name", "web", "-e", "A=1", "-m", "64m", "-p", "8080:80", "-v", "data:/data", "--tmpfs", "/run",
        "--restart", "on-failure:3", "--health-cmd", "true", "--mac-address", "02:42:ac:11:00:09", IMAGE,
    )  # fmt: skip
    own_docker("create", "--name", "linked", "--link", "web:db", "--volumes-from", "web:ro", IMAGE)
    command = [sys.executable, "-m", "statesvc", "validate", "-", "--json", "--data-root", str(own_service.data_root)]
    for name in ("web", "linked"):
        printed = own_docker("inspect", name)
        done = subprocess.run(command, input=printed, capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, done.stdout
        judged, stored = json.loads(done.stdout), json.loads(printed)[0]
        assert judged["Config"] == stored["Config"]
        # Links are kept as names, and computed from them.
        assert judged["HostConfig"] | {"Links": stored["HostConfig"]["Links"]} == stored["HostConfig"]


@pytest.mark.parametrize(
    "flags",
    [["--network", "container:peer"], ["--uts", "host"], ["--uts", "host", "--network", "host"]],
    ids=["shared-network", "uts", "uts-and-network"],
)
def test_what_inspect_prints_is_not_held_against_what_was_chosen_for_it(
    own_docker: DockerCli, own_service: Service, flags: list[str]
) -> None:
    own_docker("create", "--name", "peer", IMAGE)
    own_docker("create", "--name", "sidecar", *flags, "cf/rich:1", "true")
    printed = own_docker("inspect", "sidecar")
    assert json.loads(printed)[0]["Config"].keys() >= {"Hostname", "ExposedPorts"}
    command = [sys.executable, "-m", "statesvc", "validate", "-", "--data-root", str(own_service.data_root)]
    done = subprocess.run(command, input=printed, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout
