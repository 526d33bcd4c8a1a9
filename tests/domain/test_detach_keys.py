import pytest

from statesvc.domain import detach_keys


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("", b""),
        ("ctrl-p,ctrl-q", b"\x10\x11"),
        ("ctrl-@,ctrl-[,ctrl-\\,ctrl-],ctrl-^,ctrl-_", b"\x00\x1b\x1c\x1d\x1e\x1f"),
        ("a,B,DEL", b"aB\x7f"),
    ],
)
def test_keys_are_read_as_the_terminal_sends_them(text: str, keys: bytes) -> None:
    assert detach_keys.parse(text) == keys


@pytest.mark.parametrize("text", ["ctrl-A", "ctrl-1", "ab", "é", ",", "ctrl-p,", "del"])
def test_what_names_no_key_is_none(text: str) -> None:
    assert detach_keys.parse(text) is None
