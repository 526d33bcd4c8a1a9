"""The kinds of error a caller can see. A kind says what the caller may do about it; it knows no status codes.

StateError
├── InvalidParameter     the request itself is wrong: change it
├── NotFound             what it names does not exist
├── Gone                 what it names was there once, and is kept no longer
├── Conflict             the state forbids it now: a change of state could clear it
│   └── NameConflict     another container holds the name
├── Forbidden            what it names may not be treated so
├── NotModified          the state is already as asked
├── PreconditionFailed   the state changed since the caller looked
├── TooLarge             the request is larger than the service accepts
├── NotOffered           the service does not do this, and says what does
├── Damaged              what is stored of it cannot be read: repair or remove it
└── Unavailable          the service cannot do it now: try again later

Anything else that is raised is a bug in statesvc.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a request: a stable code, a JSON pointer, a sentence, and a value if no secret."""

    code: str
    field: str
    message: str
    value: object = None


def pointer(*steps: object) -> str:
    """Return the JSON pointer that leads by these keys and indexes (RFC 6901)."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)


class StateError(Exception):
    """An error that its caller can understand and act on. Its text is one sentence for a person.

    `problems` lists the rules that were broken, in the order of the message; empty where no rule was.
    """

    def __init__(self, message: str, problems: tuple[Problem, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.problems = problems


class InvalidParameter(StateError):
    """The request is wrong."""


class NotFound(StateError):
    """What the request names does not exist."""


class Gone(StateError):
    """What the request asks for is not kept any more; `oldest` is the first event that is."""

    def __init__(self, message: str, oldest: int) -> None:
        super().__init__(message)
        self.oldest = oldest


class Conflict(StateError):
    """The present state forbids the change."""


class NameConflict(Conflict):
    """Another container holds the name."""

    def __init__(self, name: str, owner_id: str, *, doing: str = "") -> None:
        # Docker's clients and docker-compose look for this form.
        super().__init__(
            f'{doing}Conflict. The container name "/{name}" is already in use by container "{owner_id}". '
            "You have to remove (or rename) that container to be able to reuse that name."
        )
        self.name = name
        self.owner_id = owner_id


class Forbidden(StateError):
    """What the request names may not be treated so."""


class NotModified(StateError):
    """The state is already what the request asks for."""


class PreconditionFailed(StateError):
    """The object changed since the caller read it."""


class TooLarge(StateError):
    """The request is larger than the service accepts."""


class NotOffered(StateError):
    """The service does not do this; the message says what does."""


class Damaged(StateError):
    """What is stored of this object cannot be read. Again is no use: it must be repaired, or removed."""


class Unavailable(StateError):
    """The service cannot do this now, for a reason outside the request. Nothing was changed."""
