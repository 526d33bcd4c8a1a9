"""The judge of the journal: journals that are wrong must be told from those that are right."""

from typing import Any

import pytest
from histories.checks import Checks
from histories.journal import Journal, disagreements
from histories.operations import Op

A, B = "a" * 64, "b" * 64


def event(seq: int, action: str, number: int, container: str = A, revision: int = 1, **values: Any) -> dict[str, Any]:
    """An event that the operation of this number wrote."""
    return {
        "Seq": seq,
        "Type": "container",
        "Action": action,
        "Actor": container,
        "Revision": revision,
        "Values": {"name": "web", "state": "created"} | values,
        "Asker": {"Agent": f"op-{number}"},
    }


def op(number: int, kind: str, status: int = 200, **about: Any) -> Op:
    """An operation that was answered before the next was sent."""
    return Op(number, kind, status=status, invoked=10 * number, returned=10 * number + 5, **about)


def wrong(events: list[dict[str, Any]], ops: list[Op]) -> str:
    journal = Journal()
    found = list(journal.follow(events, {one.agent: one for one in ops}, set()))
    for one in ops:
        found += disagreements(one)
    return "\n".join(found)


CREATE, UPDATE = op(1, "create", 201, target=A, name="web"), op(2, "update", target=A)
EVENTS = [event(1, "create", 1), event(2, "update", 2, revision=2)]


def again(*ops: Op) -> list[Op]:
    """The operations, with no event noted in them."""
    for one in ops:
        one.wrote = []
    return list(ops)


def test_a_whole_journal_is_right() -> None:
    assert wrong(EVENTS, again(CREATE, UPDATE)) == ""


@pytest.mark.parametrize(
    ("events", "told"),
    [
        ([EVENTS[0], event(3, "update", 2, revision=2)], "event 3 follows event 1"),
        ([EVENTS[0], EVENTS[0]], "event 1 follows event 1"),
        ([EVENTS[0], event(2, "update", 2, revision=3)], "has revision 3"),
        ([EVENTS[0]], "was acknowledged, and nothing is in the journal"),
        ([*EVENTS, event(3, "update", 2, revision=3)], "was done more than once"),
        ([event(1, "create", 1), event(2, "rename", 2, revision=2)], "wrote ['rename']"),
        ([EVENTS[0], event(2, "update", 2, container=B)], "which was not there"),
        ([*EVENTS, event(3, "update", 9, revision=3)], "which is not under way"),
        ([*EVENTS, event(3, "create", 3, container=B)], "gives the name web"),
    ],
    ids=[
        "gap", "double", "gap of revisions", "lost event", "done twice", "another event", "unknown container",
        "nobody asked", "a name for two",
    ],
)  # fmt: skip
def test_a_journal_that_is_wrong_is_told(events: list[dict[str, Any]], told: str) -> None:
    assert told in wrong(events, again(CREATE, UPDATE, op(3, "create", 201, target=B)))


def test_an_order_that_no_client_can_have_seen_is_told() -> None:
    first, second = op(1, "create", 201, target=A), op(2, "create", 201, target=B)
    events = [event(1, "create", 2, container=B, name="x"), event(2, "create", 1)]
    assert "comes after op-2's" in wrong(events, [first, second])


@pytest.mark.parametrize("status", [400, 404, 409, 412, 503])
def test_what_was_refused_and_done_is_told(status: int) -> None:
    refused = op(2, "update", status, target=A, message="nothing was changed")
    assert "was refused, and yet wrote" in wrong(EVENTS, again(CREATE, refused))


@pytest.mark.parametrize(
    ("status", "message"), [(0, ""), (503, "the disk reports an error; look whether it was done before you repeat it")]
)
@pytest.mark.parametrize("events", [EVENTS, EVENTS[:1]], ids=["done", "not done"])
def test_what_nobody_was_told_of_may_be_there_or_not(events: list[Any], status: int, message: str) -> None:
    assert wrong(events, again(CREATE, op(2, "update", status, target=A, message=message))) == ""


def test_an_error_of_the_service_is_told() -> None:
    assert "was answered: Internal" in wrong([], [op(1, "inspect", 502, message="Internal Server Error")])


def test_a_snapshot_that_is_not_the_state_after_its_event_is_told() -> None:
    shown = {"seq": 1, "lives": {A: ("web", "running")}}
    ops = [*again(CREATE, UPDATE), op(3, "snapshot", found=shown)]
    (found,) = Checks().stretch(ops, EVENTS, ended=1000, file=0)
    assert "the snapshot at event 1 differs" in found


def test_two_containers_of_one_key_are_told() -> None:
    ops = [op(1, "create", 201, target=A, name="x", key="k"), op(2, "create", 201, target=B, name="y", key="k")]
    events = [event(1, "create", 1, name="x"), event(2, "create", 2, container=B, name="y")]
    assert any(found.startswith("key k created") for found in Checks().stretch(ops, events, ended=1000, file=0))
