"""Targets of requests, in all the forms that Docker's clients write them."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statesvc.api.wire.refusal import Refusal
from statesvc.api.wire.target import Target, parse_target


@pytest.mark.parametrize(
    ("raw", "target"),
    [
        ("/info", Target("/info")),
        ("/info?", Target("/info")),
        ("/a%20b/%5Fping?x=%20y", Target("/a b/_ping", "x=%20y")),
        ("/info#f", Target("/info#f")),
        ("/a?b?c", Target("/a", "b?c")),
        ("//info", Target("//info")),
        ("*", Target("*")),
        ("http://x/info?y", Target("/info", "y", "http://x")),
        ("http://u:p@x:80/info", Target("/info", "", "http://u:p@x:80")),
        ("http://[::1]:80/info", Target("/info", "", "http://[::1]:80")),
        ("http://x", Target("", "", "http://x")),
        ("http:/info", Target("/info", "", "http:")),
        ("unix:///info", Target("/info", "", "unix://")),
        ("http:info", Target("", "", "http:info")),
        ("/caf\xc3\xa9", Target("/café")),
        ("/caf%C3%A9", Target("/café")),
        ("/\xff", Target("/\ufffd")),
    ],
)
def test_a_target_is_a_path_and_a_query(raw: str, target: Target) -> None:
    assert parse_target("GET", raw) == target


@pytest.mark.parametrize(("raw", "target"), [("x:1", Target("", "", "//x:1")), ("/x", Target("/x"))])
def test_connect_may_name_a_host(raw: str, target: Target) -> None:
    assert parse_target("CONNECT", raw) == target


@pytest.mark.parametrize(
    "raw", ["info", "?x", ":x", "1x:/", "/%", "/%0", "/%zz", "http://x:y/", "http://a^b/", "http://[x/"]
)
def test_what_is_no_url_is_refused(raw: str) -> None:
    with pytest.raises(Refusal):
        parse_target("GET", raw)


@pytest.mark.parametrize(
    ("raw", "path", "location"),
    [
        ("//x?a=%20b", "/x", "/x?a=%20b"),
        ("http://x//y", "/y", "http://x/y"),
        ("*", "/*", "/%2A"),
        ("http:x?a", "/", "http:x?a"),
    ],
)
def test_a_redirect_keeps_what_is_not_the_path(raw: str, path: str, location: str) -> None:
    assert parse_target("GET", raw).moved(path) == location


@given(st.text(st.characters(min_codepoint=0x21, max_codepoint=0xFF), min_size=1, max_size=40))
def test_any_text_is_a_target_or_refused(raw: str) -> None:
    with suppress(Refusal):
        path = parse_target("GET", raw).path
        assert not path or path[0] in "/*"
