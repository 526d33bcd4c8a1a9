"""The kinds of error that the service answers with: api/errors.py, the other way round."""

from collections.abc import Mapping
from typing import Any

from statesvc import errors

KINDS: dict[int, type[errors.StateError]] = {
    304: errors.NotModified,
    400: errors.InvalidParameter,
    403: errors.Forbidden,
    404: errors.NotFound,
    409: errors.Conflict,
    412: errors.PreconditionFailed,
    413: errors.TooLarge,
    500: errors.Damaged,
    501: errors.NotOffered,
    503: errors.Unavailable,
}


def error_of(status: int, body: Mapping[str, Any], otherwise: str = "") -> errors.StateError:
    """Return the error that a status and a body stand for; its sentence is `otherwise` if the body has none."""
    message = str(body.get("message") or otherwise)
    if status == 410:
        return errors.Gone(message, int(body.get("oldest", 0)))
    return KINDS.get(status, errors.StateError)(message, tuple(map(_problem, body.get("errors", ()))))


def streamed_error(body: Mapping[str, Any]) -> errors.StateError:
    """Return the error at the end of a stream. There is no status then: only Gone is recognized, by its body."""
    return error_of(410 if "oldest" in body else 0, body)


def _problem(body: Mapping[str, Any]) -> errors.Problem:
    return errors.Problem(body["code"], body["field"], body["message"], body.get("value"))
