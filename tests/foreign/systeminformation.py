"""Calls of systeminformation, the package for Node that monitoring programs use."""

from foreign.installed import CALLS, node_modules, program
from foreign.outcomes import Outcome
from foreign.target import Target

RELEASE = "5.33.26"


def outcomes(target: Target) -> list[Outcome]:
    """Make the calls. Raises Missing without node or npm."""
    node = program("node", "apt-get install nodejs")
    modules = node_modules() / "node_modules"
    return target.script(node, str(CALLS / "systeminformation.js"), NODE_PATH=str(modules))
