"""Where bodies end, by length and by chunks."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statesvc.api.wire.body import LINE_BYTES, Chunked, Framing, Sized
from statesvc.api.wire.refusal import Refusal

PARTS = st.lists(st.binary(min_size=1, max_size=40), max_size=6)
EXTENSIONS = st.sampled_from(["", " ", ";a", ";a=b", ';a="b"', " \t"])
TRAILERS = st.sampled_from(["", "X: 1\r\n", "X: 1\r\nY: a\r\n b\r\n"])
BEHIND = st.binary(max_size=20)


@st.composite
def chunked(draw: st.DrawFn) -> tuple[bytes, bytes]:
    """A body in chunks as it goes over the wire, and as it is meant."""
    parts = draw(PARTS)
    wire = b""
    for part in parts:
        size = f"{len(part):{draw(st.sampled_from(['x', 'X', '04x', '016X']))}}"
        wire += f"{size}{draw(EXTENSIONS)}\r\n".encode() + part + b"\r\n"
    return wire + f"0{draw(EXTENSIONS)}\r\n{draw(TRAILERS)}\r\n".encode(), b"".join(parts)


def fed(framing: Framing, pieces: list[bytes]) -> tuple[bytes, bytes]:
    """Feed a body in pieces; return its content, and what was left behind it."""
    buffer, content = bytearray(), b""
    for piece in pieces:
        buffer += piece
        while part := framing.take(buffer):
            content += part
    return content, bytes(buffer)


def outcome(wire: bytes, at: int) -> object:
    framing = Chunked()
    try:
        content, _ = fed(framing, [wire[:at], wire[at:]])
    except Refusal:
        return "refused"
    return content, framing.is_complete


@given(chunked(), BEHIND, st.data())
def test_chunks_are_read_the_same_wherever_they_are_cut(
    body: tuple[bytes, bytes], behind: bytes, data: st.DataObject
) -> None:
    wire, content = body
    cuts = sorted(data.draw(st.lists(st.integers(0, len(wire)), max_size=5)))
    edges = [0, *cuts, len(wire)]
    pieces = [wire[begin:end] for begin, end in pairwise(edges)]
    framing = Chunked()
    assert fed(framing, [*pieces, behind]) == (content, behind)
    assert framing.is_complete


@given(st.binary(max_size=60) | chunked().map(lambda body: body[0]), st.data())
def test_bytes_that_may_be_no_chunks_have_one_outcome_wherever_they_are_cut(wire: bytes, data: st.DataObject) -> None:
    changed = bytearray(wire)
    if changed:
        changed[data.draw(st.integers(0, len(changed) - 1))] = data.draw(st.integers(0, 255))
    outcomes = [outcome(bytes(changed), at) for at in range(len(changed) + 1)]
    assert all(one == outcomes[0] for one in outcomes)


@given(st.binary(max_size=100), BEHIND, st.data())
def test_a_sized_body_ends_where_it_says(content: bytes, behind: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(content)))
    framing = Sized(len(content))
    assert fed(framing, [content[:at], content[at:] + behind]) == (content, behind)
    assert framing.is_complete


@given(chunked(), st.data())
def test_chunks_that_end_too_early_are_not_complete(body: tuple[bytes, bytes], data: st.DataObject) -> None:
    wire, _ = body
    framing = Chunked()
    fed(framing, [wire[: data.draw(st.integers(0, len(wire) - 1))]])
    assert not framing.is_complete


@pytest.mark.parametrize(
    "wire",
    [
        pytest.param(b"zz\r\n{}\r\n0\r\n\r\n", id="no-number"),
        pytest.param(b"\r\n{}\r\n0\r\n\r\n", id="no-length"),
        pytest.param(b"0x2\r\n{}\r\n0\r\n\r\n", id="a-prefix"),
        pytest.param(b"-2\r\n{}\r\n0\r\n\r\n", id="a-sign"),
        pytest.param(b" 2\r\n{}\r\n0\r\n\r\n", id="a-blank-before"),
        pytest.param(b"00000000000000002\r\n{}\r\n0\r\n\r\n", id="seventeen-digits"),
        pytest.param(b"2\n{}\r\n0\r\n\r\n", id="bare-line-feed"),
        pytest.param(b"2\rx\r\n{}\r\n0\r\n\r\n", id="carriage-return-within"),
        pytest.param(b"2\r\n{}}\r\n0\r\n\r\n", id="a-chunk-too-long"),
        pytest.param(b"2\r\n{}\n0\r\n\r\n", id="a-chunk-that-ends-in-a-line-feed"),
        pytest.param(b"2;" + b"a" * LINE_BYTES + b"\r\n{}\r\n0\r\n\r\n", id="a-line-too-long"),
        pytest.param(b"0\r\nno colon\r\n\r\n", id="a-trailer-that-is-none"),
        pytest.param(b"0\r\n X: 1\r\n\r\n", id="a-trailer-that-begins-with-a-blank"),
        pytest.param(b"0\r\nX: " + b"a" * LINE_BYTES + b"\r\n\r\n", id="a-trailer-too-long"),
        pytest.param((b"1;" + b"a" * 4000 + b"\r\nx\r\n") * 5, id="hardly-any-content"),
    ],
)
def test_what_is_no_chunk_is_refused(wire: bytes) -> None:
    with pytest.raises(Refusal) as raised:
        fed(Chunked(), [wire])
    assert raised.value.status == 400
