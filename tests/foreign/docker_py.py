"""docker-py's integration tests, from a checkout that $DOCKER_PY names: its packages do not carry them."""

import os
from pathlib import Path

from foreign.installed import Missing, python
from foreign.outcomes import Outcome
from foreign.target import Target

RELEASE = "7.2.0"


def outcomes(target: Target) -> list[Outcome]:
    """Run the tests. Raises Missing if no checkout is given."""
    checkout = os.environ.get("DOCKER_PY", "")
    if not checkout:
        raise Missing(f"docker-py is left out: give a checkout of its tag {RELEASE} (DOCKER_PY=/path make clients)")
    if not (Path(checkout) / "tests" / "integration").is_dir():
        raise Missing(f"DOCKER_PY={checkout} is no checkout of docker-py: it has no folder tests/integration")
    return target.suite(python("docker_py"), Path(checkout).resolve(), "tests/integration")
