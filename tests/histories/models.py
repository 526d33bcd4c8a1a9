"""What the service promises, as small machines: a container, a name, a tag, an image, and the configuration."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from histories.operations import Op

UNBORN, GONE = "unborn", "gone"
LIVE = {"running", "paused", "restarting"}
STARTABLE = {"created", "exited"}


class Life(NamedTuple):
    """A container that exists, as clients see it. `engine` is the one that has a start of it pending."""

    revision: int
    name: str
    shares: int
    state: str = "created"
    attempt: int = 0
    pid: int = 0
    exit_code: int = 0
    error: str = ""
    engine: str = ""

    def next(self, **changed: Any) -> "Life":
        """Return the life after a change."""
        return self._replace(revision=self.revision + 1, **changed)


Outcome = tuple[int, Any, dict[str, Any]]
"""A status, the state after it, and what the answer says."""


def container(state: Any, op: Op) -> Iterator[Any]:
    """Model of a container, from before its creation until after its removal."""
    for status, after, says in _outcomes(state, op):
        if op.is_lost or (op.status == status and all(op.found.get(key) == value for key, value in says.items())):
            yield after


def _outcomes(state: Any, op: Op) -> Iterable[Outcome]:
    if op.kind in {"create", "import"} and op.wrote:
        return [(op.status, Life(1, op.name, op.value), {})] if state == UNBORN else []
    if op.kind == "create":  # sent again under its key: the answer is the first one's, whatever happened since
        return [(201, state, {})] if state != UNBORN else []
    if op.kind == "list":
        shown = (state.name, state.state) if isinstance(state, Life) else None
        return [(200, state, {op.target: shown})]
    if not isinstance(state, Life):
        return [(404, state, {})]
    if op.kind == "inspect":
        return [(200, state, {"life": state[:4] + state[5:8]})]
    if op.kind in REPORTS:
        return [REPORTS[op.kind](state, op)]
    if op.expected not in {None, state.revision}:
        return [(412, state, {})]
    return CHANGES[op.kind](state, op)


def _rename(life: Life, op: Op) -> list[Outcome]:
    if op.name == life.name:
        return [(400, life, {})]
    return [(204, life.next(name=op.name), {}), (409, life, {})]  # whether it is taken is for the name's model


def _update(life: Life, op: Op) -> list[Outcome]:
    if life.state in {"removing", "dead"}:
        return [(409, life, {})]
    if life.state in LIVE and op.value != life.shares:
        return [(501, life, {})]
    return [(200, life.next(shares=op.value), {})]


def _remove(life: Life, _op: Op) -> list[Outcome]:
    return [(409, life, {})] if life.state in LIVE else [(204, GONE, {})]


def _acknowledged(life: Life) -> Outcome:
    return 200, life, {"State": life.state, "Attempt": life.attempt, "Revision": life.revision}


def _report(life: Life, op: Op, after: Life, *, known: bool, legal: bool, attempt: int | None = None) -> Outcome:
    if known:
        return _acknowledged(life)
    if op.expected not in {None, life.revision}:
        return 412, life, {}
    if attempt not in {None, life.attempt} or not legal:
        return 409, life, {}
    return _acknowledged(after)


def _prepare(life: Life, op: Op) -> Outcome:
    if life.state in STARTABLE and life.engine == op.value:
        return 200, life, {"Attempt": life.attempt, "Revision": life.revision}
    if op.expected not in {None, life.revision}:
        return 412, life, {}
    if life.state == "running":
        return 304, life, {}
    if life.state not in STARTABLE or (life.engine and op.expected is None):
        return 409, life, {}
    after = life.next(attempt=life.attempt + 1, engine=op.value)
    return 200, after, {"Attempt": after.attempt, "Revision": after.revision}


def _is_starting(life: Life) -> bool:
    return (life.state in STARTABLE and life.engine != "") or life.state == "restarting"


def _started(life: Life, op: Op) -> Outcome:
    attempt, pid = op.value
    return _report(
        life,
        op,
        life.next(state="running", pid=pid, exit_code=0, error="", engine=""),
        known=life.state == "running" and (life.attempt, life.pid) == (attempt, pid),
        legal=_is_starting(life),
        attempt=attempt,
    )


def _start_failed(life: Life, op: Op) -> Outcome:
    attempt, code, error = op.value
    state = "exited" if life.state == "restarting" else life.state
    return _report(
        life,
        op,
        life.next(state=state, exit_code=code, error=error, engine=""),
        known=life.state in STARTABLE
        and life.engine == ""
        and (life.attempt, life.exit_code, life.error) == (attempt, code, error),
        legal=_is_starting(life),
        attempt=attempt,
    )


def _exited(life: Life, op: Op) -> Outcome:
    return _report(
        life,
        op,
        life.next(state="exited", pid=0, exit_code=op.value, error=""),
        known=life.state == "exited" and (life.exit_code, life.error) == (op.value, ""),
        legal=life.state in LIVE,
    )


def _paused(life: Life, op: Op) -> Outcome:
    return _report(life, op, life.next(state="paused"), known=life.state == "paused", legal=life.state == "running")


def _unpaused(life: Life, op: Op) -> Outcome:
    return _report(life, op, life.next(state="running"), known=life.state == "running", legal=life.state == "paused")


def _restarting(life: Life, op: Op) -> Outcome:
    return _report(
        life,
        op,
        life.next(state="restarting", pid=0, exit_code=op.value, error=""),
        known=life.state == "restarting" and (life.exit_code, life.error) == (op.value, ""),
        legal=life.state in {"running", "paused"},
    )


def _removing(life: Life, op: Op) -> Outcome:
    return _report(life, op, life.next(state="removing"), known=life.state == "removing", legal=True)


def _dead(life: Life, op: Op) -> Outcome:
    return _report(life, op, life.next(state="dead"), known=life.state == "dead", legal=life.state != "created")


def _exec(life: Life, _op: Op) -> list[Outcome]:
    return [(201, life.next(), {"Revision": life.revision + 1})] if life.state == "running" else [(409, life, {})]


def _exec_ended(life: Life, op: Op) -> list[Outcome]:
    # Execs have no model: whether this one is known, and had ended already, is as the answer says.
    after = life.next() if op.wrote else life
    return [(200, after, {"Revision": after.revision}), (404, life, {}), (409, life, {})]


CHANGES = {"rename": _rename, "update": _update, "remove": _remove, "execs": _exec, "exec-ended": _exec_ended}
REPORTS = {
    "prepare-start": _prepare,
    "started": _started,
    "start-failed": _start_failed,
    "exited": _exited,
    "paused": _paused,
    "unpaused": _unpaused,
    "restarting": _restarting,
    "removing": _removing,
    "dead": _dead,
}


class OfName(NamedTuple):
    """An operation as one name sees it."""

    name: str
    op: Op


def name(holder: str | None, seen: OfName) -> Iterable[str | None]:
    """Model of a name: the ID of the container that holds it."""
    op = seen.op
    takes = (op.kind == "create" and op.name == seen.name) or (op.kind == "rename" and op.name == seen.name)
    if op.kind == "inspect":
        return [holder] if (holder or "") == op.found.get("id", "") else []
    if op.status == 409 and takes:
        return [holder] if holder is not None and holder == op.found.get("owner") else []
    if op.kind == "remove" and op.name == seen.name:
        return _removed_by_name(holder, op)
    if op.status == 400:  # a rename to the name that it has
        return [holder] if holder == op.target else []
    if takes:
        return [op.target] if holder is None else []
    # A removal, or a rename to another name, frees it.
    return [None] if holder == op.target else [holder]


def _removed_by_name(holder: str | None, op: Op) -> Iterable[str | None]:
    if op.status == 404:
        return [None] if holder is None else []
    if op.status == 409:  # it runs
        return [holder] if holder is not None else []
    return [None] if holder == op.target else []


def tag(image: str | None, op: Op) -> Iterable[str | None]:
    """Model of a tag, and of an image that has one name: the ID of the image behind it."""
    if op.kind in {"tag", "load"}:
        return [op.value]
    if op.kind == "untag":
        done = op.is_lost or op.is_done
        return [None] if image is not None and done else [image] if image is None and op.status in {0, 404} else []
    return [image] if (image or "") == op.found.get("id", "") else []


def configuration(version: int, op: Op) -> Iterable[int]:
    """Model of the configuration in force: the number of the file that was put in force last."""
    if op.kind == "reload":
        return [op.value]
    return [version] if version == op.found["file"] else []
