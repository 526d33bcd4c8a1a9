"""One request, as the handlers see it."""

import re
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import ParamSpec, Protocol, TypeVar
from urllib.parse import unquote_to_bytes

from statesvc.api.wire.request import Request
from statesvc.domain.api_version import Version
from statesvc.domain.go.values import atoi, parse_uint
from statesvc.domain.limits import LIMITS
from statesvc.errors import InvalidParameter, Problem

P = ParamSpec("P")
T = TypeVar("T")

_FALSE = frozenset({"", "0", "no", "false", "none"})
_LONG = frozenset({"filters", "changes"})
_WORD = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_MEDIA_TYPE = re.compile(rf"\s*({_WORD}(?:/{_WORD})?)\s*")
_PARAMETER = re.compile(rf'\s*;\s*({_WORD}\s*=\s*(?:{_WORD}|"(?:[^"\\]|\\.)*"))?\s*')
_BAD_ESCAPE = re.compile(r"%(?![0-9a-fA-F]{2})(.{0,2})")


class Threads(Protocol):
    """Threads for what takes long, such as to decode a large body."""

    async def run(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do the work in a thread; return what it returns."""


@dataclass(slots=True)
class Call:
    """A request: `name` is the part of the path that the route leaves open, `query` the first value of each key."""

    request: Request
    version: Version
    name: str
    query: dict[str, str]
    threads: Threads

    def flag(self, key: str) -> bool:
        """Read a query value as Docker reads a boolean: false for a few words, true for anything else."""
        return self.query.get(key, "").strip().lower() not in _FALSE

    def text(self, key: str) -> str:
        """Return a query value, empty if it is not given."""
        return self.query.get(key, "")

    def integer(self, key: str) -> int:
        """Return a query value as Go's Atoi reads it. Raises InvalidParameter in Go's words, as Docker does."""
        try:
            return atoi(self.text(key))
        except ValueError as error:
            raise InvalidParameter(str(error)) from None

    def number(self, key: str) -> int:
        """Return a query value that is 0 or more. Raises InvalidParameter, with the problem of the field, otherwise."""
        text = self.text(key)
        try:
            return parse_uint(text, 63)
        except ValueError:
            message = f"{key} is {text[:50]!r}: it must be a number, 0 or more"
            raise InvalidParameter(message, (Problem("number", f"/{key}", message, text[:50]),)) from None

    def values(self, key: str) -> list[str]:
        """Return every value of a query key, in order."""
        return [value for name, value in _pairs(self.request.head.target.query) if name == key]

    def header(self, name: str) -> str | None:
        """Return the first value of a header by its lower-case name."""
        return self.request.head.header(name)

    def header_lines(self, name: str) -> list[str]:
        """Return every value of a header by its lower-case name, in order."""
        return self.request.head.headers.get(name, [])

    @property
    def body_size(self) -> int | None:
        """The length of the body, None if it comes in chunks."""
        return self.request.head.length

    async def json_body(self) -> bytes:
        """Read the whole body of a request that must be JSON.

        Raises InvalidParameter for another type, TooLarge above the limit, Refusal if the body is not whole.
        """
        content_type = self.header("content-type") or ""
        if not content_type and not self.request.head.has_body:
            return b""
        check_json_type(content_type)
        return await self.request.body.whole(LIMITS.json_bytes)

    def stream(self) -> AsyncGenerator[bytes, None]:
        """Yield the body as it comes in. Raises Refusal if it breaks off, or is malformed."""
        return self.request.body.parts()


def check_json_type(header: str) -> None:
    """Accept a Content-Type of JSON, as Go's mime.ParseMediaType reads it. Raises InvalidParameter otherwise."""
    match = _MEDIA_TYPE.match(header)
    if match is None:
        raise InvalidParameter(f"malformed Content-Type header ({header}): mime: no media type")
    at = match.end()
    while at < len(header):
        parameter = _PARAMETER.match(header, at)
        if parameter is None or (parameter[1] is None and parameter.end() < len(header)):
            what = "invalid media parameter" if header[at] == ";" else "unexpected content after media subtype"
            raise InvalidParameter(f"malformed Content-Type header ({header}): mime: {what}")
        at = parameter.end()
    if match[1].lower() != "application/json":
        raise InvalidParameter(f"unsupported Content-Type header ({header}): must be 'application/json'")


def parse_query(raw: str) -> dict[str, str]:
    """Return the first value of each key.

    Raises InvalidParameter for what Go's url.ParseQuery refuses, and for more values than are looked at.
    """
    values: dict[str, str] = {}
    if raw:
        for key, value in _pairs(raw):
            values.setdefault(key, value)
        if len(raw) > LIMITS.query_value_bytes:
            _check_lengths(values)
    return values


def _check_lengths(values: Mapping[str, str]) -> None:
    """Refuse a long value where a word or a name is meant: what looks at it may take a while, on the event loop."""
    most = LIMITS.query_value_bytes
    for key, value in values.items():
        if len(value) > most and key not in _LONG:
            raise InvalidParameter(
                f"{key[:50]} in the query of the URL has {len(value):,} characters: at most {most:,}"
            )


def _pairs(raw: str) -> Iterator[tuple[str, str]]:
    if raw.count("&") >= LIMITS.query_values:
        raise InvalidParameter(f"the query of the URL has more than {LIMITS.query_values:,} values")
    for pair in raw.split("&"):
        if ";" in pair:
            raise InvalidParameter("invalid semicolon separator in query")
        bad = _BAD_ESCAPE.search(pair)
        if bad:
            raise InvalidParameter(f'invalid URL escape "%{bad[1]}"')
        if pair:
            key, _, value = pair.partition("=")
            yield _unquoted(key), _unquoted(value)


def _unquoted(text: str) -> str:
    return unquote_to_bytes(text.replace("+", " ").encode("latin-1")).decode("utf-8", "replace")
