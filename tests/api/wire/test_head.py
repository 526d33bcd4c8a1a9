"""Heads of requests, read as Go's server reads them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statesvc.api.wire.head import Head, end_of_head, parse_head
from statesvc.api.wire.refusal import Refusal

LINES = 100
BLANKS = st.text(" \t", max_size=3)
LINE_ENDS = st.sampled_from(["\r\n", "\n"])
NAMES = st.from_regex(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,12}", fullmatch=True)
VALUES = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=20)
FRAMING = {"host", "connection", "content-length", "transfer-encoding", "trailer"}


def parsed(raw: bytes) -> Head:
    return parse_head(raw, LINES)


def refused(raw: bytes) -> int:
    with pytest.raises(Refusal) as raised:
        parsed(raw)
    assert raised.value.message
    return raised.value.status


def outcome(raw: bytes) -> int:
    """Return 0 for a head that is read, the status for one that is refused."""
    try:
        parsed(raw)
    except Refusal as refusal:
        return refusal.status
    return 0


def lines(*lines: str) -> bytes:
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode("latin-1")


@st.composite
def heads(draw: st.DrawFn) -> tuple[bytes, dict[str, list[str]]]:
    """A head with odd line ends, blanks and continued lines, and what it says."""
    text = "GET /x HTTP/1.1" + draw(LINE_ENDS) + "Host: x" + draw(LINE_ENDS)
    said: dict[str, list[str]] = {"host": ["x"]}
    for name in draw(st.lists(NAMES.filter(lambda name: name.lower() not in FRAMING), max_size=6)):
        parts = [draw(VALUES).strip(" \t") for _ in range(draw(st.integers(1, 3)))]
        text += f"{name}:{draw(BLANKS)}{parts[0]}{draw(BLANKS)}{draw(LINE_ENDS)}"
        for part in parts[1:]:
            text += draw(st.sampled_from(" \t")) + f"{draw(BLANKS)}{part}{draw(BLANKS)}{draw(LINE_ENDS)}"
        said.setdefault(name.lower(), []).append(" ".join(parts))
    return (text + draw(LINE_ENDS)).encode("latin-1"), said


@given(heads())
def test_any_valid_head_is_read_as_it_is_meant(head: tuple[bytes, dict[str, list[str]]]) -> None:
    raw, said = head
    assert parsed(raw).headers == said


def test_many_lines_go_on_with_one_value() -> None:
    raw = lines("GET / HTTP/1.1", "Host: x", "A: 0", *(f" {number}" for number in range(1, 5)), "A: 5", "\t6", "B: 7")
    assert parsed(raw).headers == {"host": ["x"], "a": ["0 1 2 3 4", "5 6"], "b": ["7"]}


@given(heads(), st.binary(max_size=20), st.data())
def test_the_end_of_a_head_is_found_however_it_comes_in(
    head: tuple[bytes, dict[str, list[str]]], behind: bytes, data: st.DataObject
) -> None:
    raw, _ = head
    at = data.draw(st.integers(0, len(raw) - 1))
    buffer = bytearray(raw[:at])
    assert end_of_head(buffer, 0) == 0
    buffer += raw[at:] + behind
    assert end_of_head(buffer, at) == len(raw)


@given(st.binary(max_size=200))
def test_any_bytes_are_a_head_or_refused(raw: bytes) -> None:
    buffer = bytearray(b"GET / HTTP/1.1\r\nHost: x\r\n" + raw + b"\r\n\r\n")
    assert outcome(bytes(buffer[: end_of_head(buffer, 0)])) in {0, 400, 431, 501, 505}


@given(st.binary(max_size=60))
def test_any_first_line_is_read_or_refused(raw: bytes) -> None:
    buffer = bytearray(raw + b"\r\nHost: x\r\n\r\n")
    assert outcome(bytes(buffer[: end_of_head(buffer, 0)])) in {0, 400, 431, 501, 505}


@pytest.mark.parametrize(
    "line",
    [
        "", "GET", "GET /", "GET / ", "GET  HTTP/1.1", " / HTTP/1.1", "G(T / HTTP/1.1", "GET / HTTP/1.1 ",
        "GET / http/1.1", "GET / HTTP/1.10", "GET / HTTP/11", "GET / HTTP/x.1", "GET /a b HTTP/1.1",
        "GET /\tb HTTP/1.1", "GET /\x00 HTTP/1.1", "GET /\x7f HTTP/1.1", "GET x HTTP/1.1", "GET ?x HTTP/1.1",
        "GET :x HTTP/1.1", "GET 1x:/ HTTP/1.1", "GET /%zz HTTP/1.1", "GET http://x:port/ HTTP/1.1",
        "GET http://a b/ HTTP/1.1",
    ],
)  # fmt: skip
def test_a_first_line_that_is_none_is_refused(line: str) -> None:
    assert refused(lines(line, "Host: x")) == 400


@pytest.mark.parametrize("version", ["HTTP/0.9", "HTTP/2.0", "HTTP/3.0", "HTTP/9.9"])
def test_another_version_is_named_so(version: str) -> None:
    assert refused(lines(f"GET / {version}", "Host: x")) == 505


@pytest.mark.parametrize(
    "line",
    [
        "no colon", "X : 1", "X Y: 1", "X\x00: 1", "\xe9: 1", "X: a\x00b", "X: a\x01b", "X: a\rb", "X: a\x7fb",
        "X: a\r", "Host: y", "Content-Length: -1", "Content-Length: +1", "Content-Length: x", "Content-Length: 1, 1",
        "Content-Length:", "Content-Length: 9223372036854775808", f"Content-Length: {'9' * 5000}",
    ],
)  # fmt: skip
def test_a_header_that_is_none_is_refused(line: str) -> None:
    assert refused(lines("GET / HTTP/1.1", "Host: x", line)) == 400


def test_a_first_header_that_begins_with_a_blank_is_refused() -> None:
    assert refused(lines("GET / HTTP/1.1", " X: 1", "Host: x")) == 400


def test_lengths_that_differ_are_refused_and_equal_ones_are_one() -> None:
    assert refused(lines("GET / HTTP/1.1", "Host: x", "Content-Length: 1", "Content-Length: 2")) == 400
    assert parsed(lines("GET / HTTP/1.1", "Host: x", "Content-Length: 2", "Content-Length:  2 ")).length == 2


@pytest.mark.parametrize("value", ["gzip", "gzip, chunked", "chunked, chunked", "identity", ""])
def test_a_transfer_encoding_that_is_not_chunked_is_not_offered(value: str) -> None:
    assert refused(lines("POST / HTTP/1.1", "Host: x", f"Transfer-Encoding: {value}")) == 501


def test_two_transfer_encodings_are_not_offered() -> None:
    assert refused(lines("POST / HTTP/1.1", "Host: x", *["Transfer-Encoding: chunked"] * 2)) == 501


def test_chunks_win_over_a_length() -> None:
    head = parsed(lines("POST / HTTP/1.1", "Host: x", "Content-Length: 2", "Transfer-Encoding: CHUNKED"))
    assert head.length is None
    assert "content-length" not in head.headers


def test_http_1_0_knows_no_transfer_encoding_and_needs_no_host() -> None:
    head = parsed(lines("POST / HTTP/1.0", "Transfer-Encoding: chunked", "Content-Length: 2"))
    assert (head.length, head.is_old) == (2, True)
    assert refused(lines("GET / HTTP/1.1")) == 400


@pytest.mark.parametrize("name", ["Content-Length", "transfer-encoding", "Trailer"])
def test_a_trailer_that_would_change_the_framing_is_refused(name: str) -> None:
    assert refused(lines("POST / HTTP/1.1", "Host: x", "Transfer-Encoding: chunked", f"Trailer: a, {name}")) == 400


@pytest.mark.parametrize("host", ["a b", "\xe9", "a\tb", "<x>"])
def test_a_host_that_is_none_is_refused(host: str) -> None:
    assert refused(lines("GET / HTTP/1.1", f"Host: {host}")) == 400


@pytest.mark.parametrize("host", ["", "x", "docker:80", "[::1]:80", "%2Frun%2Fdocker.sock"])
def test_a_host_may_be_empty_or_any_name(host: str) -> None:
    assert parsed(lines("GET / HTTP/1.1", f"Host: {host}")).header("host") == host


@pytest.mark.parametrize(
    ("version", "connection", "keeps"),
    [
        ("1.1", None, True), ("1.1", "close", False), ("1.1", "x, Close", False), ("1.1", "keep-alive", True),
        ("1.1", "closed", True), ("1.0", None, False), ("1.0", "keep-alive", True), ("1.0", "Keep-Alive, x", True),
        ("1.0", "keep-alive, close", False), ("1.2", None, True),
    ],
)  # fmt: skip
def test_a_connection_goes_on_as_client_and_version_have_it(version: str, connection: str | None, keeps: bool) -> None:
    said = [] if connection is None else [f"Connection: {connection}"]
    assert parsed(lines(f"GET / HTTP/{version}", "Host: x", *said)).keeps is keeps


def test_a_head_of_too_many_lines_is_refused() -> None:
    assert parsed(lines("GET / HTTP/1.1", "Host: x", *["X: 1"] * (LINES - 1))).headers["x"] == ["1"] * (LINES - 1)
    assert refused(lines("GET / HTTP/1.1", "Host: x", *["X: 1"] * LINES)) == 431


def test_a_header_without_a_name_is_passed_over() -> None:
    assert parsed(lines("GET / HTTP/1.1", ": 1", "Host: x")).headers == {"host": ["x"]}
