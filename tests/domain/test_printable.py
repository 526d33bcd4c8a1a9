"""What a terminal would obey never reaches one, nor what JSON cannot hold."""

import json

import pytest

from statesvc.domain.printable import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("web", "web"),
        ("schön …", "schön …"),
        ("\x1b[2Jgone", "\\x1b[2Jgone"),
        ("two\nlines", "two\\nlines"),
        ("\u202eback", "\\u202eback"),
        ("\udcff", "\\udcff"),
    ],
)
def test_what_is_not_printable_is_written_as_escapes(text: str, shown: str) -> None:
    assert printable(text) == shown
    assert json.dumps(printable(text), ensure_ascii=False).encode()
