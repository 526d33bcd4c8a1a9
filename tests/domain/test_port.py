import pytest

from statesvc.domain.port import split_protocol


@pytest.mark.parametrize(
    ("text", "parts"),
    [("80", ("tcp", "80")), ("53/udp", ("udp", "53")), ("80/", ("tcp", "80")), ("/udp", ("", "")), ("", ("", ""))],
)
def test_a_port_is_split_from_its_protocol(text: str, parts: tuple[str, str]) -> None:
    assert split_protocol(text) == parts
