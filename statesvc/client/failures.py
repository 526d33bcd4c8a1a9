"""The kinds of error that the service answers with: api/errors.py, the other way round."""

from collections.abc import Iterator, Mapping

from statesvc import errors

KINDS: dict[int, type[errors.StateError]] = {
    304: errors.NotModified,
    400: errors.InvalidParameter,
    403: errors.Forbidden,
    404: errors.NotFound,
    409: errors.Conflict,
    412: errors.PreconditionFailed,
    413: errors.TooLarge,
    501: errors.NotOffered,
    503: errors.Unavailable,
}


def error_of(status: int, body: object, otherwise: str = "") -> errors.StateError:
    """Return the error that a status and a body stand for; its sentence is `otherwise` if the body has none.

    The body may be anything: what answers on the socket need not be the service.
    """
    fields = body if isinstance(body, Mapping) else {}
    message = str(fields.get("message") or otherwise)
    oldest = fields.get("oldest")
    if status == 410:
        return errors.Gone(message, oldest if isinstance(oldest, int) else 0)
    # A bug in the service answers 500, too.
    kind = errors.Damaged if fields.get("damaged") is True else KINDS.get(status, errors.StateError)
    if fields.get("unsure") is True:
        kind = errors.Unsure
    return kind(message, tuple(_problems(fields.get("errors"))))


def streamed_error(body: object) -> errors.StateError:
    """Return the error at the end of a stream. There is no status then: only Gone is recognized, by its body."""
    return error_of(410 if isinstance(body, Mapping) and "oldest" in body else 0, body, str(body))


def _problems(listed: object) -> Iterator[errors.Problem]:
    for problem in listed if isinstance(listed, list) else ():
        if isinstance(problem, dict) and all(
            isinstance(problem.get(name), str) for name in ("code", "field", "message")
        ):
            yield errors.Problem(problem["code"], problem["field"], problem["message"], problem.get("value"))
