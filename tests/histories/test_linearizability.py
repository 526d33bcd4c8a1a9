"""The checker itself: histories that no order explains must be refused, or nothing that it accepts means anything."""

from collections.abc import Iterable

import pytest
from histories import models
from histories.linearizability import Call, final_states
from histories.models import GONE, UNBORN, Life, OfName
from histories.operations import Op


def register(value: int, what: tuple[str, int]) -> Iterable[int]:
    kind, argument = what
    return [argument] if kind == "write" else [value] if value == argument else []


def write(value: int, invoked: int, returned: int, *, unsure: bool = False) -> Call:
    return Call(invoked, returned, ("write", value), unsure)


def read(value: int, invoked: int, returned: int) -> Call:
    return Call(invoked, returned, ("read", value))


LINEARIZABLE = {
    "one after the other": ([write(1, 0, 1), read(1, 2, 3), write(2, 4, 5), read(2, 6, 7)], {2}),
    "a read beside a write sees it": ([write(1, 0, 9), read(1, 3, 5)], {1}),
    "a read beside a write does not see it yet": ([write(1, 0, 9), read(0, 3, 5)], {1}),
    "first the old value, then the new one": ([write(1, 0, 9), read(0, 1, 3), read(1, 4, 6)], {1}),
    "two writes at once, in either order": ([write(1, 0, 9), write(2, 0, 9)], {1, 2}),
    "two writes at once, and a read that tells the order": ([write(1, 0, 9), write(2, 0, 9), read(1, 10, 11)], {1}),
    "three at once, which must be taken against their beginnings": (
        [write(1, 0, 20), write(2, 1, 19), read(2, 2, 10), read(1, 11, 18)],
        {1},
    ),
    "an unsure write that never happened": ([write(1, 0, 1), write(2, 2, 3, unsure=True), read(1, 4, 5)], {1}),
    "an unsure write that happened": ([write(1, 0, 1), write(2, 2, 3, unsure=True), read(2, 4, 5)], {2}),
    "an unsure write that happened late": (
        [write(1, 0, 1), write(2, 2, 9, unsure=True), read(1, 4, 5), read(2, 6, 7)],
        {2},
    ),
    "nothing that would tell whether it happened": ([write(1, 0, 1), write(2, 2, 3, unsure=True)], {1, 2}),
    "nothing at all": ([], {0}),
}
NOT_LINEARIZABLE = {
    "a stale read": [write(1, 0, 1), read(0, 2, 3)],
    "a value that nobody wrote": [write(1, 0, 1), read(7, 2, 3)],
    "a write that is lost": [write(1, 0, 1), write(2, 2, 3), read(1, 4, 5)],
    "a read of what is written later": [read(1, 0, 1), write(1, 2, 3)],
    "the new value, then the old one": [write(1, 0, 9), read(1, 1, 3), read(0, 4, 6)],
    "two readers that see two writes in different orders": [
        write(1, 0, 20), write(2, 0, 20), read(1, 1, 5), read(2, 6, 10), read(1, 11, 15),
    ],
    "an unsure write that happened and then did not": [
        write(1, 0, 1), write(2, 2, 3, unsure=True), read(2, 4, 5), read(1, 6, 7),
    ],
    "an unsure write that happens after its process is gone": [
        write(1, 0, 1), write(2, 2, 3, unsure=True), read(1, 4, 5), read(2, 6, 7),
    ],
    "an unsure write that happens twice": [
        write(2, 0, 9, unsure=True), read(2, 1, 2), write(1, 3, 4), read(2, 5, 6),
    ],
}  # fmt: skip


@pytest.mark.parametrize(("calls", "states"), LINEARIZABLE.values(), ids=LINEARIZABLE)
def test_a_history_is_explained(calls: list[Call], states: set[int]) -> None:
    assert final_states(calls, {0}, register) == states
    assert final_states(calls[::-1], {0}, register) == states


@pytest.mark.parametrize("calls", NOT_LINEARIZABLE.values(), ids=NOT_LINEARIZABLE)
def test_a_history_that_no_order_explains_is_refused(calls: list[Call]) -> None:
    assert final_states(calls, {0}, register) == set()


def test_each_state_before_is_tried() -> None:
    assert final_states([read(2, 0, 1)], {1, 2, 3}, register) == {2}


def test_many_calls_at_once_are_judged_quickly() -> None:
    """Twelve writes at once have half a billion orders, and the memo has fewer than 50,000 entries for them."""
    writes = [write(value, 0, 100) for value in range(1, 13)]
    assert final_states([*writes, read(7, 101, 102)], {0}, register) == {7}


# The models of the service.

A, B = "a" * 64, "b" * 64
EVENT = {"Action": "create", "Actor": A}


def op(kind: str, status: int, **about: object) -> Op:
    return Op(1, kind, status=status, **about)


def in_turn(*whats: object) -> list[Call]:
    return [Call(2 * number, 2 * number + 1, what) for number, what in enumerate(whats)]


def created(container: str = A, name: str = "web") -> Op:
    return op("create", 201, target=container, name=name, value=5, wrote=[EVENT])


def seen(revision: int, **other: object) -> Op:
    life = Life(revision, "web", 5)._replace(**other)
    return op("inspect", 200, target=A, found={"life": life[:4] + life[5:8]})


CONTAINERS = {
    "created and seen": [created(), seen(1)],
    "changed by each report": [
        created(),
        op("prepare-start", 200, value="e", found={"Attempt": 1, "Revision": 2}),
        op("prepare-start", 200, value="e", found={"Attempt": 1, "Revision": 2}),
        op("prepare-start", 409, value="another"),
        op("started", 200, value=(1, 77), found={"State": "running", "Attempt": 1, "Revision": 3}),
        op("prepare-start", 304, value="e"),
        op("remove", 409),
        op("update", 501, value=9),
        op("paused", 200, found={"State": "paused", "Attempt": 1, "Revision": 4}),
        op("unpaused", 200, found={"State": "running", "Attempt": 1, "Revision": 5}),
        op("exited", 200, value=3, found={"State": "exited", "Attempt": 1, "Revision": 6}),
        op("exited", 200, value=3, found={"State": "exited", "Attempt": 1, "Revision": 6}),
        op("update", 200, value=9),
        op("rename", 412, name="x", expected=1),
        op("rename", 204, name="x", expected=7),
        seen(8, name="x", shares=9, state="exited", exit_code=3),
        op("remove", 204),
        op("inspect", 404),
    ],
    "restarted by its policy, then given up": [
        created(),
        op("prepare-start", 200, value="e", found={"Attempt": 1, "Revision": 2}),
        op("started", 200, value=(1, 77), found={"State": "running", "Attempt": 1, "Revision": 3}),
        op("execs", 201, found={"Revision": 4}),
        op("restarting", 200, value=1, found={"State": "restarting", "Attempt": 1, "Revision": 5}),
        op("execs", 409),
        op("started", 200, value=(1, 78), found={"State": "running", "Attempt": 1, "Revision": 6}),
        op("restarting", 200, value=1, found={"State": "restarting", "Attempt": 1, "Revision": 7}),
        op("start-failed", 200, value=(1, 127, "x"), found={"State": "exited", "Attempt": 1, "Revision": 8}),
        op("removing", 200, found={"State": "removing", "Attempt": 1, "Revision": 9}),
        op("update", 409, value=9),
        op("dead", 200, found={"State": "dead", "Attempt": 1, "Revision": 10}),
        op("remove", 204),
    ],
    "created twice with one key": [created(), op("create", 201, target=A, key="k"), seen(1)],
}
IMPOSSIBLE = {
    "an acknowledged update is not seen": [created(), op("update", 200, value=9), seen(2)],
    "a revision is left out": [created(), seen(2)],
    "a refused update is seen": [created(), op("update", 409, value=9), seen(1)],
    "a removed container is back": [created(), op("remove", 204), seen(1)],
    "a container is gone that nobody removed": [created(), op("inspect", 404)],
    "a container is there before its create was sent": [seen(1), created()],
    "an update at a revision that is over": [
        created(), op("update", 200, value=9, expected=1), op("update", 200, value=8, expected=1),
    ],
    "a start that another engine has pending is given away": [
        created(),
        op("prepare-start", 200, value="e", found={"Attempt": 1, "Revision": 2}),
        op("prepare-start", 200, value="another", found={"Attempt": 2, "Revision": 3}),
    ],
    "a running container is removed": [
        created(),
        op("prepare-start", 200, value="e", found={"Attempt": 1, "Revision": 2}),
        op("started", 200, value=(1, 77), found={"State": "running", "Attempt": 1, "Revision": 3}),
        op("remove", 204),
    ],
    "a report that is known already counts once more": [
        created(),
        op("prepare-start", 200, value="e", found={"Attempt": 1, "Revision": 2}),
        op("started", 200, value=(1, 77), found={"State": "running", "Attempt": 1, "Revision": 3}),
        op("started", 200, value=(1, 77), found={"State": "running", "Attempt": 1, "Revision": 4}),
    ],
    "an exec is started in a container that does not run": [created(), op("execs", 201, found={"Revision": 2})],
    "a container dies that never lived": [
        created(), op("dead", 200, found={"State": "dead", "Attempt": 0, "Revision": 2}),
    ],
    "a list shows another state": [created(), op("list", 200, target=A, found={A: ("web", "running")})],
    "a list leaves it out": [created(), op("list", 200, target=A, found={A: None})],
}  # fmt: skip


@pytest.mark.parametrize("ops", CONTAINERS.values(), ids=CONTAINERS)
def test_a_container_may_do_this(ops: list[Op]) -> None:
    assert final_states(in_turn(*ops), {UNBORN}, models.container)


@pytest.mark.parametrize("ops", IMPOSSIBLE.values(), ids=IMPOSSIBLE)
def test_a_container_cannot_do_this(ops: list[Op]) -> None:
    assert final_states(in_turn(*ops), {UNBORN}, models.container) == set()


def test_a_removal_ends_a_container() -> None:
    assert final_states(in_turn(created(), op("remove", 204)), {UNBORN}, models.container) == {GONE}


def renamed(container: str, name: str, status: int = 204, **about: object) -> Op:
    return op("rename", status, target=container, name=name, **about)


def named(container: str) -> Op:
    return op("inspect", 200 if container else 404, name="web", found={"id": container} if container else {})


TAKEN = {"owner": A}
NAMES = {
    "taken, freed by a rename, taken again": [created(), renamed(A, "x"), created(B), named(B)],
    "taken, freed by a removal": [created(), op("remove", 204, target=A), named("")],
    "taken, and refused to another": [created(), op("create", 409, name="web", found=TAKEN), named(A)],
    "left alone by the removal of another": [created(), op("remove", 204, target=B), named(A)],
    "given back by name": [created(), op("remove", 204, name="web", target=A), op("remove", 404, name="web")],
}
IMPOSSIBLE_NAMES = {
    "two containers have it": [created(), created(B)],
    "a rename takes it from another": [created(), renamed(B, "web")],
    "a free name is refused": [op("create", 409, name="web", found=TAKEN)],
    "it is refused in the name of another": [created(), op("create", 409, name="web", found={"owner": B})],
    "it leads to a container that was renamed": [created(), renamed(A, "x"), named(A)],
    "it leads nowhere, and is held": [created(), named("")],
    "it leads to a container that never had it": [created(), named(B)],
    "it is removed, and was free": [op("remove", 204, name="web", target=A)],
}


def of_web(ops: list[Op]) -> list[Call]:
    return in_turn(*(OfName("web", one) for one in ops))


@pytest.mark.parametrize("ops", NAMES.values(), ids=NAMES)
def test_a_name_may_do_this(ops: list[Op]) -> None:
    assert final_states(of_web(ops), {None}, models.name)


@pytest.mark.parametrize("ops", IMPOSSIBLE_NAMES.values(), ids=IMPOSSIBLE_NAMES)
def test_a_name_cannot_do_this(ops: list[Op]) -> None:
    assert final_states(of_web(ops), {None}, models.name) == set()


@pytest.mark.parametrize(
    "ops",
    [
        [op("tag", 201, value="i"), op("inspect-image", 404)],
        [op("tag", 201, value="i"), op("untag", 404)],
        [op("untag", 200)],
        [op("tag", 201, value="i"), op("tag", 201, value="j"), op("inspect-image", 200, found={"id": "i"})],
    ],
    ids=["is lost", "is refused", "was not there", "leads to the image before"],
)
def test_a_tag_cannot_do_this(ops: list[Op]) -> None:
    assert final_states(in_turn(*ops), {None}, models.tag) == set()


@pytest.mark.parametrize(
    "ops",
    [
        [op("reload", 200, value=2), op("runtimes", 200, found={"file": 1})],
        [op("runtimes", 200, found={"file": 2}), op("reload", 200, value=2)],
    ],
    ids=["is acknowledged and not in force", "is in force before it was asked for"],
)
def test_a_configuration_cannot_do_this(ops: list[Op]) -> None:
    assert final_states(in_turn(*ops), {1}, models.configuration) == set()
