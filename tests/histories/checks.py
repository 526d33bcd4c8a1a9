"""What must hold for a stretch of a run, from a start of the service to its end: the journal, and linearizability."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from histories import models
from histories.journal import Journal, disagreements
from histories.linearizability import Call, Step, final_states
from histories.models import CHANGES, GONE, REPORTS, UNBORN, OfName
from histories.operations import Op

_NO_MORE = {GONE}
OF_CONTAINERS = {"create", "inspect", *CHANGES, *REPORTS}


@dataclass
class Checks:
    """The state that each object can be in after all stretches so far."""

    journal: Journal = field(default_factory=Journal)
    containers: dict[str, set[Any]] = field(default_factory=dict)
    names: dict[str, set[Any]] = field(default_factory=dict)
    tags: dict[str, set[Any]] = field(default_factory=dict)
    histories: int = 0

    def stretch(self, ops: list[Op], events: list[dict[str, Any]], *, ended: int, file: int) -> Iterator[str]:
        """Judge what clients recorded until the process had ended, with the events since then; yield what is wrong.

        `file` is the configuration that was in force when the stretch began.
        """
        snapshots = [op for op in ops if op.kind == "snapshot" and op.status == 200]
        by_agent = {op.agent: op for op in ops}
        yield from self.journal.follow(events, by_agent, {op.found["seq"] for op in snapshots})
        for op in ops:
            yield from disagreements(op)
            _complete(op)
        yield from self._keys(ops)
        yield from self._snapshots(snapshots)
        done = [op for op in ops if _counts(op)]
        yield from self._containers(done, ended)
        yield from self._names(done, ended)
        yield from self._judged(self.tags, models.tag, _by_reference(done), ended, None)
        of_files = {"": [op for op in done if op.kind in {"reload", "runtimes"}]}
        yield from self._judged({"": {file}}, models.configuration, of_files, ended, file)
        yield from (f"{op.agent}: {op.found['broken']}" for op in ops if "broken" in op.found)
        yield from (f"{op.agent}: an import was not complete" for op in ops if op.found.get("complete") is False)
        yield from (f"{op.agent}: events {op.found['gaps']} follow a gap" for op in ops if op.found.get("gaps"))

    def _keys(self, ops: list[Op]) -> Iterator[str]:
        """An idempotency key creates one container, whose ID every answer has."""
        by_key = defaultdict(set)
        for op in ops:
            if op.key and op.target:
                by_key[op.key].add(op.target)
        yield from (f"key {key} created {found}" for key, found in by_key.items() if len(found) > 1)

    def _snapshots(self, ops: list[Op]) -> Iterator[str]:
        """A snapshot is the state after the event that it names."""
        for op in ops:
            wanted = self.journal.snapshots.get(op.found["seq"])
            if wanted is not None and wanted != op.found["lives"]:
                yield f"the snapshot at event {op.found['seq']} differs in {_difference(wanted, op.found['lives'])}"
        self.journal.snapshots.clear()

    def _containers(self, ops: list[Op], ended: int) -> Iterator[str]:
        histories: dict[str, list[Op]] = defaultdict(list)
        for op in ops:
            if op.kind in OF_CONTAINERS and (container := op.target or op.found.get("id")):
                histories[container].append(op)
            if op.kind == "list":
                for container in op.found:
                    histories[container].append(replace(op, target=container))
        histories.pop("0" * 64, None)
        yield from self._judged(self.containers, models.container, histories, ended, UNBORN)
        for container in histories:
            if self.containers.get(container) == {UNBORN}:  # its create failed
                del self.containers[container]

    def _names(self, ops: list[Op], ended: int) -> Iterator[str]:
        held: dict[str, set[str]] = defaultdict(set)  # every name that a container had, or was to get
        for name, holders in self.names.items():
            for holder in holders:
                held[holder or ""].add(name)
        for op in ops:
            if op.kind in {"create", "rename"} and op.name:
                held[op.target].add(op.name)
        histories: dict[str, list[OfName]] = defaultdict(list)
        for op in ops:
            for name in _names_of(op, held):
                histories[name].append(OfName(name, op))
        yield from self._judged(self.names, models.name, histories, ended, None)

    def _judged(
        self,
        states: dict[str, set[Any]],
        step: Step,
        histories: dict[str, list[Any]],
        ended: int,
        first: Hashable,
    ) -> Iterator[str]:
        for key, whats in histories.items():
            self.histories += 1
            calls = [_call(what, ended) for what in whats]
            before = states.get(key, {first})
            after = final_states(calls, before, step)
            if not after:
                yield f"no order explains the history of {step.__name__} {key}, from {before}:\n{_listed(whats)}"
                after = before
            states[key] = _NO_MORE if after == _NO_MORE else after


def _counts(op: Op) -> bool:
    """Return whether an operation tells, or may have changed, anything."""
    if op.is_lost:
        # The process that had it is gone: what is not in the journal by now never happened. Only the events of images
        # do not say which reference they are about, so that those histories are judged by the answers alone.
        return bool(op.wrote) or op.kind in {"untag", "tag", "load"}
    return op.status != 503 and (op.status != 501 or op.kind == "update")


def _complete(op: Op) -> None:
    """Fill in what only the journal tells: the ID behind a lost create, the made-up name, what a removal removed."""
    about = [event for event in op.wrote if event["Type"] == "container"]
    if about and op.kind in {"create", "remove"}:
        op.target = about[0]["Actor"]
        if op.kind == "create":
            op.name = about[0]["Values"]["name"]


def _call(what: Any, ended: int) -> Call:
    op = what.op if isinstance(what, OfName) else what
    returned = op.returned if not op.is_lost else ended
    return Call(op.invoked, returned, what, unsure=op.is_lost and op.kind in {"untag", "tag", "load"})


def _names_of(op: Op, held: dict[str, set[str]]) -> Iterable[str]:
    if op.kind == "create":
        recalled = op.is_done and not op.wrote
        return [op.name] if op.name and not recalled and op.status != 412 else []
    if op.kind == "inspect":
        return [op.name] if op.name else []
    if op.kind == "rename":
        if op.status in {404, 412}:
            return []
        return {op.name, *held[op.target]} if op.status not in {400, 409} else [op.name]
    if op.kind == "remove" and (op.is_done or op.is_lost):
        return {*held[op.target], op.name} - {""}
    return [op.name] if op.kind == "remove" and op.name else []


def _by_reference(ops: list[Op]) -> dict[str, list[Op]]:
    found = defaultdict(list)
    for op in ops:
        if op.kind in {"tag", "untag", "load", "inspect-image"}:
            found[op.name].append(op)
    return found


def _listed(whats: list[Any]) -> str:
    ops = sorted((what.op if isinstance(what, OfName) else what for what in whats), key=lambda op: op.invoked)
    start = ops[0].invoked
    return "\n".join(
        f"  {(op.invoked - start) / 1e6:9.3f} .. {(op.returned - start) / 1e6 if not op.is_lost else 0:9.3f} {op.agent}"
        f" {op.kind} {op.target[:12]} {op.name} {op.value} if={op.expected} key={op.key} -> {op.status} {op.found}"
        f" {[(event['Action'], event['Revision']) for event in op.wrote]} {op.message}"
        for op in ops
    )


def _difference(wanted: dict[str, Any], found: dict[str, Any]) -> str:
    keys = [key for key in wanted.keys() | found.keys() if wanted.get(key) != found.get(key)]
    return "; ".join(f"{key[:12]}: {wanted.get(key)} in the journal, {found.get(key)} shown" for key in keys[:5])
