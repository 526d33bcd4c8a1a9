"""Statements that select containers under conditions: one compiled statement for each combination of shapes."""

from collections.abc import Iterable
from functools import lru_cache
from itertools import chain, count
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Select, bindparam

from statesvc.db.containers.conditions import Condition, Shape
from statesvc.db.statements import Query

R = TypeVar("R", bound=NamedTuple)


def under(selected: Select[Any], row: type[R], conditions: Iterable[Condition], *, limited: bool = False) -> Query[R]:
    """Return the query under conditions of these shapes, of at most `most` rows if it is limited."""
    return _compiled(selected, row, tuple(condition.shape for condition in conditions), limited=limited)


@lru_cache(maxsize=256)
def _compiled(selected: Select[Any], row: type[R], shapes: tuple[Shape, ...], *, limited: bool) -> Query[R]:
    names = map("value{}".format, count())
    statement = selected.where(*(shape.made(names) for shape in shapes))
    return Query(statement.limit(bindparam("most")) if limited else statement, row)


def values(conditions: Iterable[Condition]) -> dict[str, object]:
    """Return the values of conditions under the names that their query gives them."""
    bound = chain.from_iterable(condition.bound() for condition in conditions)
    return {f"value{at}": value for at, value in enumerate(bound)}
