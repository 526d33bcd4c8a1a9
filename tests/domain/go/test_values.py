import contextlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statesvc.domain.go import values


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1", 1), ("1b", 1), ("1k", 1024), ("1KB", 1024), ("1 KiB", 1024), ("1.5m", 1536 * 1024), ("2G", 2**31),
        ("1e3", 1000), (".5k", 512), ("+1", 1), ("-0", 0), ("1 ", 1), ("0x1p4", 16), ("9e18", 9 * 10**18),
        ("1p", 2**50), ("9e30", -(2**63)),
    ],
)  # fmt: skip
def test_a_size_has_bytes(text: str, size: int) -> None:
    assert values.ram_in_bytes(text) == size


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x", "invalid size: 'x'"),
        ("", "invalid size: ''"),
        ("-1", "invalid size: '-1'"),
        ("1kx", "invalid suffix: 'kx'"),
        ("1bb", "invalid suffix: 'bb'"),
        ("1kilo", "invalid suffix: 'kilo'"),
        ("1e", "invalid suffix: 'e'"),
        (" 1", 'strconv.ParseFloat: parsing " 1": invalid syntax'),
        ("1  k", 'strconv.ParseFloat: parsing "1 ": invalid syntax'),
        ("1.2.3", 'strconv.ParseFloat: parsing "1.2.3": invalid syntax'),
        ("1e999", 'strconv.ParseFloat: parsing "1e999": value out of range'),
        ("0x1p9999", 'strconv.ParseFloat: parsing "0x1p9999": value out of range'),
    ],
)
def test_what_is_no_size_is_refused_in_dockers_words(text: str, message: str) -> None:
    with pytest.raises(ValueError) as refusal:  # noqa: PT011 - the text is compared below
        values.ram_in_bytes(text)

    assert str(refusal.value) == message


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [("0", 0), ("1s", 10**9), ("1h30m", 5400 * 10**9), ("1.5s", 1_500_000_000), ("-1ms", -(10**6)), ("+.5us", 500)],
)
def test_a_duration_has_nanoseconds(text: str, nanoseconds: int) -> None:
    assert values.parse_duration(text) == nanoseconds


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", 'time: invalid duration ""'),
        ("1", 'time: missing unit in duration "1"'),
        ("1x", 'time: unknown unit "x" in duration "1x"'),
        ("s", 'time: invalid duration "s"'),
        ("3000000h", 'time: invalid duration "3000000h"'),
    ],
)
def test_what_is_no_duration_is_refused_in_gos_words(text: str, message: str) -> None:
    with pytest.raises(ValueError) as refusal:  # noqa: PT011 - the text is compared below
        values.parse_duration(text)

    assert str(refusal.value) == message


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("plain h\u00e9", '"plain h\u00e9"'), ('a"b\\', '"a\\"b\\\\"'), ("\n\x00\x7f", '"\\n\\x00\\x7f"'),
        ("\u2028", '"\\u2028"'), ("\U000e0001", '"\\U000e0001"'),
    ],
)  # fmt: skip
def test_a_text_is_quoted_as_go_quotes_it(text: str, quoted: str) -> None:
    assert values.quote(text) == quoted


@pytest.mark.parametrize(
    "read",
    [
        values.atoi, values.parse_bool, values.parse_duration, values.ram_in_bytes,
        lambda text: values.parse_uint(text, 16), lambda text: values.parse_int(text, 32),
    ],
    ids=["atoi", "bool", "duration", "size", "uint", "int"],
)  # fmt: skip
@given(text=st.text() | st.from_regex(r"[+-]?[0-9.]{0,40}([eE][0-9]{1,4})?[a-zA-Z ]{0,4}", fullmatch=True))
def test_any_text_is_read_or_refused(read: Callable[[str], int], text: str) -> None:
    with contextlib.suppress(ValueError):
        assert -(2**63) <= read(text) < 2**63
