import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statesvc.domain.go import text


@pytest.mark.parametrize(
    ("raw", "read"),
    [(b"a\xc3\xa9", "a\u00e9"), (b"\xe2\x82!\xff", "\ufffd\ufffd!\ufffd"), (b"\xed\xa0\x80", "\ufffd" * 3)],
)
def test_each_byte_that_is_not_utf_8_is_replaced(raw: bytes, read: str) -> None:
    assert text.decode_utf8(raw) == read


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (r'"\ud800\u0041\uDC00"', "\ufffdA\ufffd"),
        (r'"\ud83d\ude00"', "\U0001f600"),
        (r'"\\ud800"', r"\ud800"),
        ('{"a":[1,null]}', {"a": [1, None]}),
    ],
)
def test_halves_of_surrogate_pairs_are_replaced_in_json(written: str, read: object) -> None:
    assert text.loads(written) == read


@pytest.mark.parametrize("written", ["", "NaN", "[-Infinity]", "{", "1 2"])
def test_what_is_no_json_is_refused(written: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the sentence is Python's
        text.loads(written)


def test_json_is_written_as_go_writes_it() -> None:
    assert text.dumps({"b": "<&>\u2028", "a": ["\u00e9", "\ud800"]}) == (
        b'{"b":"\\u003c\\u0026\\u003e\\u2028","a":["\xc3\xa9","\xef\xbf\xbd"]}'
    )


@given(st.text(st.characters(exclude_categories=())))
def test_any_text_can_be_stored_once_it_was_read(any_text: str) -> None:
    assert text.loads(json.dumps(any_text)).encode("utf-8", "strict") is not None
    assert json.loads(text.dumps(any_text)) == text.replace_surrogates(any_text)
