"""docker run and start without an engine: the reason is shown, nothing hangs, and what removes itself is gone."""

import pytest
from docker_cli import DockerCli

IMAGE = "busybox:latest"
REASON = "start is not offered: statesvc keeps the state of containers, and no engine is connected to it"


@pytest.mark.parametrize("flags", [[], ["-t"], ["-i"], ["-d"]], ids=lambda flags: "".join(flags) or "attached")
@pytest.mark.parametrize("removes", [False, True], ids=["stays", "removes itself"])
def test_a_run_says_why_it_cannot_start(own_docker: DockerCli, flags: list[str], *, removes: bool) -> None:
    done = own_docker.try_("run", *flags, *["--rm"] * removes, "--name", "web", IMAGE, "true", stdin=b"input")
    assert done.returncode == 125
    assert REASON in done.stderr
    assert own_docker("ps", "--all", "--format", "{{.Names}}") == ("" if removes else "web")


@pytest.mark.parametrize("flags", [[], ["-a"], ["-a", "-i"]], ids=lambda flags: "".join(flags) or "detached")
def test_a_start_says_why_it_cannot(own_docker: DockerCli, flags: list[str]) -> None:
    own_docker("create", "--name", "web", IMAGE)
    done = own_docker.try_("start", *flags, "web", stdin=b"")
    assert done.returncode == 1
    assert REASON in done.stderr
