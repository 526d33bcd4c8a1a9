"""Calls through python-on-whales, which runs the `docker` command line."""

from foreign.installed import CALLS, program, python
from foreign.outcomes import Outcome
from foreign.target import Target

RELEASE = "0.81.0"


def outcomes(target: Target) -> list[Outcome]:
    """Make the calls. Raises Missing without the `docker` command line."""
    program("docker", "apt-get install docker-cli, or docker.io")
    return target.script(str(python("python_on_whales")), str(CALLS / "whales.py"))
