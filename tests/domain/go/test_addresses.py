import pytest
from hypothesis import given
from hypothesis import strategies as st

from statesvc.domain.go.addresses import is_ip, is_mac, parse_ip


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("1.2.3.4", 4), ("0.0.0.0", 4), ("255.255.255.255", 4), ("::1", 6), ("::", 6), ("1::", 6), ("FE80::1", 6),
        ("::ffff:1.2.3.4", 4), ("::1.2.3.4", 6), ("1:2:3:4:5:6:7::", 6), ("1:2:3:4:5:6:1.2.3.4", 6),
    ],
)  # fmt: skip
def test_an_address_is_read(text: str, version: int) -> None:
    address = parse_ip(text)

    assert address is not None
    assert address.version == version


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "1.2.3", "1.2.3.256", "01.2.3.4", "1.2.3.00", "1.2.3.4/24", "1.2.3.4 ", "[::1]", "fe80::1%eth0",
        "::1%", "::1::", "1:2:3:4:5:6:7:8:9", "1::2:3:4:5:6:7:8", "12345::", "::1.2.3", "::01.2.3.4", "\u0661.2.3.4",
        "host",
    ],
)  # fmt: skip
def test_what_go_refuses_is_no_address(text: str) -> None:
    assert parse_ip(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "02:42:ac:11:00:09", "02-42-AC-11-00-09", "0242.ac11.0009", "02:42:ac:11:00:09:01:02", "0242.ac11.0009.0102",
        ":".join(["0a"] * 20), ".".join(["0a0a"] * 10),
    ],
)  # fmt: skip
def test_a_mac_address_is_read(text: str) -> None:
    assert is_mac(text)


@pytest.mark.parametrize(
    "text",
    [
        "", "zz", "02:42:ac:11:00", "02:42:ac:11:00:0g", "02:42-ac:11:00:09", "2:42:ac:11:00:09", "0242ac110009",
        "02:42:ac:11:00:09:01", "02:42:ac:11:00:09\n", "0242.ac11", ":".join(["0a"] * 19), ".".join(["0a0a"] * 9),
    ],
)  # fmt: skip
def test_what_go_refuses_is_no_mac_address(text: str) -> None:
    assert not is_mac(text)


@given(st.text())
def test_any_text_is_an_address_or_none(text: str) -> None:
    parse_ip(text)
    is_mac(text)


NEARLY_IPV4 = st.lists(st.integers(-1, 300).map(str) | st.sampled_from(["", "00", "07", " 1", "0x1"])).map(".".join)


@given(NEARLY_IPV4 | st.ip_addresses().map(str) | st.text())
def test_a_text_is_an_address_where_one_is_read(text: str) -> None:
    assert is_ip(text) == (parse_ip(text) is not None)
