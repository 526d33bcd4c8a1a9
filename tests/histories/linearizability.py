"""Judges histories of one object: is there an order of its operations that explains every answer?

The search of Wing and Gong, in Lowe's form: an operation is put into the order only when its answer asks for it, and
each pair of a state and a set of operations that are in the order already is looked at once (the memo).
"""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Any

State = Hashable


@dataclass(frozen=True, slots=True)
class Call:
    """An operation: when it was sent, until when it had happened, and what the model needs to know of it.

    One that is `unsure` may also have never happened: its answer was lost.
    """

    invoked: int
    returned: int
    what: Any
    unsure: bool = False


Step = Callable[[Any, Any], Iterable[State]]
"""A model: the states after an operation in a state; none if its answer is wrong there."""
_Reached = tuple[State, frozenset[int]]


def final_states(calls: list[Call], states: Iterable[State], step: Step) -> set[State]:
    """Return each state that the object can be in after the calls; none if no order explains their answers."""
    moments = sorted(
        [(call.invoked, 0, number) for number, call in enumerate(calls)]
        + [(call.returned, 1, number) for number, call in enumerate(calls)]
    )
    pending: set[int] = set()
    reached: set[_Reached] = {(state, frozenset()) for state in states}
    for _, is_return, number in moments:
        if not is_return:
            pending.add(number)
            continue
        after = _with(reached, number, pending, calls, step)
        if calls[number].unsure:
            after |= {(state, done) for state, done in reached if number not in done}
        reached = after
        pending.discard(number)
        if not reached:
            return set()
    return {state for state, _ in reached}


def _with(reached: set[_Reached], number: int, pending: set[int], calls: list[Call], step: Step) -> set[_Reached]:
    """Return what is reached with this call in the order, and no longer counted as one that is under way."""
    after: set[_Reached] = set()
    todo, seen = list(reached), set(reached)
    while todo:
        state, done = todo.pop()
        if number in done:
            after.add((state, done - {number}))
            continue
        for other in pending - done:
            for new in step(state, calls[other].what):
                found = (new, done | {other})
                if found not in seen:
                    seen.add(found)
                    todo.append(found)
    return after
