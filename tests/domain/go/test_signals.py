import pytest
from hypothesis import given
from hypothesis import strategies as st

from statesvc.domain.go import signals


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("TERM", 15), ("sigterm", 15), ("SigTerm", 15), ("SIGABRT", 6), ("SIGIOT", 6), ("SIGPOLL", 29), ("SIGIO", 29),
        ("SIGRTMIN", 34), ("rtmin+1", 35), ("SIGRTMIN+3", 37), ("RTMIN+15", 49), ("SIGRTMAX", 64), ("RTMAX-14", 50),
        ("9", 9), ("64", 64), ("+15", 15), ("015", 15), ("65", 65), ("-1", -1), ("9223372036854775807", 2**63 - 1),
    ],
)  # fmt: skip
def test_a_signal_has_a_number(text: str, number: int) -> None:
    assert signals.parse(text) == number


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "SIG", "FOO", "SIGFOO", "SIGSIGTERM", "SIGTERM ", "1.5", "0", "-0", "1_5", "\u0661\u0665", "SIGEMT",
        "SIGRTMIN+16", "SIGRTMIN-1", "SIGRTMAX+1", "RTMAX-15", "RTMIN+0", "9223372036854775808", "9" * 5000,
        "SIG\ufb06OP",
    ],
)  # fmt: skip
def test_what_names_no_signal_has_none(text: str) -> None:
    assert signals.parse(text) is None


def test_letters_are_raised_as_go_raises_them() -> None:
    assert signals.parse("\u017fegv") == 11


@given(st.text())
def test_any_text_is_a_signal_or_none(text: str) -> None:
    number = signals.parse(text)

    assert number is None or (isinstance(number, int) and number != 0)
