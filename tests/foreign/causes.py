"""Why calls of foreign clients fail: what is not there yet, or not on the machine. A failure is told by its message."""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Cause:
    """A cause: its sentence in docs/clients.md, and what the messages of its failures contain."""

    sentence: str
    pattern: str


# The first that matches is the cause.
CAUSES = {
    "swarm": Cause("There is no swarm, and none can be made: services, secrets, configs and nodes.", r"swarm/init"),
    "docker-in-docker": Cause(
        "The suite runs a Docker Engine in a container, by Docker Compose.", r"'docker', 'compose'"
    ),
    "registry": Cause(
        "No registry is asked: pull, push, search, log-in, and what the suite pulls for itself.",
        r"talks to no registry|distribution is not offered|auth is not offered|plugins/privileges",
    ),
    "plugins": Cause("There are no plugins.", r"plugins/create"),
    "build": Cause("No image is built.", r"build is not offered|failed to dial gRPC"),
    "networks": Cause(
        "Networks are derived from containers; they are no objects yet, with a time, addresses and an ID.",
        r"making a network is not offered|bridge\.created|not 'bridge'",
    ),
    "volumes": Cause(
        "Volumes are derived from containers; they are no objects yet.", r"making a volume is not offered"
    ),
    "engine": Cause(
        "No engine is connected: nothing runs, and there are neither files, output, live ports nor addresses.",
        r"no engine is connected|is not running|in paused container|docker container run"
        r"|not '80|False, and not True",
    ),
    "left over": Cause(
        "A test before it made a container, failed as nothing runs, and left it.", r"\] is None"
    ),
    "credential helper": Cause(
        "The suite's own tests of a credential helper, which is not on the machine.", r"docker-credential store"
    ),
    "client": Cause(
        "docker-py cannot attach by WebSocket over a Unix socket, to any engine.", r"scheme http\+docker is invalid"
    ),
}  # fmt: skip
UNKNOWN = "unknown"


def cause_of(failure: str) -> str:
    """Return the cause of a failure by its message: UNKNOWN if there is none, which is to be looked into."""
    return next((name for name, cause in CAUSES.items() if re.search(cause.pattern, failure)), UNKNOWN)
