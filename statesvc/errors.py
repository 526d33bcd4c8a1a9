"""The kinds of error that a caller can see. A kind determines what the caller can do; it has no status code.

StateError
├── InvalidParameter     the request is wrong: correct it
├── NotFound             the object does not exist
├── Gone                 the data existed once, but was removed
├── Conflict             the present state forbids the change; another state may allow it
│   └── NameConflict     another container holds the name
├── Forbidden            the object never allows this operation
├── NotModified          the object already is in the requested state
├── PreconditionFailed   the object changed since the caller read it
├── TooLarge             the request is larger than the service accepts
├── NotOffered           the service does not support this operation
├── Damaged              the stored object cannot be read: repair or remove it
└── Unavailable          the service cannot do it now, and changed nothing: try again later
    └── Unsure           whether the change was made is not known: look before you repeat it

Anything else that is raised is a bug in statesvc.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem of a request: a stable code, a JSON pointer, a sentence, and the value unless it is a secret."""

    code: str
    field: str
    message: str
    value: object = None


def pointer(*steps: object) -> str:
    """Return the JSON pointer that leads by these keys and indexes (RFC 6901)."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)


class StateError(Exception):
    """An error that the caller can understand and act on. `message` is a sentence for a person.

    `problems` lists the broken validation rules in the order of the message; empty for other errors.
    """

    def __init__(self, message: str, problems: tuple[Problem, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.problems = problems


class InvalidParameter(StateError):
    """The request is wrong."""


class TooOld(InvalidParameter):
    """The client speaks a version of the API that is not spoken any more."""


class NotFound(StateError):
    """The object that the request names does not exist."""


class Gone(StateError):
    """The requested events were removed; `oldest` is the first event that the journal still has."""

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
    """The object does not allow this operation in any state."""


class NotModified(StateError):
    """The object already is in the requested state."""


class PreconditionFailed(StateError):
    """The object changed since the caller read it."""


class TooLarge(StateError):
    """The request is larger than the service accepts."""


class NotOffered(StateError):
    """The service does not support this operation; the message names the reason."""


class Damaged(StateError):
    """The stored object cannot be read. A retry does not help: it must be repaired or removed."""


class Unavailable(StateError):
    """The service cannot do this now, for a reason outside the request, and changed nothing.

    `retry_seconds` is when it may be possible again, None if that depends on somebody who mends something.
    """

    def __init__(self, message: str, problems: tuple[Problem, ...] = (), *, retry_seconds: int | None = None) -> None:
        super().__init__(message, problems)
        self.retry_seconds = retry_seconds


NOTHING_CHANGED = "nothing was changed"
UNSURE = "look whether it was done before you repeat it: that is unsure"
"""What the message of every answer says which neither acknowledges a change nor denies it."""


class Unsure(Unavailable):
    """Whether the change was made, or how much of it, is not known."""


def partly(error: Unavailable, done: str) -> Unsure:
    """Return the error for several changes of which one fails after others are committed; `done` says what is done."""
    return Unsure(f"{error.message.removesuffix(f'; {NOTHING_CHANGED}')}; {done} before; {UNSURE}")
