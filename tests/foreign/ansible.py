"""Ansible's community.docker modules, by a playbook."""

import json
from collections.abc import Iterator
from typing import Any

from foreign.installed import CALLS, collections, python
from foreign.outcomes import Outcome
from foreign.target import Target

RELEASE = "ansible-core 2.19.14, community.docker of ansible 12.3.0"


def outcomes(target: Target) -> list[Outcome]:
    """Run the playbook; each task with a name is an outcome."""
    interpreter = python("ansible")
    more = {
        "ANSIBLE_COLLECTIONS_PATH": str(collections()),
        "ANSIBLE_STDOUT_CALLBACK": "ansible.posix.json",
        "ANSIBLE_LOCALHOST_WARNING": "False",
        "ANSIBLE_INVENTORY_UNPARSED_WARNING": "False",
        "ANSIBLE_PYTHON_INTERPRETER": str(interpreter),
    }
    playbook = interpreter.with_name("ansible-playbook")
    shown = target.output(str(playbook), str(CALLS / "playbook.yml"), **more)
    return list(_tasks(json.loads(shown[shown.index("{") :])))


def _tasks(report: dict[str, Any]) -> Iterator[Outcome]:
    for play in report["plays"]:
        for task in play["tasks"]:
            result = task["hosts"]["localhost"]
            failed = result.get("failed", False)
            yield Outcome(task["task"]["name"], str(result.get("msg") or result) if failed else None)
