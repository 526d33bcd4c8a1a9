"""Follows the journal of one data root: every change is in it once, in an order that clients can have seen."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from histories.operations import Op

# What an acknowledged operation writes: the actions of its events, and how many there may be of it.
WRITES: dict[str, tuple[set[str], bool]] = {
    "create": ({"create"}, True),
    "rename": ({"rename"}, True),
    "update": ({"update"}, True),
    "remove": ({"destroy"}, True),
    "remove-imported": ({"destroy"}, True),
    "tag": ({"tag"}, True),
    "untag": ({"untag", "delete"}, True),
    "load": ({"load", "tag"}, True),
    "reload": ({"reload"}, True),
    "import": ({"import", "tag"}, False),
    # A report of what is known already changes nothing.
    "prepare-start": ({"prepare"}, False),
    "started": ({"start"}, False),
    "start-failed": ({"start_failed"}, False),
    "exited": ({"die"}, False),
    "paused": ({"pause"}, False),
    "unpaused": ({"unpause"}, False),
    "restarting": ({"die"}, False),
    "removing": ({"removing"}, False),
    "dead": ({"dead"}, False),
    "execs": ({"exec_create", "exec_start"}, True),
    "exec-ended": ({"exec_die"}, False),
}


@dataclass
class Journal:
    """The journal so far, and the containers as its events leave them: revision, name and state by ID."""

    last: int = 0
    lives: dict[str, tuple[int, str, str]] = field(default_factory=dict)
    holders: dict[str, str] = field(default_factory=dict)
    snapshots: dict[int, dict[str, tuple[str, str]]] = field(default_factory=dict)

    def follow(self, events: list[dict[str, Any]], ops: dict[str, Op], wanted: set[int]) -> Iterator[str]:
        """Go on with the next events, and yield a sentence for whatever is wrong.

        Each is noted in the operation that wrote it. Of the events in `wanted` the containers after them are kept.
        """
        latest, latest_op = 0, ""
        if self.last in wanted:
            self.snapshots[self.last] = self.shown()
        for event in events:
            if event["Seq"] != self.last + 1:
                yield f"event {event['Seq']} follows event {self.last}"
            self.last = event["Seq"]
            agent = (event["Asker"] or {}).get("Agent")
            op = ops.get(agent or "")
            if op is None:
                if event["Action"] != "reload":  # a start puts the file in force, asked by nobody
                    yield f"event {self.last} ({event['Action']}) was asked by {agent}, which is not under way"
            else:
                op.wrote.append(event)
                if op.returned < latest:
                    yield f"event {self.last} of {op.agent} comes after {latest_op}'s, which was sent after the answer"
                if op.invoked > latest:
                    latest, latest_op = op.invoked, op.agent
            if event["Type"] == "container":
                yield from self._container(event, op)
            if self.last in wanted:
                self.snapshots[self.last] = self.shown()

    def shown(self) -> dict[str, tuple[str, str]]:
        """Return name and state of each container."""
        return {container: (name, state) for container, (_, name, state) in self.lives.items()}

    def _container(self, event: dict[str, Any], op: Op | None) -> Iterator[str]:
        container, revision, action = event["Actor"], event["Revision"], event["Action"]
        before = self.lives.get(container)
        known = before[0] if before else 0
        again = op is not None and len(op.wrote) > 1 and op.wrote[-2]["Actor"] == container
        if (action in {"create", "import"}) != (before is None):
            yield f"event {self.last} ({action}) is about container {container[:12]}, which was {before or 'not there'}"
        if action != "import" and revision != known + 1 and not (again and revision == known):
            yield f"event {self.last} has revision {revision} of container {container} after {known}"
        if before and before[1] and self.holders.get(before[1]) == container:
            del self.holders[before[1]]
        if action == "destroy":
            self.lives.pop(container, None)
            return
        name = event["Values"]["name"]
        if name in self.holders:
            yield f"event {self.last} gives the name {name} to {container}, and {self.holders[name]} has it"
        self.holders[name] = container
        self.lives[container] = (revision, name, event["Values"]["state"])


def disagreements(op: Op) -> Iterator[str]:
    """Yield what is wrong between an operation's answer and the events that it wrote."""
    actions, required = WRITES.get(op.kind, (set(), False))
    wrote = [event["Action"].partition(":")[0] for event in op.wrote]
    told = f"{op.agent} ({op.kind} {op.name or op.target[:12]}, status {op.status})"
    if not set(wrote) <= actions:
        yield f"{told} wrote {wrote}"
    if op.is_lost:
        return
    if op.status >= 500 and op.status not in {501, 503}:
        yield f"{told} was answered: {op.message}"
    if not op.is_done and wrote and op.kind != "import":
        yield f"{told} was refused, and yet wrote {wrote}: {op.message}"
    if op.is_done and required and not wrote and not op.key:
        yield f"{told} was acknowledged, and nothing is in the journal"
    actors = {event["Actor"] for event in op.wrote if event["Type"] == "container"}
    if op.kind != "import" and op.target and actors - {op.target}:
        yield f"{told} wrote events about {actors - {op.target}}"
    if wrote.count("create") > 1 or (op.kind in {"rename", "update", "remove"} and len(wrote) > 1):
        yield f"{told} was done more than once: {wrote}"
