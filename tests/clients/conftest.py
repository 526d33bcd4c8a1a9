"""The `docker` command line, pointed at a service."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from docker_cli import DockerCli
from service import Service


@pytest.fixture(scope="session")
def docker_for(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Service], DockerCli]:
    """Make a command line for a service."""
    program = shutil.which("docker")
    if program is None:
        missing = "the `docker` command line is not installed"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    home: Path = tmp_path_factory.mktemp("docker-home")

    def make(service: Service) -> DockerCli:
        environment = {"PATH": os.environ["PATH"], "HOME": str(home), "DOCKER_HOST": service.address}
        return DockerCli(program, environment)

    return make


@pytest.fixture
def docker(docker_for: Callable[[Service], DockerCli], service: Service) -> DockerCli:
    """The command line for the shared service."""
    return docker_for(service)


@pytest.fixture
def own_docker(docker_for: Callable[[Service], DockerCli], own_service: Service) -> DockerCli:
    """The command line for a service that no other test sees."""
    return docker_for(own_service)
