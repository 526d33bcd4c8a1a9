"""The `filters` parameter of Docker's lists: a JSON object of keys, each with the values that it may have."""

import json
from collections.abc import Mapping

from statesvc.errors import InvalidParameter

Filters = Mapping[str, tuple[str, ...]]


def parse(text: str, accepted: frozenset[str] | None = None) -> Filters:
    """Return the filters. Raises InvalidParameter for other forms and, where some are named, for keys not accepted.

    Both forms of Docker are read: `{"label": ["a"]}` and the older `{"label": {"a": true}}`.
    """
    if not text:
        return {}
    try:
        written = json.loads(text)
    except (ValueError, RecursionError):
        raise InvalidParameter(f"invalid filter: {text[:100]!r} is not JSON") from None
    if written is None:
        return {}
    if not isinstance(written, dict):
        raise InvalidParameter("invalid filter: the filters must be a JSON object")
    for key in written:
        if accepted is not None and key not in accepted:
            raise InvalidParameter(f"invalid filter '{key}'")
    return {key: _values(key, value) for key, value in written.items()}


def _values(key: str, value: object) -> tuple[str, ...]:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(value)
    if isinstance(value, dict) and all(isinstance(chosen, bool) for chosen in value.values()):
        return tuple(item for item, chosen in value.items() if chosen)
    if value is None:
        return ()
    raise InvalidParameter(f"invalid filter '{key}': its values must be a list of strings")
