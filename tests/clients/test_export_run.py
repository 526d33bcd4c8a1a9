"""`statesvc export run`: a shell with the real `docker` runs what it prints, and makes the same container again."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from docker_cli import DockerCli
from service import Service, running

# What differs between two containers made by one command, and what only the terminal of a client sets.
OWN = re.compile(r"^(Id|Created|Name|Config\.(Hostname|Attach\w+)|HostConfig\.ConsoleSize)$")
WORDS = [
    ("busybox:latest",),
    ("busybox:latest", "sh", "-c", "echo \"$HOME\" 'a b' > /x; exit 3\n# \u00e9"),
    ("--entrypoint", "/bin/echo", "busybox:latest", "-n", "--", "x y"),
    ("--entrypoint", "", "busybox:latest", "true"),
    (
        "-t",
        "-i",
        "--hostname",
        "box",
        "--domainname",
        "example.org",
        "-u",
        "1000:1000",
        "-w",
        "/tmp/a b",
        "busybox:latest",
    ),
    (
        *(
            "-e",
            'TOKEN=it\'s "$secret"\n2',
            "-e",
            "EMPTY=",
            "-e",
            "PATH=/bin",
            "-l",
            "tier=front",
            "-l",
            "note=a=b, 'c'",
        ),
        "busybox:latest",
    ),
    (
        "-p",
        "8080:80",
        "-p",
        "127.0.0.1:53:53/udp",
        "-p",
        "9000",
        "-p",
        "[::1]:81:81",
        "--expose",
        "7000-7001",
        "-P",
        "busybox:latest",
    ),
    (
        *("-v", "/data", "-v", "named:/named:ro", "-v", "/tmp:/host tmp:rshared", "--tmpfs", "/run:size=64k,mode=1777"),
        *(
            "--mount",
            "type=volume,source=vol,target=/v,volume-nocopy,volume-label=a=b,volume-opt=type=tmpfs,volume-opt=device=x",
        ),
        *("--mount", "type=bind,source=/tmp,target=/b,readonly,bind-propagation=rslave"),
        *("--mount", 'type=tmpfs,"target=/a,b",tmpfs-size=1048576,tmpfs-mode=700'),
        "busybox:latest",
    ),
    (
        *("-m", "64m", "--memory-swap", "-1", "--memory-reservation", "32m", "--cpus", "1.5", "--cpu-shares", "512"),
        *("--pids-limit", "100", "--ulimit", "nofile=1024:2048", "--oom-score-adj", "-500", "--shm-size", "128m"),
        *("--stop-signal", "SIGINT", "--stop-timeout", "0", "--restart", "on-failure:5", "--init"),
        "busybox:latest",
    ),
    (
        *("--health-cmd", "test -f /x || exit 1", "--health-interval", "1m30s", "--health-timeout", "1500ms"),
        *("--health-retries", "4", "--health-start-period", "5s", "busybox:latest"),
    ),
    (
        "--no-healthcheck",
        "--rm",
        "--read-only",
        "--log-driver",
        "json-file",
        "--log-opt",
        "max-size=10m",
        "busybox:latest",
    ),
    (
        "--privileged",
        "--cap-add",
        "NET_ADMIN",
        "--cap-drop",
        "ALL",
        "--device",
        "/dev/null:/dev/x:rw",
        "busybox:latest",
    ),
    (
        "--security-opt",
        "systempaths=unconfined",
        "--security-opt",
        "no-new-privileges",
        "--group-add",
        "audio",
        "busybox:latest",
    ),
    (
        *("--dns", "9.9.9.9", "--dns-search", "example.org", "--dns-option", "ndots:2", "--add-host", "db:10.0.0.2"),
        *("--sysctl", "net.ipv4.ip_forward=1", "--annotation", "a.b=c d", "busybox:latest"),
    ),
    ("--network", "none", "--ipc", "host", "--pid", "host", "busybox:latest"),
    ("--network", "host", "--uts", "host", "busybox:latest"),
    ("--isolation", "default", "busybox:latest"),
    ("--network", "front", "--network-alias", "web", "--network-alias", "www", "--ip", "172.28.0.9", "busybox:latest"),
    ("--network", "container:export-other", "busybox:latest"),
    ("--link", "export-other:other", "--mac-address", "02:42:ac:11:00:09", "busybox:latest"),
]


@pytest.fixture(scope="module")
def docker(docker_for: Callable[[Service], DockerCli], exporting: Service) -> DockerCli:
    """The command line for the service of this module."""
    return docker_for(exporting)


@pytest.fixture(scope="module")
def exporting(loaded_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A service of this module's own: it has a container that others link to."""
    root = tmp_path_factory.mktemp("exporting") / "data"
    shutil.copytree(loaded_root, root)
    with running(root) as service:
        service.create("export-other")
        yield service


def export(reference: str, root: Path, *, code: int = 0) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "statesvc", "export", "run", reference, "--data-root", str(root)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == code, done.stdout + done.stderr
    return done


def inspect(docker: DockerCli, reference: str) -> dict[str, Any]:
    (document,) = json.loads(docker("inspect", reference))
    flat = {
        f"{section}.{key}": value for section in ("Config", "HostConfig") for key, value in document[section].items()
    }
    flat |= {key: value for key, value in document.items() if key not in {"Config", "HostConfig", "NetworkSettings"}}
    flat["Mounts"] = [[mount["Type"], mount["Destination"], mount["RW"]] for mount in document["Mounts"]]
    # The docker command line sends what -e and -v say in the order of a Go map: another one each time.
    for key in ("Config.Env", "HostConfig.Binds"):
        flat[key] = flat[key] and sorted(flat[key])
    flat["Networks"] = document["NetworkSettings"]["Networks"]
    flat["HostConfig.Links"] = [link.rpartition("/")[2] for link in document["HostConfig"]["Links"] or []]
    return {key: value for key, value in flat.items() if not OWN.match(key)}


def run_by_a_shell(docker: DockerCli, command: str) -> str:
    done = subprocess.run(
        ["/bin/sh", "-c", command], env=docker.environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stderr}"
    return done.stdout.strip()


@pytest.mark.parametrize("words", WORDS, ids=lambda words: " ".join(words[:2]))
def test_the_command_makes_the_container_again(docker: DockerCli, exporting: Service, words: tuple[str, ...]) -> None:
    first = docker("create", "--name", "exported", *words)
    try:
        done = export("exported", exporting.data_root)
        before = inspect(docker, first)
        docker("rename", "exported", "was-exported")
        second = run_by_a_shell(docker, done.stdout)
        assert inspect(docker, second) == before, done.stdout
        assert done.stderr == ""
    finally:
        docker.try_("rm", first)
        docker.try_("rm", "exported")  # the second: the next case takes the name again


def test_the_environment_is_printed_in_its_order(exporting: Service) -> None:
    exporting.create("ordered", Env=["B=2", "A=1", "PATH=/bin", "C=3"])
    printed = shlex.split(export("ordered", exporting.data_root).stdout)
    given = [word.removeprefix("--env=") for word in printed if word.startswith("--env=")]
    assert given == ["B=2", "A=1", "PATH=/bin", "C=3"]


def test_a_plain_container_needs_nothing_but_its_name(docker: DockerCli, exporting: Service) -> None:
    made = docker("create", "--name", "plain", "--cgroupns", "host", "busybox:latest")
    printed = export(made[:12], exporting.data_root).stdout
    assert printed == "docker create \\\n  --name=plain \\\n  --cgroupns=host \\\n  busybox:latest\n"
    docker("rm", "plain")


def test_what_the_command_line_cannot_say_is_told_as_a_comment(exporting: Service) -> None:
    exporting.create(
        "odd",
        Entrypoint=["sh", "-c"],
        Cmd=["true"],
        Env=["HOME"],
        NetworkDisabled=True,
        Healthcheck={"Test": ["CMD", "true"]},
        HostConfig={"SecurityOpt": ['seccomp={"defaultAction":"SCMP_ACT_ALLOW"}']},
    )
    done = export("odd", exporting.data_root)
    lines = done.stderr.splitlines()
    assert all(line.startswith("# ") for line in lines)
    for named in ("several words", "HOME is without a value", "NetworkDisabled", "health check", "seccomp profile"):
        assert any(named in line for line in lines), (named, lines)
    assert "\n  --entrypoint=sh \\\n" in done.stdout
    assert done.stdout.endswith(" \\\n  busybox:latest -c true\n")


def test_what_newer_clients_than_this_one_can_say_is_printed(exporting: Service) -> None:
    mounts = [
        {"Type": "image", "Source": "cf/rich:1", "Target": "/i", "ImageOptions": {"Subpath": "data"}},
        {"Type": "tmpfs", "Target": "/t", "TmpfsOptions": {"Options": [["noexec"]]}},
    ]
    endpoints = {"EndpointsConfig": {"own": {"GwPriority": 7}}}
    container = exporting.create(HostConfig={"Mounts": mounts, "NetworkMode": "own"}, NetworkingConfig=endpoints)
    done = export(container, exporting.data_root)
    assert "type=image,source=cf/rich:1,target=/i,image-subpath=data" in done.stdout
    assert "name=own,gw-priority=7" in done.stdout
    assert "the tmpfs at /t has options" in done.stderr


def test_a_stopped_service_is_not_needed_and_an_image_that_is_gone_is_told(
    loaded_root: Path, tmp_path: Path, docker_for: Callable[[Service], DockerCli]
) -> None:
    root = tmp_path / "data"
    shutil.copytree(loaded_root, root)
    with running(root) as service:
        docker = docker_for(service)
        docker("create", "--name", "left", "-e", "A=1", "busybox:latest", "sleep", "9")
        beside = export("left", root).stdout
    done = export("left", root)
    assert done.stdout == beside
    assert "--env=A=1" in done.stdout
    with running(root) as service:
        docker_for(service)("rmi", "-f", "busybox:latest")
    printed = export("left", root)
    assert "is gone: its settings are part of the command" in printed.stderr
    assert printed.stdout.endswith("busybox:latest sleep 9\n")


def test_a_container_that_is_not_there_is_told(exporting: Service) -> None:
    assert "No such container: nobody" in export("nobody", exporting.data_root, code=3).stderr
