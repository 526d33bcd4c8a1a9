"""From bytes to the head of a request, by the rules of Go's net/http server: pure, one head at a time."""

import re
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from statesvc.api.wire.refusal import Refusal, malformed
from statesvc.api.wire.target import Target, parse_target

Headers = dict[str, list[str]]

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_CONTROL = re.compile(r"[\x00-\x20\x7f]")
_BAD_IN_VALUE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")  # a line feed cannot be in one
_HOST = re.compile(r"[!$%&'()*+,\-./0-9:;=@A-Z\[\]_a-z~]*")
_LENGTH = re.compile(r"\d+", re.ASCII)
_MOST = 2**63 - 1
_NAMES: dict[str, str] = {}
_NAMES_KEPT = 1_000


@dataclass(slots=True)
class Head:
    """The head of a request: header names are in lower case, values Latin-1, in order.

    `length` is the number of bytes of the body, None if it comes in chunks. `keeps` says whether the connection may go
    on after the answer, `is_old` that the client speaks HTTP/1.0.
    """

    method: str
    target: Target
    headers: Headers
    is_old: bool
    keeps: bool
    length: int | None

    def header(self, name: str) -> str | None:
        """Return the first value of a header by its lower-case name."""
        values = self.headers.get(name)
        return values[0] if values else None

    @property
    def has_body(self) -> bool:
        """Whether bytes follow the head that belong to it."""
        return self.length != 0


def end_of_head(buffer: bytearray, begin: int) -> int:
    """Return where the first head in the buffer ends, behind its empty line, or 0 while that is not there yet.

    Nothing before `begin` is looked at: there was no end in it when it was all there was.
    """
    begin = max(0, begin - 2)
    crlf = buffer.find(b"\n\r\n", begin)
    bare = buffer.find(b"\n\n", begin) if crlf < 0 else buffer.find(b"\n\n", begin, crlf + 1)
    if bare >= 0:
        return bare + 2
    return crlf + 3 if crlf >= 0 else 0


def parse_head(raw: bytes | bytearray, header_lines: int) -> Head:
    """Read a whole head, its empty line included. Raises Refusal for what Go's server refuses."""
    text = raw.decode("latin-1")
    lines = text.split("\n")
    if len(lines) - 3 > header_lines:
        raise Refusal(431, f"the request has more than {header_lines} header lines")
    method, target, version = parse_request_line(lines[0])
    # Behind the last line feed there is nothing, and before it the empty line.
    headers = parse_fields(lines[1:-2])
    if version[5] != "1":
        raise Refusal(505, f"{version} is not spoken here: HTTP/1.1 is")
    is_old = version == "HTTP/1.0"
    _check_host(headers.get("host"), is_needed=not is_old and method != "CONNECT")
    return Head(method, target, headers, is_old, _keeps(headers, is_old=is_old), _length(headers, is_old=is_old))


def parse_request_line(line: str) -> tuple[str, Target, str]:
    """Return method, target and version of a request line without its line feed. Raises Refusal."""
    method, has_method, rest = line.removesuffix("\r").partition(" ")
    raw, has_target, version = rest.partition(" ")
    if not has_method or not has_target or not is_token(method):
        raise malformed("it does not begin with method, target and version")
    if version not in {"HTTP/1.1", "HTTP/1.0"} and re.fullmatch(r"HTTP/[0-9]\.[0-9]", version) is None:
        raise malformed("its version is none")
    if not raw or _CONTROL.search(raw):
        raise malformed("its target is empty or has control characters")
    return method, parse_target(method, raw), version


def parse_fields(lines: list[str]) -> Headers:
    """Read header lines, each without its line feed. Raises Refusal for a line that is none."""
    headers: Headers = {}
    last: list[str] | None = None
    folds: list[_Fold] = []
    for line in lines:
        name, colon, value = line.partition(":")
        known = _NAMES.get(name)
        if known is None or not colon:
            if line[:1] in {" ", "\t"}:
                folds.append(_fold(last, line))
                continue
            known = _checked_name(name, colon)
        value = value.strip(" \t") if not value.endswith("\r") else value[:-1].strip(" \t")
        if _BAD_IN_VALUE.search(value):
            raise malformed("a header has control characters in its value")
        last = headers.get(known)
        if last is None:
            last = headers[known] = [value]
        else:
            last.append(value)
    if folds:
        _unfold(folds)
    headers.pop("", None)  # Go skips them
    return headers


def _checked_name(name: str, colon: str) -> str:
    if not colon:
        raise malformed("a header line has no colon")
    if name and not is_token(name):
        raise malformed("a header has a name that is none")
    if len(_NAMES) >= _NAMES_KEPT:
        _NAMES.clear()
    _NAMES[name] = name.lower()
    return _NAMES[name]


class _Fold(NamedTuple):
    """A line that begins with a blank: it goes on with this one of the values of a header."""

    values: list[str]
    at: int
    text: str


def _fold(values: list[str] | None, line: str) -> _Fold:
    if values is None:
        raise malformed("its first header line begins with a blank")
    text = line.removesuffix("\r").strip(" \t")
    if _BAD_IN_VALUE.search(text):
        raise malformed("a header has control characters in its value")
    return _Fold(values, len(values) - 1, text)


def _unfold(folds: list[_Fold]) -> None:
    """Join each value with all lines that go on with it, at once: line by line, thousands would take a second."""
    for (_, at), lines in groupby(folds, key=lambda fold: (id(fold.values), fold.at)):
        first, *rest = lines
        first.values[at] = " ".join((first.values[at], first.text, *(line.text for line in rest)))


def _check_host(hosts: list[str] | None, *, is_needed: bool) -> None:
    if hosts is None:
        if is_needed:
            raise malformed("it has no Host header")
    elif len(hosts) > 1 or _HOST.fullmatch(hosts[0]) is None:
        raise malformed("its Host header is none")


def is_token(text: str) -> bool:
    """Return whether a text can be a method or the name of a header."""
    return _TOKEN.fullmatch(text) is not None


def has_token(values: list[str] | None, token: str) -> bool:
    """Return whether one of the comma-separated words of a header is this one, whatever its case."""
    if not values:
        return False
    return any(word.strip(" \t").lower() == token for value in values for word in value.split(","))


def _keeps(headers: Headers, *, is_old: bool) -> bool:
    connection = headers.get("connection")
    if connection is None:
        return not is_old
    if has_token(connection, "close"):
        return False
    return not is_old or has_token(connection, "keep-alive")


def _length(headers: Headers, *, is_old: bool) -> int | None:
    """Return the length of the body, None for chunks. Raises Refusal unless it is certain."""
    length = 0
    if values := headers.get("content-length"):
        if len(set(values)) > 1 or _LENGTH.fullmatch(values[0]) is None or len(values[0].lstrip("0")) > 19:
            raise malformed("its Content-Length is none")
        length = int(values[0].lstrip("0") or "0")  # Python refuses to read thousands of digits
        if length > _MOST:
            raise malformed("its Content-Length is none")
    encodings = headers.get("transfer-encoding")
    if encodings is None or is_old:  # whoever speaks 1.0 does not know the header
        return length
    if len(encodings) > 1 or encodings[0].lower() != "chunked":
        raise Refusal(501, f"the transfer encoding {', '.join(encodings)[:50]!r} is not spoken here: chunked is")
    if any(has_token(headers.get("trailer"), name) for name in ("content-length", "transfer-encoding", "trailer")):
        raise malformed("its Trailer announces what cannot be one")
    headers.pop("content-length", None)
    return None
