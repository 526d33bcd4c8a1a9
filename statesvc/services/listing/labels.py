"""Turns label filters into conditions on containers."""

from collections.abc import Iterator

from statesvc.db.containers import conditions
from statesvc.db.containers.conditions import Condition
from statesvc.domain import filters as filtering
from statesvc.domain.filters import Filters
from statesvc.domain.limits import LIMITS
from statesvc.errors import InvalidParameter

# SQLite limits the depth of an expression (SQLITE_MAX_EXPR_DEPTH), and each label adds to it.
MOST_LABELS = LIMITS.filter_patterns


def labelled(filters: Filters) -> Iterator[Condition]:
    """Yield a condition for each label in the filters. Raises InvalidParameter for more than MOST_LABELS."""
    wanted = filtering.labels(filters.get("label", ()))
    if len(wanted) > MOST_LABELS:
        raise InvalidParameter(f"invalid filter 'label': more than {MOST_LABELS} labels cannot be asked for at once")
    for key, value in wanted:
        yield conditions.labelled(key, value)
