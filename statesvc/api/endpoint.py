"""The documentation of an endpoint of the service's own API, from which docs/api.md is made."""

from collections.abc import Mapping
from dataclasses import dataclass, field

# Stands in an example for what is left out.
MORE = "…"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The documentation of a route: what it is for, what it takes, an example of its answer, and its errors.

    `body` and `answer` are examples, whose keys and types a test compares with real requests and answers; `query` and
    `errors` map parameters and status codes to what they mean. With `lines`, the answer is one
    object a line; without an `answer` it is 204.
    """

    purpose: str
    answer: Mapping[str, object] | None
    query: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, object] | None = None
    errors: Mapping[int, str] = field(default_factory=dict)
    lines: bool = False
