"""Calls through dockerode, the client of most programs for Node."""

from foreign.installed import CALLS, node_modules, program
from foreign.outcomes import Outcome
from foreign.target import Target

RELEASE = "5.0.1"


def outcomes(target: Target) -> list[Outcome]:
    """Make the calls. Raises Missing without node or npm."""
    node = program("node", "apt-get install nodejs")
    modules = node_modules() / "node_modules"
    return target.script(node, str(CALLS / "dockerode.js"), NODE_PATH=str(modules))
