"""The `filters` parameter of Docker's lists: a JSON object of keys, each with the values that it may have."""

from collections.abc import Mapping

from statesvc.domain.go.text import loads, replace_surrogates
from statesvc.domain.limits import LIMITS
from statesvc.errors import InvalidParameter

Filters = Mapping[str, tuple[str, ...]]

_FLAGS = frozenset({"dangling", "is-task", "is-automated", "is-official"})
_WORDS = {"0": False, "false": False, "1": True, "true": True}


def parse(text: str, accepted: frozenset[str] | None = None) -> Filters:
    """Return the filters. Raises InvalidParameter for other forms, for more values than are looked at and, where some
    keys are named, for those not accepted.

    Both forms of Docker are read, but not mixed: `{"label": ["a"]}` and the older `{"label": {"a": true}}`. Of the
    older one every key counts, as it does in Docker, whatever its value (moby api/types/filters FromJSON); but of a
    boolean filter only what is true.
    """
    if not text:
        return {}
    try:
        written = loads(replace_surrogates(text))
    except (ValueError, RecursionError):
        raise InvalidParameter(f"invalid filter: {text[:100]!r} is not JSON") from None
    if written is None:
        return {}
    if not isinstance(written, dict):
        raise InvalidParameter("invalid filter: the filters must be a JSON object")
    for key in written:
        if accepted is not None and key not in accepted:
            raise InvalidParameter(f"invalid filter '{key}'")
    if {list, dict} <= {type(value) for value in written.values()}:
        raise InvalidParameter("invalid filter: lists and objects of values cannot be mixed")
    wanted = {key: _values(key, value) for key, value in written.items()}
    if sum(map(len, wanted.values())) + len(wanted) > LIMITS.filter_values:
        raise InvalidParameter(f"invalid filter: the filters have more than {LIMITS.filter_values:,} keys and values")
    return wanted


def flag(filters: Filters, key: str) -> bool | None:
    """Return the value of a boolean filter, None if it is not there.

    Raises InvalidParameter for any other word, and for both at once (moby GetBoolOrDefault).
    """
    if key not in filters:
        return None
    flags = {_WORDS[value] for value in filters[key] if value in _WORDS}
    if len(flags) != 1:
        shown = f"=[{' '.join(sorted(filters[key]))}]" if filters[key] else ""
        raise InvalidParameter(f"invalid filter '{key}{shown}'")
    return flags.pop()


def labels(wanted: tuple[str, ...]) -> tuple[tuple[str, str | None], ...]:
    """Return the labels that are asked for: key and value, None for any value."""
    split = (label.partition("=") for label in wanted)
    return tuple(dict.fromkeys((key, value if equals else None) for key, equals, value in split))


def has_labels(labelled: Mapping[str, str], wanted: tuple[str, ...]) -> bool:
    """Return whether every label that is asked for is there (moby MatchKVList)."""
    return all(key in labelled and value in {None, labelled[key]} for key, value in labels(wanted))


def _values(key: str, value: object) -> tuple[str, ...]:
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return tuple(dict.fromkeys(value))
    if isinstance(value, dict) and all(isinstance(chosen, bool) for chosen in value.values()):
        return tuple(word for word, chosen in value.items() if chosen or key not in _FLAGS)
    if value is None:
        return ()
    raise InvalidParameter(f"invalid filter '{key}': its values must be a list of strings")
