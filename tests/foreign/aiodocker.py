"""aiodocker's own tests of Docker's API, from its source package: the files that talk to an engine."""

from foreign.installed import python, source
from foreign.outcomes import Outcome
from foreign.target import Target

RELEASE = "0.27.0"
FILES = (
    "configs", "containers", "events", "execs", "images", "integration", "networks", "nodes", "secrets", "services",
    "swarm", "system", "volumes",
)  # fmt: skip


def outcomes(target: Target) -> list[Outcome]:
    """Run the tests."""
    files = [f"tests/test_{name}.py" for name in FILES]
    return target.suite(python("aiodocker"), source("aiodocker-source", f"aiodocker=={RELEASE}"), *files)
