"""Answers: JSON, other content, a stream, the connection itself, or no content."""

from collections.abc import Awaitable, Callable
from functools import lru_cache

import orjson

from statesvc.api.wire.answer import Answer, Hijack, Parts, Taken

JSON = "application/json"
_JSON_LINE = f"Content-Type: {JSON}\r\n".encode()


def raw_json(body: bytes, status: int = 200) -> Answer:
    """Answer with JSON that is already rendered."""
    return Answer(status, body, _JSON_LINE)


def json_answer(value: object, status: int = 200) -> Answer:
    """Answer with a value as JSON."""
    return raw_json(orjson.dumps(value), status)


def typed(body: bytes, media_type: str, status: int = 200) -> Answer:
    """Answer with a body of another type."""
    return Answer(status, body, _type_line(media_type))


def stream(parts: Parts, media_type: str, *, is_list: bool = False) -> Answer:
    """Answer with parts as they are yielded. The generator is closed when the client goes away.

    A list has its time, after which its connection is cut off.
    """
    return Answer(200, parts, _type_line(media_type), is_list=is_list)


def hijack(run: Callable[[Taken], Awaitable[None]], media_type: str) -> Answer:
    """Answer by handing the connection over: 101 if an upgrade was asked for, 200 otherwise, then raw bytes."""
    return Answer(200, Hijack(run, media_type))


def no_content() -> Answer:
    """Answer 204."""
    return Answer(204)


@lru_cache(64)
def _type_line(media_type: str) -> bytes:
    return f"Content-Type: {media_type}\r\n".encode()
