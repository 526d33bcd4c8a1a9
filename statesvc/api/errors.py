"""Errors as answers: the only place that maps kinds of error to status codes."""

from dataclasses import asdict

import structlog

from statesvc import errors
from statesvc.api.wire.answer import Answer
from statesvc.api.wire.answers import json_answer, typed

STATUS: dict[type[errors.StateError], int] = {
    errors.InvalidParameter: 400,
    errors.Forbidden: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.Gone: 410,
    errors.NotModified: 304,
    errors.PreconditionFailed: 412,
    errors.TooLarge: 413,
    # As Docker answers for what it cannot read: after 503 clients would try again, after 404 look for something else.
    errors.Damaged: 500,
    errors.NotOffered: 501,
    errors.Unavailable: 503,
    errors.Unsure: 503,
}

_READING = {"GET", "HEAD", "OPTIONS"}

log = structlog.get_logger(__name__)


def status_of(kind: type[errors.StateError]) -> int:
    """Return the status of a kind of error: its own, or that of the nearest kind above it."""
    return next(STATUS[above] for above in kind.__mro__ if above in STATUS)


def answer_error(error: errors.StateError) -> Answer:
    """Answer with Docker's error body, and with every problem where the error lists some."""
    status = status_of(type(error))
    if status == 304:
        return Answer(304)
    if isinstance(error, errors.TooOld):  # such clients show the body as it comes
        return typed(f"{error.message}\n".encode(), "text/plain; charset=utf-8", status)
    answer = json_answer(error_body(error), status)
    if isinstance(error, errors.Unavailable) and error.retry_seconds is not None:
        answer.add("Retry-After", str(error.retry_seconds))
    return answer


def error_body(error: errors.StateError) -> dict[str, object]:
    """Return Docker's error body, with the additions of this API: every problem, the oldest event, damage, or doubt."""
    body: dict[str, object] = {"message": error.message}
    if error.problems:
        body["errors"] = [asdict(problem) for problem in error.problems]
    if isinstance(error, errors.Gone):
        body["oldest"] = error.oldest
    if isinstance(error, errors.Damaged):
        body["damaged"] = True
    if isinstance(error, errors.Unsure):
        body["unsure"] = True
    return body


def answer_bug(error: Exception, method: str, path: str) -> Answer:
    """Answer 500 for a bug. The log has the trace; the client gets no detail."""
    log.error("request failed with a bug", method=method, path=path, exc_info=error)
    body: dict[str, object] = {"message": "statesvc failed because of a bug; its log has the details"}
    if method not in _READING:
        body = {"message": f"{body['message']}; {errors.UNSURE}", "unsure": True}
    return json_answer(body, 500)


def answer_unknown_page() -> Answer:
    """Answer for a path or a method that does not exist, as Docker does."""
    return json_answer({"message": "page not found"}, 404)
