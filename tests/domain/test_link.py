import pytest

from statesvc.domain.link import parse_link


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        ("db:store", ("db", "store")),
        ("db", ("db", "db")),
        ("/db:/web/store", ("/db", "store")),
        ("/db:store", ("/db", "store")),
        ("db:", ("db", "")),
        (":store", ("", "store")),
    ],
)
def test_a_link_is_a_reference_and_an_alias(text: str, parsed: tuple[str, str]) -> None:
    assert parse_link(text) == parsed
