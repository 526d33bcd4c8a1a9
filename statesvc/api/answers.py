"""Answers in the forms that Docker gives them."""

import orjson
from starlette.responses import Response

JSON = "application/json"


def raw_json(body: bytes, status: int = 200) -> Response:
    """Answer with JSON that is already rendered."""
    return Response(body, status, media_type=JSON)


def json_answer(value: object, status: int = 200) -> Response:
    """Answer with a value as JSON."""
    return Response(orjson.dumps(value, default=str), status, media_type=JSON)


def no_content() -> Response:
    """Answer that it is done, and that there is nothing to say."""
    return Response(status_code=204)
