import pytest
import re2

from statesvc.domain.go.path_patterns import to_regex
from statesvc.errors import InvalidParameter


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [  # of Go's own tests for path.Match, and those that tell its rules from a shell's
        ("abc", "abc", True),
        ("*", "abc", True),
        ("*c", "abc", True),
        ("a*", "ab/c", False),
        ("a*/b", "abc/b", True),
        ("a*/b", "a/c/b", False),
        ("a*b*c*d*e*/f", "axbxcxdxexxx/f", True),
        ("a*b?c*x", "abxbbxdbxebxczzx", True),
        ("a*b?c*x", "abxbbxdbxebxczzy", False),
        ("ab[c]", "abc", True),
        ("ab[b-d]", "abc", True),
        ("ab[e-g]", "abc", False),
        ("ab[^c]", "abc", False),
        ("ab[^e-g]", "abc", True),
        ("ab[!c]", "abd", False),
        ("ab[!c]", "ab!", True),
        ("a\\*b", "a*b", True),
        ("a\\*b", "ab", False),
        ("a?b", "a☺b", True),
        ("a[^a]b", "a☺b", True),
        ("a???b", "a☺b", False),
        ("[a-ζ]*", "δ", True),
        ("*[a-ζ]", "A", False),
        ("a?b", "a/b", False),
        ("a[^x]b", "a/b", True),
        ("[\\]a]", "]", True),
        ("[\\-x]", "-", True),
        ("[x\\-]", "z", False),
        ("[c-a]", "b", False),
        ("[^c-a]", "b", True),
        ("]", "]", True),
        ("a.c", "abc", False),
        ("**", "a", True),
        ("", "", True),
        ("*x", "xxx", True),
        ("\\\\[a]", "\\a", True),
    ],
)
def test_a_pattern_matches_as_in_go(pattern: str, text: str, matches: bool) -> None:
    assert bool(re2.fullmatch(to_regex(pattern), text)) is matches


@pytest.mark.parametrize(
    "pattern", ["[", "[]", "[]a]", "[-]", "[x-]", "[-x]", "[a-b-c]", "[^", "[^]", "[^bc", "a[", "a\\", "[\\", "\\\\["]
)
def test_a_pattern_that_go_calls_malformed_is_refused(pattern: str) -> None:
    with pytest.raises(InvalidParameter, match="syntax error in pattern"):
        to_regex(pattern)
