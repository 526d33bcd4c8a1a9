"""The labels that a filter asks for, as conditions on containers."""

from collections.abc import Iterator

from statesvc.db.containers import conditions
from statesvc.db.containers.conditions import Condition
from statesvc.domain import filters as filtering
from statesvc.domain.filters import Filters
from statesvc.errors import InvalidParameter

# An expression in SQL can be only so deep.
MOST_LABELS = 100


def labelled(filters: Filters) -> Iterator[Condition]:
    """Yield a condition for each label that is asked for. Raises InvalidParameter for too many."""
    wanted = filtering.labels(filters.get("label", ()))
    if len(wanted) > MOST_LABELS:
        raise InvalidParameter(f"invalid filter 'label': more than {MOST_LABELS} labels cannot be asked for at once")
    for key, value in wanted:
        yield conditions.labelled(key, value)
